"""What stands in the row of a recipe."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inkdigit.comparison import Row, summarise
from inkdigit.learning.recipe import override
from inkdigit.learning.recipes import RECIPES
from inkdigit.learning.run import Run

LENET = Run(Path("lenet"), RECIPES["lenet"], 0, "mnist", "")
NUMBERS = (
    "validation_accuracy", "kept_epoch", "train_loss", "nll", "ece", "ece_after_temperature", "seconds", "parameters",
    "multiply_adds", "file_bytes", "latency_us", "images_per_s",
)  # fmt: skip


def measured(accuracy: float) -> dict[str, Any]:
    return dict.fromkeys(NUMBERS, 1) | {"test_accuracy": accuracy, "test_n": 100, "robustness": {"noise": 0.5}}


def row_of(run: Run) -> Row:
    return summarise("a", [run], [measured(0.9)])


def test_accuracies_are_averaged_over_seeds() -> None:
    row = summarise("a", [LENET, LENET], [measured(0.9), measured(0.8)])
    assert (row.recipe, row.protocol, row.seeds, row.accuracies) == ("a", "all", 2, (0.9, 0.8))
    assert row.accuracy == pytest.approx(0.85)


def test_what_was_published_stands_beside_the_recipe_s_own_settings_on_mnist() -> None:
    assert row_of(LENET).published == RECIPES["lenet"].published != ""


@pytest.mark.parametrize(
    "run",
    [
        replace(LENET, data="optdigits"),
        replace(LENET, begun_from="a"),
        replace(LENET, recipe=override(LENET.recipe, ["epochs=1"])),
        replace(LENET, recipe=replace(LENET.recipe, name="gone")),
    ],
    ids=["data", "begun from another", "settings", "name"],
)
def test_it_does_not_stand_beside_anything_else(run: Run) -> None:
    assert row_of(run).published == ""


def test_what_differs_from_the_recipe_is_told() -> None:
    assert row_of(LENET).changed == ""
    assert row_of(replace(LENET, data="optdigits")).changed == ""
    changed = replace(LENET, recipe=override(LENET.recipe, ["epochs=1", "lr=0.5"]), begun_from="a")
    assert row_of(changed).changed == "epochs=1, lr=0.5, begun with the weights of another run"
    assert row_of(replace(LENET, recipe=replace(LENET.recipe, name="gone"))).changed == ""
