"""A fully convolutional network that marks the centres of digits on a page."""

import math

import torch
from torch import Tensor, nn

from inkdigit.images import CLASSES
from inkdigit.locator import BOX_SIDES

RARE = 0.01
"""How likely a centre is in any cell, before anything is learnt."""


class Centres(nn.Module):
    """Two strided convolutions, residual blocks of which some are dilated, and maps of centres and boxes.

    After Zhou, Wang, Krähenbühl, "Objects as points", 2019. Any page will do; with 48 channels and five blocks:
    220,000 parameters, and a cell sees 137 pixels across.
    """

    def __init__(self, width: int = 48, blocks: int = 5, classes: int = CLASSES) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, width // 2, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(width // 2), nn.ReLU(),
            nn.Conv2d(width // 2, width, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
        )  # fmt: skip
        self.blocks = nn.Sequential(*(_Block(width, 2 if 0 < place < blocks - 1 else 1) for place in range(blocks)))
        self.head = nn.Conv2d(width, classes + BOX_SIDES, 1)
        with torch.no_grad():
            self.head.bias[:classes] = -math.log(1 / RARE - 1)  # type: ignore[index]

    def forward(self, x: Tensor) -> Tensor:
        """Maps (n, classes + 4, h/4, w/4) of pages (n, 1, h, w): logits of centres, then boxes as a locator's."""
        x = self.blocks(self.stem(x))  # (n, 1, h, w) → (n, width, h/4, w/4)
        maps: Tensor = self.head(x)  # (n, width, h/4, w/4) → (n, classes + 4, h/4, w/4)
        return maps


class _Block(nn.Module):
    """Two 3x3 convolutions that learn what to add to their input."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation, bias=False), nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation, bias=False), nn.BatchNorm2d(width),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """Maps (n, width, h, w) → the same shape."""
        return torch.relu(x + self.change(x))
