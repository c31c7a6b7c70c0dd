"""Optimisers and learning-rate schedules by name."""

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from torch import nn, optim

from inkdigit.errors import UsageError, unknown

OPTIMIZERS: Mapping[str, Callable[..., optim.Optimizer]] = {
    "sgd": partial(optim.SGD, fused=True),
    "adam": partial(optim.Adam, fused=True),
    "adamw": partial(optim.AdamW, fused=True),
}
"""Fused: one pass over the memory of all weights (keras-cnn's Adam on 2.8 million: a step takes 7 instead of 19 ms)."""

SCHEDULES: Mapping[str, Callable[[float], float]] = {
    "constant": lambda _: 1.0,
    "linear": lambda t: 1 - t,
    "cosine": lambda t: (1 + math.cos(math.pi * t)) / 2,
    # Smith and Topin, "Super-convergence", 2018: up for a quarter of the time, then down along a cosine.
    "one-cycle": lambda t: 0.04 + 0.96 * t / 0.25 if t < 0.25 else (1 + math.cos(math.pi * (t - 0.25) / 0.75)) / 2,
}
"""Each maps the share of training that is done, 0 to 1, to a factor of the recipe's learning rate."""


def build_optimizer(
    name: str, parameters: Iterable[nn.Parameter], lr: float, options: Mapping[str, Any]
) -> optim.Optimizer:
    """Builds an optimiser.

    Raises:
        UsageError: an unknown name, option or value.
    """
    if name not in OPTIMIZERS:
        raise unknown("optimizer", name, OPTIMIZERS)
    try:
        return OPTIMIZERS[name](parameters, lr=lr, **options)
    except (TypeError, ValueError) as error:
        raise UsageError(f"optimizer {name} cannot be built with lr={lr} and {dict(options)}: {error}") from error


def set_lr(optimizer: optim.Optimizer, lr: float) -> None:
    """Sets the learning rate of every group."""
    for group in optimizer.param_groups:
        group["lr"] = lr
