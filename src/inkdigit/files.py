"""Files that appear whole or not at all."""

import contextlib
import itertools
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


class Places:
    """Paths in a folder, named after sources; two sources of one name get two places."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._taken: set[Path] = set()

    def take(self, source: str, suffix: str = "") -> Path:
        """A path that this object has not given before; a file of an earlier day may lie there."""
        stem = Path(source).stem.strip("-") or "picture"
        names = (f"{stem}{suffix}" if n == 1 else f"{stem}-{n}{suffix}" for n in itertools.count(1))
        path = next(self._folder / name for name in names if self._folder / name not in self._taken)
        self._taken.add(path)
        return path


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _fault(path: Path, error: OSError) -> EnvironmentFault:
    return EnvironmentFault(f"{path}: cannot be written ({error.strerror}); choose another place or make room")
