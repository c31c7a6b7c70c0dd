"""A dataset by name or folder, and its splits."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inkdigit.data.dataset import SPLITS, Dataset, load_dataset
from inkdigit.data.idx import write_idx
from inkdigit.data.sources import data_folder
from inkdigit.errors import DataError, UsageError
from inkdigit.images import CLASSES, SIZE, Images


def write_folder(folder: Path, n: int, *, labels: list[int] | None = None, images: Images | None = None) -> Path:
    """A folder of IDX files whose images carry their own number, times three in the test split."""
    for stem, factor in (("train", 1), ("t10k", 3)):
        numbered = np.zeros((n, SIZE, SIZE), np.uint8)
        numbered[:, 0, 0], numbered[:, 0, 1] = np.divmod(factor * np.arange(n), 256)
        write_idx(folder / f"{stem}-images-idx3-ubyte", numbered if images is None else images)
        write_idx(folder / f"{stem}-labels-idx1-ubyte", np.array(labels or np.arange(n) % 10, np.uint8))
    return folder


def numbers(dataset: Dataset) -> list[int]:
    return [int(number) for number in dataset.images[:, 0, 0].astype(int) * 256 + dataset.images[:, 0, 1]]


@pytest.mark.parametrize("n", [2, 11, 12, 13, 240, 1000])
def test_train_and_validation_are_disjoint_and_complete(tmp_path: Path, n: int) -> None:
    folder = str(write_folder(tmp_path, n))
    train, validation = load_dataset(folder, "train"), load_dataset(folder, "validation")
    assert len(validation) == max(1, n // 12)
    assert sorted(numbers(train) + numbers(validation)) == list(range(n))
    assert numbers(load_dataset(folder, "train+validation")) == list(range(n))
    for split in (train, validation):
        assert numbers(split) == sorted(numbers(split))
        assert split.labels.tolist() == [number % 10 for number in numbers(split)]
        assert split.labels.dtype == np.int64
        assert split.images.dtype == np.uint8


def test_a_single_image_cannot_be_split(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="at least two"):
        load_dataset(str(write_folder(tmp_path, 1)), "train")


def test_the_same_digits_are_held_out_each_time_and_not_the_first(tmp_path: Path) -> None:
    folder = str(write_folder(tmp_path, 240))
    held_out = [numbers(load_dataset(folder, "validation")) for _ in range(2)]
    assert held_out[0] == held_out[1] != list(range(20))
    assert set(held_out[0]).isdisjoint(numbers(load_dataset(folder, "train")))


def test_the_test_split_is_whole(tmp_path: Path) -> None:
    folder = str(write_folder(tmp_path, 50))
    assert numbers(load_dataset(folder, "test")) == [3 * number for number in range(50)]


def available() -> list[tuple[str, int, int]]:
    """Real datasets on this machine, with the numbers of their training and test digits."""
    has_mnist = os.environ.get("INKDIGIT_DATA") and (data_folder() / "mnist").is_dir()
    return [("optdigits", 1297, 500), *([("mnist", 60_000, 10_000)] if has_mnist else [])]


@pytest.mark.parametrize(("name", "to_train", "to_test"), available())
def test_real_datasets(name: str, to_train: int, to_test: int) -> None:
    splits = {split: load_dataset(name, split) for split in SPLITS}
    assert {split: len(dataset) for split, dataset in splits.items()} == {
        "train": to_train - to_train // 12,
        "validation": to_train // 12,
        "train+validation": to_train,
        "test": to_test,
    }
    for split, dataset in splits.items():
        assert (dataset.name, dataset.split) == (name, split)
        assert dataset.images.shape == (len(dataset), SIZE, SIZE)
        assert sum(dataset.counts()) == len(dataset)
        assert min(dataset.counts()) > 0.06 * len(dataset)
    assert len({dataset.sha256 for dataset in splits.values()}) == len(SPLITS)


def test_counts_have_a_place_for_every_digit() -> None:
    dataset = Dataset("name", "test", np.zeros((3, SIZE, SIZE), np.uint8), np.array([1, 1, 4]))
    assert dataset.counts() == [0, 2, 0, 0, 1, 0, 0, 0, 0, 0]
    assert len(dataset) == 3


@given(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1), st.integers(1, 255))
@settings(max_examples=20, deadline=None)
def test_the_hash_tells_images_and_labels_apart(row: int, column: int, value: int) -> None:
    images, labels = np.zeros((2, SIZE, SIZE), np.uint8), np.array([1, 2])
    sha256 = Dataset("a", "test", images, labels).sha256
    assert Dataset("b", "train", images.copy(), labels.copy()).sha256 == sha256
    changed = images.copy()
    changed[1, row, column] = value
    assert Dataset("a", "test", changed, labels).sha256 != sha256
    assert Dataset("a", "test", images, labels[::-1]).sha256 != sha256
    assert Dataset("a", "test", changed[::-1], labels).sha256 != Dataset("a", "test", changed, labels).sha256


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mnits", "unknown dataset 'mnits'; did you mean 'mnist'?"),
        ("digits-of-mine", "unknown dataset 'digits-of-mine'; known: "),
    ],
)
def test_an_unknown_dataset_is_told_the_nearest(name: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_dataset(name)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_path_that_leads_nowhere_is_missing_data() -> None:
    with pytest.raises(DataError, match="no/such/folder: no such folder; expected one of IDX files"):
        load_dataset("no/such/folder")


class TestNpz:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        images = np.arange(30, dtype=np.uint8)[:, None, None].repeat(SIZE, 1).repeat(SIZE, 2)
        np.savez_compressed(tmp_path / "mine.NPZ.npz", images=images, labels=np.arange(30) % 10)
        return (tmp_path / "mine.NPZ.npz").rename(tmp_path / "mine.NPZ")

    def test_all_of_it_is_the_test_split(self, path: Path) -> None:
        dataset = load_dataset(str(path), "test")
        assert (dataset.name, dataset.split, len(dataset)) == (str(path), "test", 30)
        assert dataset.images[:, 5, 5].tolist() == list(range(30))
        assert dataset.labels.tolist() == [number % 10 for number in range(30)]

    @pytest.mark.parametrize("split", ["train", "validation", "train+validation"])
    def test_it_is_not_learned_from(self, path: Path, split: str) -> None:
        with pytest.raises(UsageError, match="is a test set as a whole, expected a folder of IDX files or of pictures"):
            load_dataset(str(path), split)

    def test_one_without_images(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "none.npz", images=np.zeros((0, SIZE, SIZE), np.uint8), labels=np.zeros(0, int))
        with pytest.raises(DataError, match="no images; expected at least one"):
            load_dataset(str(tmp_path / "none.npz"), "test")

    def test_one_that_is_not_there(self) -> None:
        with pytest.raises(DataError, match=r"mine\.npz: no such file; expected an \.npz"):
            load_dataset("mine.npz", "test")

    def test_a_folder_called_so_is_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "digits.npz").mkdir()
        assert len(load_dataset(str(write_folder(tmp_path / "digits.npz", 3)), "test")) == 3


def test_an_unknown_split_is_told_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown split 'valid'; did you mean 'validation'"):
        load_dataset(str(tmp_path), "valid")


def test_a_name_too_long_for_a_path_is_unknown() -> None:
    with pytest.raises(UsageError, match="unknown dataset"):
        load_dataset("x" * 5000)


def test_a_file_in_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match="found a file, expected a folder"):
        load_dataset(str(tmp_path / "file"))


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nor train-images-idx"):
        load_dataset(str(tmp_path))


def test_a_folder_without_images(tmp_path: Path) -> None:
    folder = str(write_folder(tmp_path, 0))
    for split in SPLITS:
        with pytest.raises(DataError, match="no images; expected at least one"):
            load_dataset(folder, split)


def test_a_label_that_is_no_digit(tmp_path: Path) -> None:
    folder = str(write_folder(tmp_path, 3, labels=[0, CLASSES, 2]))
    with pytest.raises(DataError, match="found the label 10, expected 0 to 9") as caught:
        load_dataset(folder)
    assert folder in str(caught.value)


@pytest.mark.parametrize("shape", [(3, 8, 8), (3, 28, 27), (3, 0, 0)])
def test_images_of_another_size(tmp_path: Path, shape: tuple[int, ...]) -> None:
    folder = str(write_folder(tmp_path, 3, images=np.zeros(shape, np.uint8)))
    with pytest.raises(DataError, match=r"expected \(n, 28, 28\)") as caught:
        load_dataset(folder)
    assert folder in str(caught.value)
