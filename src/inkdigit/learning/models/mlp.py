"""A fully connected network."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from inkdigit.images import CLASSES, SIZE


class MLP(nn.Module):
    """784 → hidden layers with ReLU → 10; (30, 30) is the article "fully connected network" (24,790 parameters)."""

    def __init__(self, hidden: Sequence[int] = (30, 30)) -> None:
        super().__init__()
        widths = (SIZE * SIZE, *hidden)
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise(widths):
            layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, 10) of images (n, 1, 28, 28)."""
        logits: Tensor = self.layers(x.flatten(1))  # (n, 1, 28, 28) → (n, 784) → (n, 10)
        return logits
