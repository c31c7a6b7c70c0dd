"""Muon: hidden matrices take steps of equal length in every direction, all other weights Adam's."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn, optim

from inkdigit.learning.precision import precision_on

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of x, x³ and x⁵, which drive singular values from 0..1 to about 1, the small ones fast."""

ADAM_LENGTH = 0.2
"""The root mean square of Adam's steps at a learning rate of 1; with steps as long, Muon can share Adam's rate."""


class Muon(optim.AdamW):
    """Moves a hidden matrix along its momentum with all singular values set to about 1.

    Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024: a few strong directions no longer
    drown the others, and fewer steps suffice. A convolution's weight is taken as the matrix (out, in · h · w).
    Steps are as long as Adam's, after Liu et al., "Muon is scalable for LLM training", 2025. Adam moves all else: the
    first and the last of the matrices given, biases and norms. PyTorch's own Muon takes matrices alone: no
    convolutions, and none of the rest.
    """

    def __init__(
        self, params: Iterable[nn.Parameter], *, momentum: float = 0.9, iterations: int = 5, **options: Any
    ) -> None:
        """Makes an optimiser.

        Args:
            params: a network's parameters, in the order of its layers.
            momentum: Nesterov momentum of the hidden matrices, 0 to less than 1.
            iterations: Newton-Schulz iterations at each step; more make the singular values more even.
            options: those of AdamW; its learning rate and weight decay apply to the hidden matrices, too.
        """
        if not 0 <= momentum < 1 or iterations < 1 or iterations % 1:
            raise ValueError(f"found momentum={momentum} and iterations={iterations}, expected 0 to 1 and 1, 2, 3 …")
        weights = list(params)
        super().__init__(weights, **options)
        self._hidden = [weight for weight in weights if weight.ndim > 1][1:-1]
        self._momentum, self._iterations = momentum, int(iterations)  # a setting may be 3.0

    def step(self, closure: Any = None) -> Any:
        """One update."""
        loss = None if closure is None else closure()
        lr, decay = self.param_groups[0]["lr"], self.param_groups[0]["weight_decay"]
        for weight in self._hidden:
            if weight.grad is not None:
                self._move(weight, weight.grad, lr, decay)
                weight.grad = None  # Adam skips what has none
        super().step()
        return loss

    @torch.no_grad()
    def _move(self, weight: nn.Parameter, gradient: Tensor, lr: float, decay: float) -> None:
        state = self.state[weight]
        if not state:  # named as Adam's, which looks for them when a state is loaded
            state["step"], state["exp_avg"] = torch.zeros(()), torch.zeros_like(weight)
        state["step"] += 1
        momentum = state["exp_avg"].mul_(self._momentum).add_(gradient)
        ahead = gradient.add(momentum, alpha=self._momentum).flatten(1)  # (o, i, h, w) → (o, i h w)
        length = ADAM_LENGTH * max(ahead.shape) ** 0.5
        even = orthogonalized(ahead, self._iterations).view_as(weight)  # (o, i h w) → (o, i, h, w)
        weight.mul_(1 - lr * decay).add_(even, alpha=-lr * length)


def orthogonalized(matrix: Tensor, iterations: int) -> Tensor:
    """A matrix (a, b) with its singular vectors kept and its singular values set to about 1, .7 to 1.2."""
    a, b, c = NEWTON_SCHULZ
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    # Rounding moves singular values by less than the polynomial does.
    x = wide.to(precision_on(matrix.device, "bfloat16"))
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(iterations):
        square = x @ x.T
        x = torch.addmm(x, torch.addmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return (x if wide is matrix else x.T).to(matrix.dtype)
