"""Which digits a run sees, and when."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inkdigit.data.dataset import Dataset, load_dataset
from inkdigit.errors import DataError
from inkdigit.evaluation.history import read_history
from inkdigit.learning import protocols as module
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.train import train


def rows(dataset: Dataset) -> set[bytes]:
    return {image.tobytes() for image in dataset.images}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_what_is_learned_from_is_never_measured_on(name: str, digits_folder: Path) -> None:
    training, watched, test = PROTOCOLS[name].load(str(digits_folder))
    assert not rows(training) & rows(test)
    assert not rows(training) & rows(watched)
    assert PROTOCOLS[name].holds_out == (len(training) < 240)
    if PROTOCOLS[name].is_apart:
        assert not rows(watched) & rows(test)
        assert watched.split == "validation"
    assert test.split == "test"
    assert PROTOCOLS[name].description


def test_sizes(digits_folder: Path) -> None:
    sizes = {name: [len(part) for part in protocol.load(str(digits_folder))] for name, protocol in PROTOCOLS.items()}
    assert sizes == {
        "held-out": [220, 20, 60],
        "held-out-last": [220, 20, 60],
        "all": [240, 60, 60],
        "first-tutorial": [240, 24, 36],
    }


def give(monkeypatch: pytest.MonkeyPatch, digits: Dataset) -> None:
    """Whatever is named, these are its digits of any split."""
    monkeypatch.setattr(module, "load_dataset", lambda data, split: replace(digits, name=data, split=split))


def test_the_first_tutorial_chooses_on_the_first_test_images_of_mnist(
    digits_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = load_dataset(str(digits_folder), "test")
    give(monkeypatch, whole)
    _, first, rest = PROTOCOLS["first-tutorial"].load("mnist, under any name")
    np.testing.assert_array_equal(np.concatenate([first.images, rest.images]), whole.images)
    np.testing.assert_array_equal(np.concatenate([first.labels, rest.labels]), whole.labels)


def test_of_pictures_listed_digit_by_digit_low_and_high_ones_are_watched_and_measured(
    digits_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = load_dataset(str(digits_folder), "test")
    order = np.argsort(whole.labels, kind="stable")
    listed = replace(whole, images=whole.images[order], labels=whole.labels[order])
    give(monkeypatch, listed)
    _, watched, measured = PROTOCOLS["first-tutorial"].load("mine")
    assert (watched.labels.min(), watched.labels.max()) == (0, 9)
    assert (measured.labels.min(), measured.labels.max()) == (0, 9)
    assert rows(watched) | rows(measured) == rows(whole)
    assert PROTOCOLS["first-tutorial"].load("mine")[2].sha256 == measured.sha256


def test_one_test_image_cannot_be_parted(digits_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = load_dataset(str(digits_folder), "test")
    give(monkeypatch, replace(whole, images=whole.images[:1], labels=whole.labels[:1]))
    with pytest.raises(DataError, match="mine: found 1 test image, expected at least two"):
        PROTOCOLS["first-tutorial"].load("mine")


def test_the_last_epoch_is_kept_where_none_is_chosen(digits_folder: Path, tmp_path: Path) -> None:
    settings = ["epochs=4", "batch_size=20", "lr=30", "schedule=constant"]  # the first epoch reads all of so few
    chosen, last = (
        train("softmax", data=str(digits_folder), out=tmp_path / name, settings=[*settings, f"protocol={name}"])
        for name in ("held-out", "held-out-last")
    )
    assert last["best_step"] == last["steps"] > chosen["best_step"]
    assert (
        last["validation_accuracy"] == read_history(tmp_path / "held-out-last" / "metrics.csv")[-1].validation_accuracy
    )
    assert last["temperature"] != 1
