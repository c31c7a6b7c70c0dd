"""Ink → the boxes of digits, line by line: connected components, joined where a stroke broke.

A short and plain locator: it does not part digits that touch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigit.images import Ink
from inkdigit.preparation.box import Box

INK_THRESHOLD = 0.3
GRAIN = 0.045
"""Gaps of this share of a digit's height lie within a stroke, not between two digits."""


@dataclass(frozen=True)
class Blob:
    """Connected ink that may be a digit.

    Attributes:
        box: around it.
        labels: the components of the label map that it is made of.
    """

    box: Box
    labels: tuple[int, ...]

    def union(self, other: "Blob") -> "Blob":
        """Both as one."""
        return Blob(self.box.union(other.box), self.labels + other.labels)


def locate(ink: Ink) -> list[list[tuple[Box, Ink]]]:
    """Finds digits.

    Args:
        ink: float32 (h, w), 0..1.

    Returns:
        Lines from top to bottom, each a list from left to right of a box and the ink (box height, box width)
        that belongs to it: what reaches in from a neighbour is left out.
    """
    mask = _without_rulings((ink > INK_THRESHOLD).astype(np.uint8))
    parts = _without_frames(_components(mask)[1], ink.shape)
    labels, blobs = _components(_close(mask, round(GRAIN * _typical_height(parts))))
    blobs = _without_frames(blobs, ink.shape)
    blobs = _join_fragments(_without_specks(blobs))
    blobs = _without_scraps(blobs, ink.shape)
    return [[(blob.box, _cut(ink, labels, blob)) for blob in line] for line in _lines(blobs)]


def _without_rulings(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Erases thin lines that run from edge to edge, across and down, also where digits touch them."""
    for turned in (mask, mask.T):
        height, width = turned.shape
        runs = cv2.morphologyEx(turned, cv2.MORPH_OPEN, np.ones((1, max(3, width // 8)), np.uint8))
        n, labels, stats, _ = cv2.connectedComponentsWithStats(runs, connectivity=8)
        for label in range(1, n):
            x, _, length, _, area = (int(value) for value in stats[label])
            if x <= 0.02 * width and x + length >= 0.98 * width and area < 0.02 * height * width:
                turned[labels == label] = 0
    return mask


def _components(mask: NDArray[np.uint8]) -> tuple[NDArray[np.int32], list[Blob]]:
    n, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    boxes = [Box(*(int(value) for value in stats[label, :4])) for label in range(1, n)]
    return np.asarray(labels, np.int32), [Blob(box, (label,)) for label, box in enumerate(boxes, start=1)]


def _close(mask: NDArray[np.uint8], reach: int) -> NDArray[np.uint8]:
    """Bridges gaps of up to twice ``reach`` pixels, as chalk and worn pens leave them."""
    if reach < 1:
        return mask
    return np.asarray(
        cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)), np.uint8
    )


def _without_frames(blobs: Sequence[Blob], shape: tuple[int, ...]) -> list[Blob]:
    """Drops rulings, paper edges and frames: they run along the picture, or fill it from edge to edge."""
    height, width = shape

    def is_frame(box: Box) -> bool:
        is_ruling = box.width > 0.3 * width and box.height < 0.08 * box.width
        is_margin = box.height > 0.7 * height and box.width < 0.03 * box.height
        is_border = box.width > 0.95 * width and box.height > 0.95 * height
        return is_ruling or is_margin or is_border

    return [blob for blob in blobs if not is_frame(blob.box)] or list(blobs)


def _without_specks(blobs: Sequence[Blob]) -> list[Blob]:
    """Drops dots far smaller than the rest: they are dirt."""
    size = max((max(blob.box.width, blob.box.height) for blob in blobs), default=0)
    return [blob for blob in blobs if max(blob.box.width, blob.box.height) > 0.06 * size]


def _join_fragments(blobs: Sequence[Blob]) -> list[Blob]:
    """Joins what a broken stroke left apart, the nearest and smallest first.

    A part belongs to a neighbour over or under it that lies a pen's width away, or to one beside it if it is
    far smaller than a digit.
    """
    joined = sorted(blobs, key=lambda blob: blob.box.height)
    i = 0
    while i < len(joined):
        typical = _typical_height(joined)
        others = [(_distance(joined[i].box, other.box), j) for j, other in enumerate(joined) if j != i]
        near = [(d, j) for d, j in others if _belong_together(joined[i].box, joined[j].box, typical)]
        if near:
            joined[min(near)[1]] = joined[i].union(joined[min(near)[1]])
            del joined[i]
            joined.sort(key=lambda blob: blob.box.height)
            i = 0
        else:
            i += 1
    return joined


def _typical_height(blobs: Sequence[Blob]) -> float:
    """The height of a digit: the median over the taller half, so that fragments do not count."""
    heights = sorted((blob.box.height for blob in blobs), reverse=True)
    return median(heights[: (len(heights) + 1) // 2]) if heights else 0


def _distance(a: Box, b: Box) -> float:
    """Between the nearest edges of two boxes; 0 where they overlap."""
    return max(0, *a.gaps(b))


def _belong_together(small: Box, large: Box, typical: float) -> bool:
    across, down = small.gaps(large)
    whole = small.union(large)
    is_over = -across > 0.4 * min(small.width, large.width)
    if is_over and down < 0.08 * typical and whole.height < 2.2 * typical and whole.width < 1.2 * whole.height:
        return True  # a break within a stroke: lines of writing lie farther apart
    if small.height > 0.65 * typical or whole.height > 1.35 * typical:
        return False  # as tall as its neighbours: a digit of its own
    is_beside = across < 0.1 * typical and down < 0.1 * typical and whole.width < 1.2 * typical
    return is_beside or (is_over and down < 0.25 * typical)


def _without_scraps(blobs: Sequence[Blob], shape: tuple[int, ...]) -> list[Blob]:
    """Drops what is too small beside the digits, and flat remains along the picture's edge."""
    typical = _typical_height(blobs)
    height, width = shape

    def is_scrap(box: Box) -> bool:
        at_edge = box.x == 0 or box.y == 0 or box.x + box.width == width or box.y + box.height == height
        return box.height < 0.3 * typical or (at_edge and box.height < 0.5 * typical)

    return [blob for blob in blobs if not is_scrap(blob.box)] or list(blobs)


def _lines(blobs: Sequence[Blob]) -> list[list[Blob]]:
    """A digit joins the line whose last digit, to its left, overlaps it most in height."""
    lines: list[list[Blob]] = []
    for blob in sorted(blobs, key=lambda blob: blob.box.x):
        candidates = [line for line in lines if _shares_line(line[-1].box, blob.box)]
        if candidates:
            nearest = min(candidates, key=lambda line: abs(line[-1].box.centre_y - blob.box.centre_y))
            nearest.append(blob)
        else:
            lines.append([blob])
    return sorted(lines, key=lambda line: median(blob.box.centre_y for blob in line))


def _shares_line(left: Box, right: Box) -> bool:
    return -left.gaps(right)[1] > 0.1 * min(left.height, right.height)


def _cut(ink: Ink, labels: NDArray[np.int32], blob: Blob) -> Ink:
    """The blob's own ink, its soft edge included."""
    box = blob.box
    window = (slice(box.y, box.y + box.height), slice(box.x, box.x + box.width))
    own = np.isin(labels[window], blob.labels).astype(np.uint8)
    reach = 2 * max(1, box.height // 40) + 1
    return np.where(cv2.dilate(own, np.ones((reach, reach), np.uint8)) > 0, ink[window], 0).astype(np.float32)
