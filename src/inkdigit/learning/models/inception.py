"""Convolutions of several sizes side by side."""

import torch
from torch import Tensor, nn

from inkdigit.images import CLASSES


class InceptionBlock(nn.Module):
    """Four branches joined to 88 channels: 1x1; 1x1, 5x5; 1x1, 3x3, 3x3; mean of 3x3, 1x1. No activation inside.

    After Szegedy et al., "Going deeper with convolutions", 2015.
    """

    WIDTH = 16 + 24 + 24 + 24

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.point = nn.Conv2d(channels, 16, 1)
        self.five = nn.Sequential(nn.Conv2d(channels, 16, 1), nn.Conv2d(16, 24, 5, padding=2))
        self.threes = nn.Sequential(
            nn.Conv2d(channels, 16, 1), nn.Conv2d(16, 24, 3, padding=1), nn.Conv2d(24, 24, 3, padding=1)
        )
        self.mean = nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1), nn.Conv2d(channels, 24, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, h, w) → (n, 88, h, w)."""
        return torch.cat([branch(x) for branch in (self.point, self.five, self.threes, self.mean)], dim=1)


class Inception(nn.Module):
    """conv 5x5 10, pool, block, conv 5x5 20, pool, block, 10: announced by the article that compares structures.

    97,298 parameters.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, 5)
        self.block1 = InceptionBlock(10)
        self.conv2 = nn.Conv2d(InceptionBlock.WIDTH, 20, 5)
        self.block2 = InceptionBlock(20)
        self.pool = nn.MaxPool2d(2)
        self.relu = nn.ReLU()
        self.fc = nn.Linear(InceptionBlock.WIDTH * 4 * 4, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, 10) of images (n, 1, 28, 28)."""
        x = self.block1(self.relu(self.pool(self.conv1(x))))  # (n, 1, 28, 28) → (n, 88, 12, 12)
        x = self.block2(self.relu(self.pool(self.conv2(x))))  # (n, 88, 12, 12) → (n, 88, 4, 4)
        logits: Tensor = self.fc(x.flatten(1))  # (n, 1408) → (n, 10)
        return logits
