"""Ink → the boxes of digits, line by line: connected components, joined where a stroke broke.

A short and plain locator: it does not part digits that touch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigit.errors import ImageError
from inkdigit.images import Ink
from inkdigit.preparation.box import Box

Mask: TypeAlias = NDArray[np.uint8]
"""Where ink is, uint8 (h, w), 0 or 1."""

INK_THRESHOLD = 0.3
MAX_BLOBS = 8000
"""More pieces of ink are no page of digits, and would cost minutes."""

MIN_SIDE = 5
"""Fewer pixels are no digit."""

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

    Raises:
        ImageError: too many pieces of ink.
    """
    mask = _without_rulings((ink > INK_THRESHOLD).astype(np.uint8))
    parts = _without_frames(_components(mask)[1], ink.shape)
    labels, blobs = _components(_close(mask, round(GRAIN * _typical_height(parts))))
    blobs = _without_frames(blobs, ink.shape)
    blobs = _without_specks(blobs)
    if len(blobs) > MAX_BLOBS:
        raise ImageError("too_complex", f"found {len(blobs)} pieces of ink, at most {MAX_BLOBS} are read; cut it up")
    blobs = _join_fragments(blobs)
    blobs = _without_scraps(blobs, ink.shape)
    return [[(blob.box, _cut(ink, labels, blob)) for blob in line] for line in _lines(blobs)]


def _without_rulings(mask: Mask) -> Mask:
    """Erases thin lines that run from edge to edge, across and down, also where digits touch them."""
    across, down = _rulings(mask), _rulings(np.ascontiguousarray(mask.T)).T
    return np.asarray(mask * (1 - np.maximum(across, down)), np.uint8)


def _rulings(mask: Mask) -> Mask:
    """The lines that run from the left edge to the right one."""
    height, width = mask.shape
    runs = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, max(3, width // 8)), np.uint8))
    labels, blobs = _components(np.asarray(runs, np.uint8))
    areas = np.bincount(labels.ravel(), minlength=len(blobs) + 1)
    lines = [
        blob.labels[0]
        for blob in blobs
        if blob.box.x <= 0.02 * width
        and blob.box.x + blob.box.width >= 0.98 * width
        and areas[blob.labels[0]] < 0.02 * height * width
    ]
    return np.isin(labels, lines).astype(np.uint8)


def _components(mask: Mask) -> tuple[NDArray[np.int32], list[Blob]]:
    n, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    boxes = [Box(*(int(value) for value in stats[label, :4])) for label in range(1, n)]
    return np.asarray(labels, np.int32), [Blob(box, (label,)) for label, box in enumerate(boxes, start=1)]


def _close(mask: Mask, reach: int) -> Mask:
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

    rest = [blob for blob in blobs if not is_frame(blob.box)]
    return rest if any(_side(blob) >= MIN_SIDE for blob in rest) else list(blobs)  # a lone 0 may fill its picture


def _without_specks(blobs: Sequence[Blob]) -> list[Blob]:
    """Drops dots that are far smaller than the rest, or too small to be read: they are dirt."""
    least = max(MIN_SIDE, 0.06 * max(map(_side, blobs), default=0))
    return [blob for blob in blobs if _side(blob) >= least]


def _side(blob: Blob) -> int:
    """The longer side of its box."""
    return max(blob.box.width, blob.box.height)


def _join_fragments(blobs: Sequence[Blob]) -> list[Blob]:
    """Joins what a broken stroke left apart, pass by pass until nothing is left to join."""
    joined = sorted(blobs, key=lambda blob: blob.box.height)
    while len(once := _join_once(joined, _typical_height(joined))) < len(joined):
        joined = sorted(once, key=lambda blob: blob.box.height)
    return joined


def _join_once(blobs: Sequence[Blob], typical: float) -> list[Blob]:
    """One pass, the smallest first, each to the nearest that it belongs to.

    A part belongs to a neighbour over or under it that lies a pen's width away, or to one beside it if it is far
    smaller than a digit.
    """
    joined: list[Blob | None] = list(blobs)
    edges = np.array([_edges(blob.box) for blob in blobs], np.float64).reshape(-1, 4)
    for index, part in enumerate(blobs):
        gaps = np.maximum(edges[:, :2], edges[index, :2]) - np.minimum(edges[:, 2:], edges[index, 2:])  # (k, 2): x, y
        is_near = _belong_together(edges[index], edges, gaps, typical)
        is_near[index] = False
        if is_near.any():
            nearest = int(np.where(is_near, np.maximum(gaps, 0).max(1), np.inf).argmin())
            joined[nearest] = (joined[nearest] or part).union(joined[index] or part)
            edges[nearest] = _edges(joined[nearest].box)  # type: ignore[union-attr]
            joined[index], edges[index] = None, np.nan
    return [blob for blob in joined if blob is not None]


def _edges(box: Box) -> tuple[int, int, int, int]:
    return box.x, box.y, box.x + box.width, box.y + box.height


def _belong_together(
    part: NDArray[np.float64], others: NDArray[np.float64], gaps: NDArray[np.float64], typical: float
) -> NDArray[np.bool_]:
    """Which of the boxes (k, 4) a part (4,) may be joined to, bool (k,); edges are left, top, right, bottom."""
    width, height = part[2:] - part[:2]
    across, down = gaps.T
    whole_width, whole_height = (np.maximum(others[:, 2:], part[2:]) - np.minimum(others[:, :2], part[:2])).T
    is_over = -across > 0.4 * np.minimum(width, others[:, 2] - others[:, 0])
    # A break within a stroke is narrow: lines of writing lie farther apart.
    is_break = (down < 0.08 * typical) & (whole_height < 2.2 * typical) & (whole_width < 1.2 * whole_height)
    # What is as tall as its neighbours is a digit of its own.
    is_fragment = (height <= 0.65 * typical) & (whole_height <= 1.35 * typical)
    is_beside = (across < 0.1 * typical) & (down < 0.1 * typical) & (whole_width < 1.2 * typical)
    result: NDArray[np.bool_] = (is_over & is_break) | (is_fragment & (is_beside | (is_over & (down < 0.25 * typical))))
    return result


def _typical_height(blobs: Sequence[Blob]) -> float:
    """The height of a digit: the median over the taller half, so that fragments do not count."""
    heights = sorted((blob.box.height for blob in blobs), reverse=True)
    return median(heights[: (len(heights) + 1) // 2]) if heights else 0


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
