"""Files that appear whole or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path

from inkdigit.errors import EnvironmentFault


def write_atomic(path: Path, content: bytes | str) -> None:
    """Writes a file so that a reader, a crash or a full disk never sees half of it.

    Raises:
        EnvironmentFault: no permission, no room, or no such place; whatever was there before still is.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _fault(path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except OSError as error:
        raise _fault(path, error) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _fault(path: Path, error: OSError) -> EnvironmentFault:
    return EnvironmentFault(f"{path}: cannot be written ({error.strerror}); choose another place or make room")
