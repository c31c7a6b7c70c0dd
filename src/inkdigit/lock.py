"""A folder that one process at a time fills."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(folder: Path, *, wait: bool) -> Iterator[bool]:
    """Yields whether a folder is ours alone until it is left; with ``wait``, once it is.

    The lock goes with the process, however that ends. Windows, and disks that know no locks, let everybody in.

    Raises:
        OSError: there is no such folder, or it cannot be opened.
    """
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        yield True
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        is_ours = True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            is_ours = False
        except OSError:  # some disks of a network
            pass
        yield is_ours
    finally:
        os.close(descriptor)
