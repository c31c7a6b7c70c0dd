"""Files that appear whole or not at all, and are read no further than they should be."""

import contextlib
import itertools
import json
import os
import re
import secrets
from pathlib import Path
from typing import IO, Any

from inkdigit.errors import DataError, EnvironmentFault

CHUNK_BYTES = 2**20

TEMPORARY = ".inkdigit-"
"""The prefix of files that are being written, or were left half-written when the process stopped."""

MARK = "inkdigit"
"""The ``Software`` entry of PNGs that we write, which tells them from a user's own."""

MARKED_BYTES = 256
"""The mark lies within this many bytes from the start of the file."""

MAX_STEM = 200
"""The most bytes taken from a source's name, which may come from an archive; a file name may have 255."""

OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Control characters, ends of lines, and those that turn the direction of writing."""


def show_name(name: str) -> str:
    """A name that neither ends its line nor speaks to a terminal: whoever made the file chose it."""
    return OBEYED.sub("\N{REPLACEMENT CHARACTER}", name)


def write_atomic(path: Path, content: bytes | str) -> None:
    """Writes a file so that a reader, a crash or a full disk never sees half of it.

    A device or a pipe, such as ``/dev/null``, is written to, not replaced; a link is followed.

    Raises:
        EnvironmentFault: no permission, no room, or no such place; whatever was there before still is.
    """
    data = content.encode(errors="surrogateescape") if isinstance(content, str) else content  # names of any bytes
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_bytes(data)
        else:
            _write_and_rename(path.resolve() if path.is_symlink() else path, data)
    except OSError as error:
        raise EnvironmentFault(
            f"{path}: cannot be written ({error.strerror}); choose another place or make room"
        ) from error


def write_json(path: Path, values: Any) -> None:
    """Writes JSON for people and programs alike."""
    write_atomic(path, json.dumps(values, indent=2) + "\n")


def read_json(path: Path, *, remedy: str) -> dict[str, Any]:
    """Reads a JSON object that we wrote.

    Args:
        path: the file.
        remedy: what the user can do to recreate it, for the error message.

    Raises:
        DataError: it is damaged or something else.
    """
    try:
        values = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: not readable as JSON ({error}); {remedy}") from error
    if not isinstance(values, dict):
        raise DataError(f"{path}: found a {type(values).__name__}, expected an object; {remedy}")
    return values


def check_folder(folder: Path) -> None:
    """Checks that files can be written into a folder, which need not exist yet.

    Raises:
        EnvironmentFault: it, or the nearest existing place above it, is a file or not writable.
    """
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not existing.is_dir():
        raise EnvironmentFault(f"{existing}: found a file, expected a folder; choose another place")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise EnvironmentFault(f"{existing}: cannot be written to; choose another place")


class Places:
    """Paths in a folder, named after sources: never the same one twice, and never that of a user's own file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._taken: set[Path] = set()
        self._next: dict[tuple[str, str], int] = {}

    def take(self, source: str, suffix: str = "") -> Path:
        """A path that this object has not given before; it may hold a picture that we drew in an earlier run."""
        stem = _shorten(Path(source).stem.strip("-.")) or "picture"
        for n in itertools.count(self._next.get((stem, suffix), 1)):
            path = self._folder / (f"{stem}{suffix}" if n == 1 else f"{stem}-{n}{suffix}")
            if path not in self._taken and _is_free(path, Path(source)):
                break
        self._next[stem, suffix] = n + 1  # an archive may hold thousands of one name
        self._taken.add(path)
        return path


def _shorten(stem: str) -> str:
    return os.fsencode(stem)[:MAX_STEM].decode(errors="ignore") if len(os.fsencode(stem)) > MAX_STEM else stem


def _is_free(path: Path, source: Path) -> bool:
    """Whether the path holds nothing but pictures that we drew, and not the source that is being read."""
    try:
        if path.is_dir():
            return all(_is_free(file, source) for file in path.iterdir())
        return not path.is_file() or (is_ours(path) and not _is_same(path, source))
    except OSError:
        return False


def is_ours(path: Path) -> bool:
    """Whether a file is a picture that we drew.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return f"Software\0{MARK}".encode() in file.read(MARKED_BYTES)


def _is_same(path: Path, source: Path) -> bool:
    """Whether both are one file, which must not be written over."""
    try:
        return path.samefile(source)
    except (OSError, ValueError):  # the source is no file
        return False


def _write_and_rename(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f"{TEMPORARY}{secrets.token_hex(8)}"
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def read_list(path: Path, max_bytes: int, expected: str) -> bytes:
    """The bytes of a file that a user wrote for us, such as a list of numbers.

    Args:
        path: the file.
        max_bytes: a larger one is refused.
        expected: what it should be, for an error.

    Raises:
        DataError: it cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            content = bytes(read_bounded(file, max_bytes))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: cannot be read ({reason}); expected {expected}") from error
    if len(content) > max_bytes:
        raise DataError(f"{path}: is larger than {max_bytes // 2**20} MiB; expected {expected}")
    return content


def read_bounded(file: IO[bytes], size: int) -> bytearray:
    """Reads up to ``size`` bytes, plus one if there are more; memory grows with the data, not with a claimed size."""
    content = bytearray()
    while len(content) <= size and (chunk := file.read(min(CHUNK_BYTES, size + 1 - len(content)))):
        content += chunk
    return content
