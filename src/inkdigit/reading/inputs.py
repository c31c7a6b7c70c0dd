"""Files, folders, globs and standard input → pictures by name."""

import glob
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from inkdigit.preparation.load import MAX_BYTES, PictureLike, is_picture_name

STANDARD_INPUT = "-"


def expand(arguments: Iterable[str], standard_input: BinaryIO) -> Iterator[tuple[str, PictureLike]]:
    """Yields a name and a picture for each that the arguments mean, in order.

    A folder means the pictures in it and below, sorted; a pattern those it matches; ``-`` one on standard
    input. What matches nothing is yielded as it is, so that reading it tells what is wrong.
    """
    for argument in arguments:
        if argument == STANDARD_INPUT:
            yield argument, standard_input.read(MAX_BYTES + 1)
        else:
            for path in _paths(argument):
                yield path, path


def may_be_several(arguments: Sequence[str]) -> bool:
    """Whether arguments may mean more than one picture, told before any is looked at."""
    return len(arguments) > 1 or any(
        _holds(Path.is_dir, Path(argument)) or _is_pattern(argument) for argument in arguments
    )


def _paths(argument: str) -> list[str]:
    path = Path(argument)
    if not argument:  # an empty shell variable means no picture, and not every one below this folder
        return [argument]
    if _holds(Path.is_dir, path):
        pictures = (file for file in path.rglob("*") if is_picture_name(file) and _holds(Path.is_file, file))
        found = sorted(map(str, pictures))
    elif _is_pattern(argument):
        found = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207 - a pattern may begin anywhere
    else:
        found = []
    return found or [argument]


def _is_pattern(argument: str) -> bool:
    return glob.has_magic(argument) and not _holds(Path.exists, Path(argument))


def _holds(check: Callable[[Path], bool], path: Path) -> bool:
    """A check of a path, which fails where it cannot be looked at: the loader tells why."""
    try:
        return check(path)
    except OSError:  # a name that is too long, a folder that may not be entered
        return False
