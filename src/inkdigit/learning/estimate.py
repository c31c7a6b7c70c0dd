"""How long a recipe will take on this machine, from a few of its steps."""

import time

import numpy as np
import torch
from torch import Generator

from inkdigit.images import CLASSES, SIZE
from inkdigit.learning.engine import build, prepare, tuned, update
from inkdigit.learning.recipe import Recipe

STEPS = 40
"""Timed, after as many to warm up; fewer where a step holds the whole set."""

TIMED_IMAGES = 20_000
"""No more are timed, so that asking takes a second or two."""


def estimate_seconds(recipe: Recipe, n: int) -> float:
    """Seconds that a recipe will train on n digits, to within a third or so."""
    size = min(recipe.batch_size or n, n)
    pixels = np.random.default_rng(0).integers(0, 256, (size, 1, SIZE, SIZE), dtype=np.uint8)
    images, labels, generator = torch.from_numpy(pixels), torch.arange(size) % CLASSES, Generator().manual_seed(0)
    with torch.random.fork_rng(), tuned(recipe):
        model, optimizer = build(recipe, images.device)
        prepared = prepare(images, recipe, generator)

        def step() -> None:
            x = prepare(images, recipe, generator) if recipe.augment else prepared
            update(model, optimizer, x, labels, recipe)

        steps = max(1, min(STEPS, TIMED_IMAGES // size))
        for _ in range(steps):
            step()
        start = time.perf_counter()
        for _ in range(steps):
            step()
        seconds = time.perf_counter() - start
    return seconds / steps * recipe.total_steps(-(-n // size))
