"""The datasets that inkdigit knows by name: where they come from, their hashes, their licence."""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import platformdirs

from inkdigit.data.download import Progress, RemoteFile, fetch, no_progress
from inkdigit.data.idx import read_idx
from inkdigit.errors import DataError, missing_extra
from inkdigit.images import SIZE, Images, Labels
from inkdigit.preparation.normalize import normalize_grey

OPTDIGITS_TRAIN = 1297
OPTDIGITS_SHA256 = "a19cb3d96bba7deace8ee5a513a6eb7bad0403d528f00bf4d351b6a7a55baa91"


@dataclass(frozen=True)
class Source:
    """A dataset with a name.

    Attributes:
        description: one line: what, how many.
        licence: of the images.
        fetch: makes the files present and verified, and returns their folder.
        load: images and labels of a split, ``train`` or ``test``.
    """

    description: str
    licence: str
    fetch: Callable[[Progress], Path]
    load: Callable[[str], tuple[Images, Labels]]


IDX_STEMS: Mapping[str, str] = {"train": "train", "test": "t10k"}
"""The word that begins a split's file names."""

MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
)

MNIST_FILES = (
    RemoteFile(
        "train-images-idx3-ubyte", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", 47_040_016
    ),
    RemoteFile("train-labels-idx1-ubyte", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", 60_008),
    RemoteFile("t10k-images-idx3-ubyte", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", 7_840_016),
    RemoteFile("t10k-labels-idx1-ubyte", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", 10_008),
)


def data_folder() -> Path:
    """Where datasets are kept: ``INKDIGIT_DATA`` if it is set, else the user's cache."""
    chosen = os.environ.get("INKDIGIT_DATA")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("inkdigit"))


def load_idx_folder(folder: Path, split: str) -> tuple[Images, Labels]:
    """Images and labels of a split from a folder named as MNIST's: ``train-images-idx3-ubyte``, raw or ``.gz``.

    Raises:
        DataError: a file is missing or damaged, or images and labels do not belong together.
    """
    stem = IDX_STEMS[split]
    images = read_idx(find_idx(folder, f"{stem}-images"), each=(SIZE, SIZE))
    labels = read_idx(find_idx(folder, f"{stem}-labels"), each=())
    if len(images) != len(labels):
        raise DataError(f"{folder}: found {len(images)} {split} images and {len(labels)} labels, expected as many")
    return images, labels.astype(np.int64)


def find_idx(folder: Path, stem: str) -> Path:
    """The IDX file whose name begins with ``stem``."""
    found = sorted(path for path in folder.glob(f"{stem}*ubyte*") if path.suffix != ".part" and path.is_file())
    if not found:
        raise DataError(f"{folder}: found neither pictures in folders 0/ … 9/ nor {stem}-idx*-ubyte or .gz")
    return found[0]


def fetch_mnist(progress: Progress = no_progress) -> Path:
    """MNIST's four files in the data folder, each verified by its SHA-256; downloaded if they are not there."""
    folder = data_folder() / "mnist"
    for file in MNIST_FILES:
        fetch(file, MNIST_MIRRORS, folder, progress=progress)
    return folder


def load_mnist(split: str) -> tuple[Images, Labels]:
    """A split of MNIST, verified: 60,000 train, 10,000 test."""
    stem, folder = IDX_STEMS[split], data_folder() / "mnist"
    files = [file for file in MNIST_FILES if file.name.startswith(stem)]
    images, labels = (fetch(file, MNIST_MIRRORS, folder) for file in files)
    return read_idx(images, each=(SIZE, SIZE)), read_idx(labels, each=()).astype(np.int64)


def _optdigits_folder(progress: Progress = no_progress) -> Path:  # noqa: ARG001 - nothing to download
    """The folder of scikit-learn that carries the digits."""
    try:
        import sklearn.datasets  # noqa: PLC0415 - an extra
    except ImportError:
        raise missing_extra("learn", "scikit-learn") from None
    return Path(sklearn.datasets.__file__).parent / "data"


def load_optdigits(split: str) -> tuple[Images, Labels]:
    """The 1,797 8x8 digits that scikit-learn carries, drawn as 28x28: the first 1,297 train, the last 500 test."""
    _optdigits_folder()
    from sklearn.datasets import load_digits  # noqa: PLC0415 - an extra

    bunch = load_digits()
    small = np.round(bunch.images * (255 / 16)).astype(np.uint8)  # (n, 8, 8), 0..255
    found = hashlib.sha256(small.tobytes() + bunch.target.astype(np.uint8).tobytes()).hexdigest()
    if found != OPTDIGITS_SHA256:
        raise DataError(
            f"optdigits: found SHA-256 {found[:16]}…, expected {OPTDIGITS_SHA256[:16]}…; reinstall scikit-learn"
        )
    part = slice(None, OPTDIGITS_TRAIN) if split == "train" else slice(OPTDIGITS_TRAIN, None)
    return np.stack([normalize_grey(digit) for digit in small[part]]), bunch.target[part].astype(np.int64)


DATASETS: Mapping[str, Source] = {
    "mnist": Source(
        "MNIST: 60,000 digits to train, 10,000 to test, by 500 writers (LeCun, Cortes, Burges 1998)",
        "CC BY-SA 3.0",
        fetch_mnist,
        load_mnist,
    ),
    "optdigits": Source(
        "1,797 digits that scikit-learn carries: 1,297 to train, 500 to test, no network (Alpaydin, Kaynak 1998)",
        "CC BY 4.0",
        _optdigits_folder,
        load_optdigits,
    ),
}
"""A new dataset is one entry here. No set is listed whose hash was not verified."""
