"""How long a recipe will take on this machine, from a few of its steps."""

import time

import numpy as np
import torch
from torch import Generator

from inkdigit.images import CLASSES, SIZE
from inkdigit.learning.classify import judge
from inkdigit.learning.engine import build, find_device, prepare, tuned, update
from inkdigit.learning.recipe import Recipe

STEPS = 40
"""Steps timed, after as many to warm up; fewer where batches are large."""

TIMED_IMAGES = 20_000
"""No more are timed, unless one step takes more, so that an estimate takes a second or two."""


def estimate_seconds(recipe: Recipe, n: int, device: str = "auto") -> float:
    """Estimated seconds to train a recipe that classifies on n digits on a device, to within a third or so.

    The crops and outliers that it adds count, too; the time to draw them does not.
    """
    where = find_device(device)
    n = round(n * (1 + recipe.crops) * (1 + sum(recipe.outliers.values())))
    size = min(recipe.batch_size or n, n)
    pixels = np.random.default_rng(0).integers(0, 256, (size, 1, SIZE, SIZE), dtype=np.uint8)
    images, labels = torch.from_numpy(pixels).to(where), (torch.arange(size) % CLASSES).to(where)
    generator = Generator(where).manual_seed(0)
    with torch.random.fork_rng(), tuned(recipe):
        model, optimizer = build(recipe, where)
        prepared = prepare(images, recipe, generator)

        def take(steps: int) -> float:
            start = time.perf_counter()
            for _ in range(steps):
                x = prepare(images, recipe, generator) if recipe.augment else prepared
                loss, _, _ = update(model, optimizer, x, labels, recipe, judge=judge)
            loss.item()  # a device may still be at work
            return time.perf_counter() - start

        steps = max(1, min(STEPS, TIMED_IMAGES // size))
        take(steps)
        seconds = take(steps)
    return seconds / steps * recipe.total_steps(-(-n // size))
