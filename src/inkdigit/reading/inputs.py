"""Files, folders, globs, zips, pages and standard input → pictures by name."""

import glob
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, TypeAlias

from inkdigit.errors import ImageError, UsageError
from inkdigit.files import is_ours
from inkdigit.preparation.load import MAX_BYTES, PictureLike, Unreadable, is_picture_name
from inkdigit.preparation.pdf import can_render, is_pdf_name, render_pages
from inkdigit.preparation.tiff import has_pages, read_pages

STANDARD_INPUT = "-"

_PART = re.compile(r"(.+?\.(?:zip|pdf|tiff?))#(.+)", re.IGNORECASE | re.DOTALL)

Opener: TypeAlias = Callable[[Path, str], Iterator[tuple[str, Callable[[], PictureLike]]]]
"""From a file, and the one part of it that is wanted or "", to picture names, each with a function that loads it."""


def find_pictures(
    arguments: Iterable[str], standard_input: BinaryIO | None = None
) -> Iterator[tuple[str, PictureLike]]:
    """Yields a name and a picture for each picture that the arguments of ``inkdigit read`` stand for, in order.

    A folder stands for the pictures in it and below it, sorted, and for PDFs where they can be rendered, but not for
    zips, whose pictures often lie beside them; a pattern for what it matches; a zip for its pictures, a PDF or TIFF for
    its pages, ``a.zip#b.png`` and ``scan.pdf#page=2`` for one of them; ``-`` for one picture on standard input. What
    matches nothing or cannot be extracted is yielded all the same, so that reading it reports what is wrong.

    Args:
        arguments: files, folders, patterns.
        standard_input: what ``-`` reads; None means the program's own.

    Raises:
        UsageError: one path, whose letters would be taken for paths.
    """
    if isinstance(arguments, str | os.PathLike):
        raise UsageError(f"found {os.fspath(arguments)!r}, expected several: put it into a list")
    for argument in arguments:
        if argument == STANDARD_INPUT:
            yield argument, (standard_input or sys.stdin.buffer).read(MAX_BYTES + 1)
        else:
            for path, part in find_files(argument):
                yield from open_pictures(path, part)


def find_files(argument: str) -> Iterator[tuple[str, str]]:
    """Yields the files that an argument other than ``-`` means, each with the one part of it wanted, or ""."""
    file, part = _split(argument)
    for path in _paths(file):
        yield path, part


def open_pictures(path: str, part: str) -> Iterator[tuple[str, PictureLike]]:
    """Yields a name and a picture for each that is in a file, or for the one part that is wanted."""
    opener = _find_opener(Path(path), part)
    if opener is None:
        yield path, path
        return
    try:
        for inner, give in opener(Path(path), part):
            yield (name := f"{path}#{inner}"), _attempt(name, give)
    except ImageError as error:
        name = f"{path}#{part}" if part else path
        yield name, Unreadable(name, error)


def may_be_several(arguments: Sequence[str]) -> bool:
    """Whether arguments may stand for more than one picture, decided before any is decoded."""
    return len(arguments) > 1 or any(map(_may_be_several, arguments))


def _may_be_several(argument: str) -> bool:
    file, part = _split(argument)
    path = Path(file)
    return _holds(Path.is_dir, path) or _is_pattern(file) or (not part and _find_opener(path, part) is not None)


def _split(argument: str) -> tuple[str, str]:
    """A file, and what of it is wanted, or ""."""
    match = _PART.fullmatch(argument)
    if match is None or _holds(Path.exists, Path(argument)) or _holds(Path.is_dir, Path(match[1])):
        return argument, ""
    return match[1], match[2]


def _paths(argument: str) -> list[str]:
    path = Path(argument)
    if not argument:  # an empty shell variable means no picture, and not every one below this folder
        return [argument]
    if _holds(Path.is_dir, path):
        found = _search(path)
    elif _is_pattern(argument):
        matches = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207 - a pattern may begin anywhere
        found = [file for match in matches for file in _paths_of(match)]
        if "**" in argument:  # it matches folders and what is in them, and follows links, in circles, too
            found = sorted({os.path.realpath(file): file for file in sorted(found, key=len)[::-1]}.values())
    else:
        found = []
    return found or [argument]


def _paths_of(match: str) -> list[str]:
    """A file that a pattern matches, or the pictures in a folder."""
    return _search(Path(match)) if _holds(Path.is_dir, Path(match)) else [match]


def _search(folder: Path) -> list[str]:
    """The pictures in a folder and below, links followed, and what may not be entered.

    Those that we drew are left out: they would be read anew each time.
    """
    closed: list[str] = []
    found: list[str] = []
    entered: set[str] = set()
    for path, folders, files in os.walk(folder, onerror=lambda error: closed.append(error.filename), followlinks=True):
        real = os.path.realpath(path)
        if real in entered:  # links may lead in circles
            folders.clear()
            continue
        entered.add(real)
        folders.sort()
        found += [str(file) for name in files if _is_wanted(file := Path(path, name))]
    return sorted(found + closed)


def _is_wanted(file: Path) -> bool:
    if not _holds(Path.is_file, file):
        return is_picture_name(file) and file.is_symlink() and not _holds(Path.exists, file)  # which reading tells
    if is_picture_name(file):
        return file.suffix.lower() != ".png" or not _holds(is_ours, file)  # what we draw is a PNG
    return is_pdf_name(file) and can_render()


def _attempt(name: str, give: Callable[[], PictureLike]) -> PictureLike:
    try:
        return give()
    except ImageError as error:
        return Unreadable(name, error)


def _read_members(path: Path, part: str) -> Iterator[tuple[str, Callable[[], PictureLike]]]:
    from inkdigit.preparation.archive import read_members  # noqa: PLC0415 - slow, and seldom needed

    return read_members(path, part)


_OPENERS: Mapping[str, Opener] = {".zip": _read_members, ".pdf": render_pages, ".tif": read_pages, ".tiff": read_pages}


def _find_opener(path: Path, part: str) -> Opener | None:
    """What takes pictures out of a file; None for a picture, such as a TIFF of one page."""
    opener = _OPENERS.get(path.suffix.lower())
    return None if opener is read_pages and not part and not has_pages(path) else opener


def _is_pattern(argument: str) -> bool:
    return glob.has_magic(argument) and not _holds(Path.exists, Path(argument))


def _holds(check: Callable[[Path], bool], path: Path) -> bool:
    """The result of a check of a path; False where it cannot be examined, for a reason that the loader reports."""
    try:
        return check(path)
    except OSError:  # a name that is too long, a folder that may not be entered
        return False
