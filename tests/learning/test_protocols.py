"""Which digits a run sees, and when."""

from pathlib import Path

import numpy as np
import pytest

from inkdigit.data.dataset import Dataset
from inkdigit.evaluation.history import read_history
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.train import train


def rows(dataset: Dataset) -> set[bytes]:
    return {image.tobytes() for image in dataset.images}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_what_is_learned_from_is_never_measured_on(name: str, digits_folder: Path) -> None:
    training, watched, test = PROTOCOLS[name].load(str(digits_folder))
    assert not rows(training) & rows(test)
    assert not rows(training) & rows(watched)
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


def test_the_first_tutorial_chooses_on_the_first_test_images(digits_folder: Path) -> None:
    _, _, whole = PROTOCOLS["all"].load(str(digits_folder))
    _, first, rest = PROTOCOLS["first-tutorial"].load(str(digits_folder))
    np.testing.assert_array_equal(np.concatenate([first.images, rest.images]), whole.images)
    np.testing.assert_array_equal(np.concatenate([first.labels, rest.labels]), whole.labels)


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
