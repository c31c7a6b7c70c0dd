"""The pictures in a zip → their bytes, one at a time and in memory alone.

None of it is believed: lists and sizes are bounded before they are read, and a name in it is a name, never a path.
"""

import io
import zipfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from inkdigit.errors import ImageError
from inkdigit.files import show_name
from inkdigit.preparation.load import MAX_BYTES, is_picture_name, open_file

MAX_MEMBERS = 10_000
MAX_LIST_BYTES = 4 * 2**20
"""The most bytes of the list of members, which is read at once: some 400 for each of ``MAX_MEMBERS``."""

CHUNK_BYTES = 2**20
HEADER_BYTES = 30  # what stands before each member at the least
ENCRYPTED, UTF_8 = 0x1, 0x800  # flags of a member
CODES = ("utf-8", "gb2312")
"""In which names are written without a flag that says so: by macOS, and by Windows in Chinese."""

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others may ask for gigabytes to unpack


def read_members(path: Path, part: str = "") -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yields the pictures of a zip by name, sorted, each with what reads it before the next is asked for.

    Args:
        path: of a zip.
        part: the name of the one member to be read, whatever it is; empty for all that are named like pictures.

    Raises:
        ImageError: the file is no zip, or has no such member, no picture or too many; what reads a member raises it
            where that one is encrypted, too large, damaged or packed in another way than pictures are.
    """
    with open_file(path) as file, _open(file) as archive:
        members = archive.infolist()
        overlapping = _overlapping(members)
        for member in _named(members, part) if part else _pictures(members):
            yield show_name(_name(member)), partial(_read, archive, member, overlapping)


class _Bounded(io.FileIO):
    """A file from which no more is read at once than a list of members may take, whatever size the zip claims."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_LIST_BYTES:
            raise ImageError(
                "too_large", f"the zip lists its members in {size} bytes, at most {MAX_LIST_BYTES} are read; part it"
            )
        return super().read(-1 if size is None else size) or b""


def _open(file: BinaryIO) -> zipfile.ZipFile:
    start = file.read(2)
    try:
        return zipfile.ZipFile(_Bounded(file.fileno(), closefd=False))
    except ImageError:
        raise
    except Exception as error:  # zipfile raises half a dozen types on what is damaged
        if not start:
            raise ImageError("empty", "the file is empty") from None
        if start != b"PK":
            raise ImageError("not_an_image", "found no zip, expected one by its name") from None
        raise ImageError("truncated", f"begins as a zip, but it is cut off or damaged ({_reason(error)})") from error


def _pictures(members: Sequence[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    if len(members) > MAX_MEMBERS:
        raise ImageError(
            "too_large", f"found {len(members)} members in the zip, at most {MAX_MEMBERS} are read; part it"
        )
    found = [member for member in members if _is_file(member) and is_picture_name(Path(_name(member)))]
    if not found:
        raise ImageError("not_an_image", f"found no picture among {len(members)} members of the zip, expected some")
    return sorted(found, key=_name)


def _named(members: Sequence[zipfile.ZipInfo], part: str) -> list[zipfile.ZipInfo]:
    found = [member for member in members if _is_file(member) and part in (_name(member), show_name(_name(member)))]
    if not found:
        others = [repr(show_name(_name(member)[:40])) for member in members[:4]]
        more = " …" if len(members) > len(others) else ""
        raise ImageError("not_found", f"no such member of the zip; it has {', '.join(others) or 'none'}{more}")
    return found


def _name(member: zipfile.ZipInfo) -> str:
    """The name of a member, as it reads in the code that it is written in, as far as that can be told."""
    if not member.flag_bits & UTF_8:
        for code in CODES:
            with suppress(UnicodeError):  # also where the zip tells its name in Unicode beside, which Python 3.12 takes
                return member.filename.encode("cp437").decode(code)  # zipfile takes all else for the former
    return member.filename


def _is_file(member: zipfile.ZipInfo) -> bool:
    return not member.filename.endswith("/")  # as those of folders do


def _overlapping(members: Sequence[zipfile.ZipInfo]) -> set[zipfile.ZipInfo]:
    """Members that reach into the next: a small zip whose members share their bytes unpacks to petabytes."""
    ordered = sorted(members, key=lambda member: member.header_offset)
    return {
        member
        for member, following in pairwise(ordered)
        if member.header_offset + HEADER_BYTES + member.compress_size > following.header_offset
    }


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, overlapping: Collection[zipfile.ZipInfo]) -> bytes:
    """The bytes of a member, never more than it declares, compared with its checksum."""
    if member.flag_bits & ENCRYPTED:
        raise ImageError("unsupported_format", "is encrypted in the zip; unpack it with its password")
    if member.compress_type not in METHODS:
        raise ImageError("unsupported_format", "is packed in a way that is not read, expected deflated; zip it anew")
    if member in overlapping:
        raise ImageError("too_complex", "shares its bytes with another member of the zip; zip it anew")
    if member.file_size > MAX_BYTES:
        raise ImageError("too_large", f"unpacks to {member.file_size} bytes, at most {MAX_BYTES} are read")
    try:
        with archive.open(member) as file:
            return b"".join(iter(partial(file.read, CHUNK_BYTES), b""))
    except Exception as error:  # zipfile and zlib raise half a dozen types on what is damaged
        code = "truncated" if isinstance(error, EOFError) else "not_an_image"
        raise ImageError(code, f"is damaged in the zip ({_reason(error)})") from error


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or "it ends early"
