"""How long it will take."""

import math
from dataclasses import replace

import pytest
import torch

from inkdigit.errors import UsageError
from inkdigit.learning.estimate import estimate_seconds
from inkdigit.learning.recipe import Recipe
from inkdigit.learning.recipes import RECIPES


def test_it_grows_with_what_is_asked() -> None:
    recipe = RECIPES["softmax"]
    short, long = (estimate_seconds(replace(recipe, epochs=epochs), 10_000) for epochs in (1, 100_000))
    assert short > 0
    assert long > 100 * short  # far less than the truth: seconds of a busy machine


def test_what_is_learnt_beside_the_digits_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(Recipe, "total_steps", lambda _, per_epoch: asked.append(per_epoch) or 1)  # type: ignore[func-returns-value]
    more = replace(RECIPES["reader"], model="softmax", model_options={}, batch_size=100)
    for recipe in (replace(more, crops=0.0, outliers={}), more):
        estimate_seconds(recipe, 1000)
    assert asked == [10, math.ceil(30 * (1 + sum(more.outliers.values())))]


def test_it_is_told_the_device() -> None:
    with pytest.raises(UsageError, match="tpu"):
        estimate_seconds(RECIPES["softmax"], 1000, "tpu")


def test_a_clipped_gradient_is_timed_too() -> None:
    assert estimate_seconds(replace(RECIPES["softmax"], clip_norm=1.0, epochs=1), 1000) > 0


def test_it_leaves_the_generator_alone() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    estimate_seconds(RECIPES["lenet"], 1000)
    assert torch.equal(torch.get_rng_state(), before)
