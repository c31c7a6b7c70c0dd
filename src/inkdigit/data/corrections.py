"""Digits that someone corrected: pictures in folders 0/ … 9/, in a folder or in a zip as the page gives it."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath

from inkdigit.data.dataset import Dataset
from inkdigit.data.folder import Labelled, list_pictures, prepare_pictures
from inkdigit.errors import DataError, ImageError
from inkdigit.images import CLASSES, Grey
from inkdigit.preparation.archive import read_members
from inkdigit.preparation.load import load

MAX_UNPACKED = 2**30
"""Bytes and pixels that a zip may come to in all: those of a million digit images, or of a hundred photographs."""

EXPECTED = "expected a zip or a folder with pictures in 0/ … 9/"


def load_corrections(path: Path) -> Dataset:
    """All pictures in a zip or a folder as one set of training digits; none is put aside for testing.

    Args:
        path: of pictures in folders 0/ … 9/; in a zip they may lie in others, in a folder in train/ and test/.

    Raises:
        DataError: missing, damaged, too large, without a picture, or with some that cannot be read or hold no ink.
    """
    pictures = _in_folder(path) if path.is_dir() else _in_zip(path)
    try:
        first = next(pictures, None)
        if first is None:
            raise DataError(f"{path}: found no picture in 0/ … 9/; {EXPECTED}")
        images, labels = prepare_pictures(chain([first], pictures))
    except ImageError as error:
        raise DataError(f"{path}: {error.message}; {EXPECTED}") from error
    return Dataset(str(path), "train", images, labels)


def _in_folder(folder: Path) -> Iterator[Labelled]:
    for split in ("train", "test"):
        for path, label in list_pictures(folder, split):
            yield str(path), label, partial(load, path)


def _in_zip(path: Path) -> Iterator[Labelled]:
    room = _Room(path)
    for name, give in read_members(path):
        label = PurePosixPath(name).parent.name
        if label in map(str, range(CLASSES)):
            yield f"{path}#{name}", int(label), partial(_decode, give, room)


class _Room:
    """How much a zip may still unpack to: each picture is bounded by itself, but there may be thousands."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left = MAX_UNPACKED

    def take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise DataError(
                f"{self._path}: unpacks to more bytes and pixels than {MAX_UNPACKED}, which are read at most; part it"
            )


def _decode(give: Callable[[], bytes], room: _Room) -> Grey:
    content = give()
    room.take(len(content))
    grey = load(content)
    room.take(grey.size)
    return grey
