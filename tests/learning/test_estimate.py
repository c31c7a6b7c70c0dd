"""How long it will take."""

from dataclasses import replace

import torch

from inkdigit.learning.estimate import estimate_seconds
from inkdigit.learning.recipes import RECIPES


def test_it_grows_with_what_is_asked() -> None:
    recipe = RECIPES["softmax"]
    short, long = (estimate_seconds(replace(recipe, epochs=epochs), 10_000) for epochs in (1, 100_000))
    assert short > 0
    assert long > 100 * short  # far less than the truth: seconds of a busy machine


def test_a_clipped_gradient_is_timed_too() -> None:
    assert estimate_seconds(replace(RECIPES["softmax"], clip_norm=1.0, epochs=1), 1000) > 0


def test_it_leaves_the_generator_alone() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    estimate_seconds(RECIPES["lenet"], 1000)
    assert torch.equal(torch.get_rng_state(), before)
