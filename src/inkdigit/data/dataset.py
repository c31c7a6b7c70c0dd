"""A dataset by name, folder or file, and its splits: train, held-out validation, test."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from inkdigit.data.folder import is_picture_folder, load_picture_folder
from inkdigit.data.npz import SUFFIX as NPZ
from inkdigit.data.npz import load_npz
from inkdigit.data.sources import DATASETS, load_idx_folder
from inkdigit.errors import DataError, InkdigitError, UsageError, unknown
from inkdigit.images import CLASSES, Images, Labels, check_images

SPLITS = ("train", "validation", "train+validation", "test")
VALIDATION_SHARE = 12
"""One training digit of twelve is held out to validate: 5,000 of MNIST's 60,000."""


@dataclass(frozen=True)
class Dataset:
    """Digit images and their labels.

    Attributes:
        name: what was asked for.
        split: one of ``SPLITS``.
        images: uint8 (n, 28, 28), ink bright on 0.
        labels: int64 (n,), 0 to 9.
    """

    name: str
    split: str
    images: Images
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def sha256(self) -> str:
        """Hash of the images and labels, which a run remembers."""
        digest = hashlib.sha256(self.images.tobytes())
        digest.update(self.labels.astype(np.uint8).tobytes())
        return digest.hexdigest()

    def counts(self) -> list[int]:
        """How many images each digit has."""
        return [int(count) for count in np.bincount(self.labels, minlength=CLASSES)]


def check_split(split: str) -> None:
    """Checks that there is such a split.

    Raises:
        UsageError: there is none; the nearest is named.
    """
    if split not in SPLITS:
        raise unknown("split", split, SPLITS)


def load_dataset(name: str = "mnist", split: str = "train") -> Dataset:
    """Loads a split of a dataset.

    Args:
        name: an entry of ``DATASETS``, or a folder: of IDX files named as MNIST's, or of pictures in 0/ … 9/; or an
            ``.npz`` with ``images`` and ``labels``, which has no split but ``test``: all of it.
        split: ``train`` (without what is held out), ``validation`` (held out of train), ``train+validation`` (all that
            is for training), or ``test``.

    Raises:
        UsageError: no such name or split, or one that an ``.npz`` does not have.
        DataError: the folder, its files or the ``.npz`` are missing, damaged or not what they say.
        EnvironmentFault: not on this machine, and no network.
    """
    check_split(split)
    images, labels = _loader(name)("test" if split == "test" else "train")
    _check(name, images, labels)
    dataset = Dataset(name, split, images, labels)
    if split in ("train", "validation"):
        train, validation = hold_out(dataset)
        return train if split == "train" else validation
    return dataset


def hold_out(dataset: Dataset) -> tuple[Dataset, Dataset]:
    """Splits training digits into those to learn from and those held out to validate, each in their own order.

    Always the same ones, so that no recipe validates on digits that another has learnt from.

    Raises:
        DataError: there is only one.
    """
    n = len(dataset)
    if n < 2:
        raise DataError(f"{dataset.name}: found {n} image to train, expected at least two: one is held out to validate")
    order = np.random.default_rng(0).permutation(n)
    held_out = max(1, n // VALIDATION_SHARE)
    parts = {"train": np.sort(order[held_out:]), "validation": np.sort(order[:held_out])}
    train, validation = (
        replace(dataset, split=split, images=dataset.images[chosen], labels=dataset.labels[chosen])
        for split, chosen in parts.items()
    )
    return train, validation


def _loader(name: str) -> Callable[[str], tuple[Images, Labels]]:
    if name in DATASETS:
        return DATASETS[name].load
    path = Path(name)
    try:
        is_folder, exists = bool(name) and path.is_dir(), bool(name) and path.exists()
    except OSError:  # too long for a path, or in a folder that may not be entered
        is_folder = exists = False
    load: Callable[[Path, str], tuple[Images, Labels]]
    if is_folder:
        load = load_picture_folder if is_picture_folder(path) else load_idx_folder
    elif path.suffix.lower() == NPZ:
        load = load_npz
    else:
        raise _no_dataset(name, exists)
    return lambda split: load(path, split)


def _no_dataset(name: str, exists: bool) -> InkdigitError:
    if exists:
        return DataError(f"{name}: found a file, expected a folder of IDX files or of pictures in 0/ … 9/, or an {NPZ}")
    if "/" in name or "\\" in name:
        return DataError(f"{name}: no such folder; expected one of IDX files or of pictures in 0/ … 9/, or an {NPZ}")
    return UsageError(f"{unknown('dataset', name, DATASETS)}; nor is it a folder or an {NPZ}")


def _check(name: str, images: Images, labels: Labels) -> None:
    try:
        check_images(images)
    except ValueError as error:
        raise DataError(f"{name}: {error}") from None
    if not len(labels):
        raise DataError(f"{name}: no images; expected at least one")
    if labels.max() >= CLASSES:
        raise DataError(f"{name}: found the label {labels.max()}, expected 0 to {CLASSES - 1}")
