"""A fully convolutional network that marks the centres of digits on a page."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from inkdigit.images import CLASSES
from inkdigit.locator import BOX_SIDES

RARE = 0.01
"""Probability of a centre in any cell before training."""


class Centres(nn.Module):
    """Residual blocks at a quarter of the page's size, at an eighth, and at a quarter again; maps of centres and boxes.

    After Zhou, Wang, Krähenbühl, "Objects as points", 2019; going down and up again is after Ronneberger, Fischer,
    Brox, "U-Net", 2015. Takes pages of any size. By default: 988,000 parameters, and a cell sees 193 pixels across.

    Args:
        widths: channels at a half, a quarter and an eighth of the page's size.
        depths: blocks at a quarter, at an eighth (all but the first and the last are dilated), and at a quarter again.
        classes: how many kinds of centres.
    """

    def __init__(
        self, widths: Sequence[int] = (24, 64, 112), depths: Sequence[int] = (1, 3, 2), classes: int = CLASSES
    ) -> None:
        super().__init__()
        half, quarter, eighth = widths
        fine, coarse, last = depths
        self.fine = nn.Sequential(
            *_convolution(1, half, 5, 2), *_convolution(half, quarter, 3, 2), *(_Block(quarter) for _ in range(fine))
        )
        self.coarse = nn.Sequential(
            *_convolution(quarter, eighth, 3, 2),
            *(_Block(eighth, 2 if 0 < place < coarse - 1 else 1) for place in range(coarse)),
            nn.Conv2d(eighth, quarter, 1),
        )
        self.last = nn.Sequential(nn.ReLU(), *(_Block(quarter) for _ in range(last)))
        self.head = nn.Conv2d(quarter, classes + BOX_SIDES, 1)
        with torch.no_grad():
            self.head.bias[:classes] = -math.log(1 / RARE - 1)  # type: ignore[index]

    def forward(self, x: Tensor) -> Tensor:
        """Maps (n, classes + 4, h/4, w/4) of pages (n, 1, h, w): logits of centres, then boxes as a locator's."""
        x = self.fine(x)  # (n, 1, h, w) → (n, c, h/4, w/4)
        around = functional.interpolate(self.coarse(x), scale_factor=2.0)  # (n, c, h/8, w/8) → (n, c, h/4, w/4)
        around = around[:, :, : x.shape[2], : x.shape[3]]  # an odd number of cells was rounded up
        maps: Tensor = self.head(self.last(x + around))  # (n, c, h/4, w/4) → (n, classes + 4, h/4, w/4)
        return maps


class _Block(nn.Module):
    """Two 3x3 convolutions that learn what to add to their input."""

    def __init__(self, width: int, dilation: int = 1) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation, bias=False), nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation, bias=False), nn.BatchNorm2d(width),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """Maps (n, width, h, w) → the same shape."""
        return torch.relu(x + self.change(x))


def _convolution(fan_in: int, fan_out: int, size: int, stride: int) -> list[nn.Module]:
    # No bias: the batch norm that follows has one.
    convolution = nn.Conv2d(fan_in, fan_out, size, stride=stride, padding=size // 2, bias=False)
    return [convolution, nn.BatchNorm2d(fan_out), nn.ReLU()]
