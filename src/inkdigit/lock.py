"""A lock on a folder, for work that one process at a time may do there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(folder: Path, *, wait: bool, shared: bool = False) -> Iterator[bool]:
    """Locks a folder until the context ends; yields whether it is ours, which ``wait`` waits for.

    Holders that ask for it ``shared`` have it at the same time, and exclude all others.

    The lock ends with the process, however that ends. On Windows, and on disks without locks, everybody gets it.

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
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            is_ours = False
        except OSError:  # some disks of a network
            pass
        yield is_ours
    finally:
        os.close(descriptor)
