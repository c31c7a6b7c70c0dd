"""Softmax regression: one linear layer on the pixels."""

from torch import Tensor, nn

from inkdigit.images import CLASSES, SIZE


class Softmax(nn.Module):
    """784 → 10, the linear classifier of LeCun et al. 1998 trained by cross entropy (7,850 parameters)."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(SIZE * SIZE, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, 10) of images (n, 1, 28, 28)."""
        logits: Tensor = self.linear(x.flatten(1))  # (n, 1, 28, 28) → (n, 784) → (n, 10)
        return logits
