"""Files, folders, globs and standard input → pictures by name."""

import glob
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from inkdigit.preparation.load import MAX_BYTES, SUFFIXES, PictureLike

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


def _paths(argument: str) -> list[str]:
    path = Path(argument)
    if path.is_dir():
        found = sorted(str(file) for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    elif not path.exists() and glob.has_magic(argument):
        found = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207 - a pattern may begin anywhere
    else:
        found = []
    return found or [argument]
