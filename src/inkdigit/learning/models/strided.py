"""A convolutional network that makes its image small at once, so that a step costs next to nothing."""

from torch import Tensor, nn
from torch.nn import functional

from inkdigit.images import CLASSES, SIZE


class Strided(nn.Module):
    """A 5x5 convolution that moves by two pixels, a 3x3 one, pooling, and one hidden layer.

    The first layer has a quarter of the positions of an unstrided one, so that each step passes over a quarter of the
    memory, which is what small networks wait for.
    """

    def __init__(self, widths: tuple[int, ...] = (16, 24), hidden: int = 128, classes: int = CLASSES) -> None:
        super().__init__()
        first, second = widths
        self.conv1 = nn.Conv2d(1, first, 5, stride=2, padding=2)
        self.conv2 = nn.Conv2d(first, second, 3)
        side = (SIZE // 2 - 2) // 2
        self.hidden = nn.Linear(second * side * side, hidden)
        self.head = nn.Linear(hidden, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, classes) of images (n, 1, 28, 28)."""
        x = functional.relu(self.conv1(x))  # (n, 1, 28, 28) → (n, a, 14, 14)
        x = functional.max_pool2d(self.conv2(x), 2)  # (n, a, 14, 14) → (n, b, 6, 6)
        x = functional.relu(x).flatten(1)  # (n, b, 6, 6) → (n, 36 b)
        x = functional.relu(self.hidden(x))  # (n, 36 b) → (n, hidden)
        logits: Tensor = self.head(x)
        return logits
