"""A user's own digits: pictures sorted into folders 0/ … 9/, prepared as reading prepares them."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np

from inkdigit.errors import DataError, ImageError
from inkdigit.images import CLASSES, Grey, Images, Labels
from inkdigit.preparation.load import SUFFIXES, is_picture_name, load
from inkdigit.preparation.prepare import prepare_single

TEST_SHARE = 6
"""Where there are no folders train/ and test/, one picture of six is for testing: MNIST's own share is one of seven."""

SPLITS = ("train", "test")

Labelled: TypeAlias = tuple[str, int, Callable[[], Grey]]
"""What a picture is called, its digit, and what decodes it."""


def is_picture_folder(folder: Path) -> bool:
    """Whether a folder holds 0/ … 9/, or train/ or test/ that does."""
    return _is_sorted(folder) or any((folder / str(label)).is_dir() for label in range(CLASSES))


def load_picture_folder(folder: Path, split: str) -> tuple[Images, Labels]:
    """Images and labels of a split, ``train`` or ``test``.

    The hash of a picture's folder and name decides its split, so that adding pictures moves none.

    Raises:
        DataError: no picture, or some that cannot be read or hold no ink; it names the first and their number.
    """
    listed = [(str(path), label, partial(load, path)) for path, label in list_pictures(folder, split)]
    if not listed and _is_sorted(folder):
        raise DataError(
            f"{folder / split}: found no picture in 0/ … 9/; expected {', '.join(sorted(SUFFIXES))} files there, since "
            f"the pictures are sorted into {' and '.join(f'{part}/' for part in SPLITS)}; add some"
        )
    if not listed:
        raise DataError(
            f"{folder}: found no {split} picture in 0/ … 9/; expected {', '.join(sorted(SUFFIXES))} files "
            f"there, of which one in {TEST_SHARE} is for testing; add more, or sort them into train/ and test/"
        )
    return prepare_pictures(listed)


def prepare_pictures(pictures: Iterable[Labelled]) -> tuple[Images, Labels]:
    """Digit images of pictures, of which there is at least one, and their labels.

    Raises:
        DataError: some cannot be read or hold no ink; it names the first and their number.
    """
    images, labels, faults = [], [], []
    for name, label, decode in pictures:
        try:
            images.append(prepare_single(decode()))
            labels.append(label)
        except ImageError as error:
            faults.append(f"{name}: {error.message}")
    if faults:
        n = len(images) + len(faults)
        raise DataError(f"{len(faults)} of {n} pictures cannot be used, the first is {faults[0]}; mend or remove them")
    return np.stack(images), np.array(labels, np.int64)


def list_pictures(folder: Path, split: str) -> Iterator[tuple[Path, int]]:
    """Yields the pictures of a split and their labels."""
    is_split = _is_sorted(folder)
    for label in range(CLASSES):
        for path in sorted((folder / split / str(label) if is_split else folder / str(label)).glob("*")):
            if is_picture_name(path) and (is_split or _split_of(path) == split):
                yield path, label


def _is_sorted(folder: Path) -> bool:
    """Whether the pictures are sorted into train/ and test/; a folder of that name without 0/ … 9/ sorts nothing."""
    return any((folder / part / str(label)).is_dir() for part in SPLITS for label in range(CLASSES))


def _split_of(path: Path) -> str:
    digest = hashlib.sha256(os.fsencode(f"{path.parent.name}/{path.name}")).digest()
    return "test" if digest[0] % TEST_SHARE == 0 else "train"
