"""Optimisers and learning-rate schedules by name."""

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from torch import nn, optim

from inkdigit.errors import UsageError, unknown
from inkdigit.learning.muon import Muon


class KerasAdam(optim.Adam):
    """Adam as Keras computes it: epsilon is added to the root of the second moment before its bias is corrected.

    It is the "epsilon hat" of Kingma and Ba, "Adam", 2015, section 2. PyTorch adds epsilon after the correction, where
    an epsilon multiplied by 1/√(1 - β₂ᵗ) at step t does the same.
    """

    def step(self, closure: Any = None) -> Any:
        """One update."""
        epsilons = [group["eps"] for group in self.param_groups]
        try:
            for group in self.param_groups:
                group["eps"] /= math.sqrt(1 - group["betas"][1] ** self._next_step(group))
            return super().step(closure)
        finally:
            for group, epsilon in zip(self.param_groups, epsilons, strict=True):
                group["eps"] = epsilon

    def _next_step(self, group: dict[str, Any]) -> int:
        taken = (self.state[parameter].get("step", 0) for parameter in group["params"])
        return 1 + max(map(int, taken), default=0)  # a frozen parameter takes none


OPTIMIZERS: Mapping[str, Callable[..., optim.Optimizer]] = {
    "sgd": partial(optim.SGD, fused=True),
    "adam": partial(optim.Adam, fused=True),
    "keras-adam": partial(KerasAdam, fused=True),
    "adamw": partial(optim.AdamW, fused=True),
    "muon": partial(Muon, fused=True),
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
    except (TypeError, ValueError, RuntimeError) as error:
        raise UsageError(f"optimizer {name} cannot be built with lr={lr} and {dict(options)}: {error}") from error


def set_lr(optimizer: optim.Optimizer, lr: float) -> None:
    """Sets the learning rate of every group."""
    for group in optimizer.param_groups:
        group["lr"] = lr
