"""A user's own digits: pictures sorted into folders 0/ … 9/, prepared as reading prepares them."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from inkdigit.errors import DataError, ImageError
from inkdigit.images import CLASSES, Images, Labels
from inkdigit.preparation.load import SUFFIXES, is_picture_name, load
from inkdigit.preparation.prepare import prepare_single

TEST_SHARE = 6
"""Where there are no folders train/ and test/, one picture of six is for testing: MNIST's own share is one of seven."""


def is_picture_folder(folder: Path) -> bool:
    """Whether a folder holds 0/ … 9/, or train/ and test/ that do."""
    return any((folder / prefix / str(label)).is_dir() for prefix in ("", "train") for label in range(CLASSES))


def load_picture_folder(folder: Path, split: str) -> tuple[Images, Labels]:
    """Images and labels of a split, ``train`` or ``test``.

    A picture belongs to a split by the hash of its folder and name, so that adding pictures moves none.

    Raises:
        DataError: no picture, or some that cannot be read or hold no ink; it names the first and their number.
    """
    listed = list(_pictures(folder, split))
    if not listed:
        raise DataError(
            f"{folder}: found no {split} picture in 0/ … 9/; expected {', '.join(sorted(SUFFIXES))} files "
            f"there, of which one in {TEST_SHARE} is for testing; add more, or sort them into train/ and test/"
        )
    images, labels, faults = [], [], []
    for path, label in listed:
        try:
            images.append(prepare_single(load(path)))
            labels.append(label)
        except ImageError as error:
            faults.append(f"{path}: {error.message}")
    if faults:
        raise DataError(
            f"{len(faults)} of {len(listed)} pictures cannot be used, the first is {faults[0]}; mend or remove them"
        )
    return np.stack(images), np.array(labels, np.int64)


def _pictures(folder: Path, split: str) -> Iterator[tuple[Path, int]]:
    is_split = (folder / "train").is_dir() and (folder / "test").is_dir()
    for label in range(CLASSES):
        for path in sorted((folder / split / str(label) if is_split else folder / str(label)).glob("*")):
            if is_picture_name(path) and (is_split or _split_of(path) == split):
                yield path, label


def _split_of(path: Path) -> str:
    digest = hashlib.sha256(os.fsencode(f"{path.parent.name}/{path.name}")).digest()
    return "test" if digest[0] % TEST_SHARE == 0 else "train"
