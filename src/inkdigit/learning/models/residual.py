"""Convolutions that learn what to add to their input."""

from torch import Tensor, nn

from inkdigit.images import CLASSES


class ResidualBlock(nn.Module):
    """relu(x + conv3x3(relu(conv3x3(x)))), after He et al., "Deep residual learning", 2016."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, h, w) → the same shape."""
        added: Tensor = self.relu(x + self.conv2(self.relu(self.conv1(x))))
        return added


class Residual(nn.Module):
    """conv 5x5 16, pool, block, conv 5x5 32, pool, block, 10: announced by the article that compares structures.

    41,514 parameters.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 5)
        self.block1 = ResidualBlock(16)
        self.conv2 = nn.Conv2d(16, 32, 5)
        self.block2 = ResidualBlock(32)
        self.pool = nn.MaxPool2d(2)
        self.relu = nn.ReLU()
        self.fc = nn.Linear(32 * 4 * 4, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, 10) of images (n, 1, 28, 28)."""
        x = self.block1(self.relu(self.pool(self.conv1(x))))  # (n, 1, 28, 28) → (n, 16, 12, 12)
        x = self.block2(self.relu(self.pool(self.conv2(x))))  # (n, 16, 12, 12) → (n, 32, 4, 4)
        logits: Tensor = self.fc(x.flatten(1))  # (n, 512) → (n, 10)
        return logits
