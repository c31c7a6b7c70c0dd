"""The datasets with a name, and folders of IDX files."""

import gzip
import hashlib
import os
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import platformdirs
import pytest

from inkdigit.data import sources
from inkdigit.data.download import RemoteFile
from inkdigit.data.idx import write_idx
from inkdigit.data.sources import (
    DATASETS,
    MNIST_FILES,
    data_folder,
    fetch_mnist,
    find_idx,
    load_idx_folder,
    load_mnist,
    load_optdigits,
)
from inkdigit.errors import DataError, EnvironmentFault
from inkdigit.images import DIGIT_SIDE, SIZE, Images, Labels

NAMES = {"train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
         "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")}  # fmt: skip


def images(n: int, seed: int = 0) -> Images:
    return np.random.default_rng(seed).integers(0, 256, (n, SIZE, SIZE), dtype=np.uint8)


def write_split(folder: Path, split: str = "train", n: int = 5, suffix: str = "", seed: int = 0) -> None:
    for name, values in zip(NAMES[split], (images(n, seed), np.arange(n, dtype=np.uint8) % 10), strict=True):
        write_idx(folder / f"{name}{suffix}", values)


def small_mnist(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four small files in place of MNIST's own, with the hashes that belong to them."""
    monkeypatch.setenv("INKDIGIT_DATA", str(folder))
    files = []
    for split, names in NAMES.items():
        write_split(folder / "mnist", split, n=7, suffix=".gz", seed=len(split))
        for name in names:
            content = gzip.decompress((folder / "mnist" / f"{name}.gz").read_bytes())
            files.append(RemoteFile(name, hashlib.sha256(content).hexdigest(), len(content)))
    monkeypatch.setattr(sources, "MNIST_FILES", tuple(files))
    return folder / "mnist"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mirrors at a port of this machine where nobody listens."""
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setattr(sources, "MNIST_MIRRORS", (f"http://127.0.0.1:{probe.getsockname()[1]}/",))


def test_data_are_kept_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKDIGIT_DATA", str(tmp_path))
    assert data_folder() == tmp_path


@pytest.mark.parametrize("value", [None, ""])
def test_data_are_kept_in_the_users_cache_otherwise(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("INKDIGIT_DATA", raising=False)
    if value is not None:
        monkeypatch.setenv("INKDIGIT_DATA", value)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere/cache")
    assert data_folder() == Path(platformdirs.user_cache_dir("inkdigit"))


def test_every_dataset_says_what_it_is() -> None:
    assert list(DATASETS)[:2] == ["mnist", "optdigits"]
    for source in DATASETS.values():
        assert source.licence
        assert source.description
        assert "\n" not in source.description


def test_mnists_hashes_and_sizes_are_those_of_its_files() -> None:
    assert [file.name for file in MNIST_FILES] == [name for split in NAMES.values() for name in split]
    assert [file.size for file in MNIST_FILES] == [16 + 60_000 * 784, 8 + 60_000, 16 + 10_000 * 784, 8 + 10_000]
    assert {len(bytes.fromhex(file.sha256)) for file in MNIST_FILES} == {32}


def test_mnist_is_taken_from_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None) -> None:
    folder = small_mnist(tmp_path, monkeypatch)
    assert fetch_mnist() == folder
    for split in NAMES:
        found, labels = load_mnist(split)
        np.testing.assert_array_equal(found, images(7, len(split)))
        assert labels.tolist() == [0, 1, 2, 3, 4, 5, 6]
        assert labels.dtype == np.int64


def test_mnist_that_is_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None) -> None:
    monkeypatch.setenv("INKDIGIT_DATA", str(tmp_path))
    for attempt in (fetch_mnist, lambda: load_mnist("test")):
        with pytest.raises(EnvironmentFault, match="Connection refused") as caught:
            attempt()
        assert str(tmp_path / "mnist") in str(caught.value)
        assert "\n" not in str(caught.value)


def test_mnist_with_another_label_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None) -> None:
    folder = small_mnist(tmp_path, monkeypatch)
    write_idx(folder / "t10k-labels-idx1-ubyte.gz", np.array([0, 1, 2, 3, 4, 5, 7], np.uint8))
    assert len(load_mnist("train")[0]) == 7
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte\.gz: found SHA-256"):
        load_mnist("test")


def real_sets() -> Sequence[tuple[Callable[[str], tuple[Images, Labels]], str, int]]:
    """Splits of real digits that are on this machine: optdigits are always."""
    sets: list[tuple[Callable[[str], tuple[Images, Labels]], str, int]] = [
        (load_optdigits, "train", 1297),
        (load_optdigits, "test", 500),
    ]
    if os.environ.get("INKDIGIT_DATA") and (data_folder() / "mnist").is_dir():
        sets.append((load_mnist, "test", 10_000))
    return sets


@pytest.mark.parametrize(("load", "split", "n"), real_sets())
def test_real_digits_are_as_many_as_told_and_made_as_mnists_were(
    load: Callable[[str], tuple[Images, np.ndarray]], split: str, n: int
) -> None:
    found, labels = load(split)
    assert found.shape == (n, SIZE, SIZE)
    assert found.dtype == np.uint8
    assert labels.shape == (n,)
    assert labels.dtype == np.int64
    assert sorted(set(labels.tolist())) == list(range(10))
    assert np.bincount(labels).min() > 0.08 * n
    assert found.max((1, 2)).min() >= 250
    sides = [max(np.ptp(np.flatnonzero(image.any(axis))) + 1 for axis in (0, 1)) for image in found]
    assert np.mean(np.array(sides) == DIGIT_SIDE) > 0.99


def test_optdigits_are_split_in_their_own_order() -> None:
    from sklearn.datasets import load_digits

    labels = np.concatenate([load_optdigits("train")[1], load_optdigits("test")[1]])
    np.testing.assert_array_equal(labels, load_digits().target)


def test_other_optdigits_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "OPTDIGITS_SHA256", "0" * 64)
    with pytest.raises(DataError, match="optdigits: found SHA-256 a19cb3d96bba7dea…, expected 0000000000000000…"):
        load_optdigits("test")


def test_optdigits_need_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    for attempt in (DATASETS["optdigits"].fetch, lambda _: load_optdigits("train")):
        with pytest.raises(EnvironmentFault, match=r"pip install 'inkdigit\[learn\]'"):
            attempt(lambda *_: None)


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("split", ["train", "test"])
def test_a_folder_of_idx_files(tmp_path: Path, split: str, suffix: str) -> None:
    write_split(tmp_path, "train", n=5, suffix=suffix, seed=1)
    write_split(tmp_path, "test", n=3, suffix=suffix, seed=2)
    found, labels = load_idx_folder(tmp_path, split)
    np.testing.assert_array_equal(found, images(5, 1) if split == "train" else images(3, 2))
    assert labels.tolist() == list(range(len(found)))
    assert labels.dtype == np.int64


def test_a_folder_with_both_raw_and_gzip(tmp_path: Path) -> None:
    write_split(tmp_path)
    write_split(tmp_path, suffix=".gz")
    np.testing.assert_array_equal(load_idx_folder(tmp_path, "train")[0], images(5))


def test_other_spellings_and_strange_neighbours(tmp_path: Path) -> None:
    """Names with a dot; folders of the same name, as some archives unpack to; a download that has not ended."""
    write_idx(tmp_path / "train-images.idx3-ubyte", images(5))
    write_idx(tmp_path / "train-labels.idx1-ubyte", np.zeros(5, np.uint8))
    (tmp_path / "train-images-idx3-ubyte").mkdir()
    (tmp_path / "train-images-idx3-ubyte.gz.part").write_bytes(b"half")
    assert find_idx(tmp_path, "train-images") == tmp_path / "train-images.idx3-ubyte"
    assert len(load_idx_folder(tmp_path, "train")[0]) == 5


def fault(folder: Path, split: str = "train") -> str:
    with pytest.raises(DataError) as caught:
        load_idx_folder(folder, split)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_images_and_labels_that_do_not_belong_together(tmp_path: Path) -> None:
    write_split(tmp_path)
    write_idx(tmp_path / NAMES["train"][1], np.zeros(4, np.uint8))
    assert "found 5 train images and 4 labels" in fault(tmp_path)


def test_images_and_labels_that_are_exchanged(tmp_path: Path) -> None:
    write_idx(tmp_path / NAMES["train"][0], np.zeros(4, np.uint8))
    write_idx(tmp_path / NAMES["train"][1], images(4))
    assert "found the first bytes 00 00 08 01, expected 00 00 08 03" in fault(tmp_path)


@pytest.mark.parametrize("name", NAMES["train"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    write_split(tmp_path)
    (tmp_path / name).unlink()
    assert f"nor {name.split('-idx', maxsplit=1)[0]}-idx*-ubyte or .gz" in fault(tmp_path)


def test_a_missing_split_is_named(tmp_path: Path) -> None:
    write_split(tmp_path)
    assert "nor t10k-images-idx*-ubyte" in fault(tmp_path, "test")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    write_split(tmp_path)
    path = tmp_path / NAMES["train"][0]
    path.write_bytes(path.read_bytes()[:-1])
    assert f"{path}: the header promises" in fault(tmp_path)
