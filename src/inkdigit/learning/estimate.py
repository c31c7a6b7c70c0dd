"""How long a recipe will take on this machine, from a few of its steps."""

import time

import numpy as np
import torch
from torch import Generator
from torch.nn import functional

from inkdigit.images import SIZE
from inkdigit.learning.augment import augment
from inkdigit.learning.models import build_model
from inkdigit.learning.optim import build_optimizer
from inkdigit.learning.recipe import Recipe
from inkdigit.learning.scaling import SCALINGS

STEPS = 12
"""Timed, after as many to warm up; fewer where a step holds the whole set."""


def estimate_seconds(recipe: Recipe, n: int) -> float:
    """Seconds that a recipe will train on n digits, to within a half or so."""
    size = min(recipe.batch_size or n, n)
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (size, 1, SIZE, SIZE), dtype=np.uint8))
    labels, generator = torch.arange(size) % 10, Generator().manual_seed(0)
    with torch.random.fork_rng():
        model = build_model(recipe.model, recipe.model_options)
    optimizer = build_optimizer(recipe.optimizer, model.parameters(), recipe.lr, recipe.optimizer_options)

    def step() -> None:
        x = SCALINGS[recipe.scaling](augment(images.float(), recipe.augment, generator))
        optimizer.zero_grad()
        functional.cross_entropy(model(x), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    steps = max(1, min(STEPS, 20_000 // size))
    for _ in range(steps):
        step()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return (time.perf_counter() - start) / steps * recipe.total_steps(-(-n // size))
