"""The benchmark beside the tutorials: its way must learn what inkdigit's loop learns, or its seconds mean nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from benchmarks.tutorial_networks import (
    TUTORIALS,
    Normalize,
    Pictures,
    RandomHorizontalFlip,
    ToTensor,
    build_network,
    initial_weights,
    load_batches,
)
from benchmarks.tutorial_way import compare_losses

from inkdigit.data.dataset import Dataset, load_dataset
from inkdigit.learning.recipes import RECIPES
from inkdigit.learning.scaling import SCALINGS

IN_PYTORCH = [name for name, tutorial in TUTORIALS.items() if tutorial.optimizer]


@pytest.fixture(scope="module")
def digits(digits_folder: Path) -> Dataset:
    """Enough for 20 batches of 64."""
    few = load_dataset(str(digits_folder), "train+validation")
    again = np.arange(20 * 64) % len(few)
    return replace(few, images=few.images[again], labels=few.labels[again])


@pytest.fixture
def _one_thread() -> Iterator[None]:
    """Two threads wait long for one another where other programs run."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("name", IN_PYTORCH)
def test_the_pixels_are_scaled_as_the_recipe_scales_them(name: str, digits: Dataset) -> None:
    scaled = SCALINGS[RECIPES[name].scaling](torch.from_numpy(digits.images[:8]).float())
    tutorial = TUTORIALS[name]
    still = tuple(step for step in tutorial.transforms if not isinstance(step, RandomHorizontalFlip))
    images, labels = next(iter(load_batches(replace(tutorial, transforms=still, workers=0), digits, 1, [[*range(8)]])))
    torch.testing.assert_close(images[:8].view_as(scaled), scaled, rtol=1e-5, atol=1e-5)
    assert labels[:8].tolist() == digits.labels[:8].tolist()


def test_half_of_the_pictures_are_mirrored(digits: Dataset) -> None:
    plain, mirrored = Pictures(digits, [ToTensor()]), Pictures(digits, [ToTensor(), RandomHorizontalFlip()])
    flipped = [not torch.equal(plain[index][0], mirrored[index][0]) for index in range(200)]
    assert 70 < sum(flipped) < 130
    first = flipped.index(True)
    assert sum(torch.equal(mirrored[first][0], plain[first][0].flip(-1)) for _ in range(20)) > 0


@pytest.mark.parametrize("name", IN_PYTORCH)
def test_the_networks_begin_alike(name: str) -> None:
    for own, first in zip(build_network(name, 3).parameters(), initial_weights(name, 3), strict=True):
        assert torch.equal(own, first)
    network = build_network(name, 3)
    assert sum(parameter.numel() for parameter in network.parameters()) == {
        "convnet": 206_682, "mlp": 24_790, "lenet": 44_426, "cnn": 21_840,
    }[name]  # fmt: skip


@pytest.mark.parametrize("name", IN_PYTORCH)
def test_the_optimisers_are_the_recipes(name: str) -> None:
    told, recipe, weights = TUTORIALS[name].optimizer, RECIPES[name], initial_weights(name, 0)
    assert told
    theirs = told([torch.nn.Parameter(weight) for weight in weights]).param_groups[0]
    assert theirs["lr"] == recipe.lr
    assert theirs.get("momentum", 0) == recipe.optimizer_options.get("momentum", 0)
    assert theirs["weight_decay"] == 0


@pytest.mark.usefixtures("_one_thread")
@pytest.mark.parametrize("name", ["lenet", "cnn"])
def test_both_ways_learn_the_same(name: str, digits: Dataset) -> None:
    losses = compare_losses(name, digits, 20, replace(TUTORIALS[name], workers=0))
    assert losses["steps"] == 20
    assert losses["agrees"], losses


@pytest.mark.usefixtures("_one_thread")
@pytest.mark.parametrize("name", ["lenet", "cnn"])
def test_a_wrong_scaling_is_seen(name: str, digits: Dataset) -> None:
    wrong = replace(TUTORIALS[name], workers=0, transforms=(ToTensor(), Normalize(0.5, 0.5)))
    losses = compare_losses(name, digits, 20, wrong)
    assert not losses["agrees"], losses
