"""What a locator's maps should be: peaks at the centres of a page's digits, and their boxes around them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inkdigit.images import CLASSES, Grey
from inkdigit.locator import BOX_SIDES, STRIDE
from inkdigit.synthesis.sheet import Page

SPREAD = 0.11
"""Standard deviation of a centre's peak, as a share of the digit's width and height."""

NARROWEST = 0.55
"""Standard deviation of the narrowest peak, in cells."""

NEAR = 0.5
"""Cells where a peak is at least this high also hold its box."""

LEAST_DEVIATION = 4.0
"""Smallest divisor, in grey values of 255, so that an even page is not stretched until its noise looks like ink."""


@dataclass(frozen=True)
class Targets:
    """What the maps should be for n pages, or for a single one, without the dimension n.

    Attributes:
        centres: float32 (n, 10, h, w), 1 at a centre, falling off around it.
        boxes: float32 (n, 4, h, w), as in ``inkdigit.locator``; valid where ``near`` is not 0.
        near: float32 (n, 1, h, w), the peak of the digit whose box the cell holds.
        asked: float32 (n, 1, h, w), 0 where the centres do not count, else 1.
    """

    centres: Tensor
    boxes: Tensor
    near: Tensor
    asked: Tensor

    @classmethod
    def stack(cls, pages: "Sequence[Targets]") -> "Targets":
        """The targets of several pages as one."""
        return cls(*(torch.stack([getattr(page, field.name) for page in pages]) for field in fields(cls)))

    def to(self, device: torch.device) -> "Targets":
        """The same on a device."""
        return Targets(*(getattr(self, field.name).to(device) for field in fields(self)))


def standardize(grey: Grey) -> NDArray[np.float32]:
    """A grey page → float32 of mean 0 and deviation 1."""
    values = grey.astype(np.float32)
    return np.asarray((values - values.mean()) / np.float32(max(float(values.std()), LEAST_DEVIATION)), np.float32)


def draw_targets(page: Page, offset: tuple[int, int], side: int) -> Targets:
    """The maps of one page that lies at an offset x, y within a square of that side, in pixels."""
    cells = side // STRIDE
    centres = np.zeros((CLASSES, cells, cells), np.float32)
    boxes = np.zeros((BOX_SIDES, cells, cells), np.float32)
    near = np.zeros((1, cells, cells), np.float32)
    asked = np.ones((1, cells, cells), np.float32)
    places = np.arange(cells, dtype=np.float32)
    for box in page.ignored:
        left, top = (int(max(edge, 0) / STRIDE) for edge in box[:2] + offset)
        right, bottom = (int(edge / STRIDE) + 1 for edge in box[:2] + box[2:] + offset)
        asked[0, top:bottom, left:right] = 0
    for (x, y, width, height), label in zip(page.boxes, page.labels, strict=True):
        middle_x, middle_y = ((x + width / 2 + offset[0]) / STRIDE - 0.5, (y + height / 2 + offset[1]) / STRIDE - 0.5)
        column, row = (round(min(max(float(middle), 0), cells - 1)) for middle in (middle_x, middle_y))
        # The peak stands on the cell nearest to the centre, so that there is one cell of exactly 1.
        peak = _bell(places - row, height)[:, None] * _bell(places - column, width)[None]
        np.maximum(centres[label], peak, out=centres[label])
        asked[0, row, column] = 1
        mine = (peak >= NEAR) & (peak > near[0])
        near[0][mine] = peak[mine]
        boxes[0][mine], boxes[1][mine] = np.log(width), np.log(height)
        boxes[2][mine] = np.broadcast_to(middle_x - places[None], peak.shape)[mine]
        boxes[3][mine] = np.broadcast_to(middle_y - places[:, None], peak.shape)[mine]
    return Targets(*(torch.from_numpy(maps) for maps in (centres, boxes, near, asked)))


def _bell(distance: NDArray[np.float32], length: float) -> NDArray[np.float32]:
    """1 at no distance, in cells, falling off with the length of a digit's side, in pixels."""
    spread = np.float32(max(NARROWEST, SPREAD * length / STRIDE))
    return np.asarray(np.exp(-0.5 * (distance / spread) ** 2), np.float32)
