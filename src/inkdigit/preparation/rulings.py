"""Printed lines are no ink: what runs thin and straight from one edge of a picture to the other is taken away."""

import math
from collections.abc import Iterator

import numpy as np

from inkdigit.images import Grey, Ink
from inkdigit.preparation.course import Course, PrintedLine
from inkdigit.preparation.cut import STROKE
from inkdigit.preparation.ink import Mask, find_ink

PARTS = 12
"""The picture's width is divided into this many parts to look for lines."""

SEEN = 10
"""In how many of these parts, at least, a line is present."""

FILLED = 0.8
"""A part contains a line if this share of its width is ink, in one row or a few."""

TILT = 0.06
"""It rises or falls by no more than this share of the picture's width."""

THICKNESS = 0.02
"""It is no thicker than this share of the picture's height, and a pixel in any case."""

LEAST = 8
"""No line is looked for in parts of fewer pixels, which are no wider than a stroke is long."""

MOST = 40
"""A part in which there are more lines than this has no rulings."""


def find_writing(grey: Grey) -> Ink:
    """The ink of a picture, uint8 (h, w), that somebody wrote: float32 (h, w), 0..1, without printed lines."""
    return erase_rulings(find_ink(grey))


def erase_rulings(ink: Ink) -> Ink:
    """Ink, float32 (h, w), without the printed lines that cross it from edge to edge, across and down.

    Strokes that cross a line keep their ink; what a stroke shares with a line along its way is lost.
    """
    erased = ink.copy()
    for view in (erased, erased.T):  # both are the same pixels
        for ruling in find_rulings(view):
            _erase(view, ruling)
    return erased


def find_rulings(ink: Ink) -> list[PrintedLine]:
    """The lines that run from the left edge of ink (h, w) to the right one, from top to bottom."""
    height, width = ink.shape
    size = width // PARTS
    if size < LEAST:
        return []
    strokes = ink > STROKE
    if np.count_nonzero(strokes.any(0)) < SEEN * FILLED * size:  # as most pictures of a digit: no line runs through
        return []
    strokes = thicken(strokes, math.ceil(0.03 * size))
    share = strokes[:, : size * PARTS].reshape(height, PARTS, size).mean(2)  # (h, w) → (h, parts)
    filled = share >= FILLED
    if filled.any(0).sum() < SEEN:
        return []
    middles, limit = (np.arange(PARTS) + 0.5) * size, max(1, round(THICKNESS * height))
    found: list[PrintedLine] = []
    for left, right in ((0, PARTS - 1), (1, PARTS - 2)):
        for first in _rows(filled[:, left]):
            for last in _rows(filled[:, right]):
                slope = (last - first) / (middles[right] - middles[left])
                ruling = PrintedLine(first - slope * middles[left], slope, 0, width, limit)
                rows = np.clip(np.rint(ruling.at(middles)).astype(int), 0, height - 1)
                is_new = all(abs(ruling.start - other.start) > 3 for other in found)
                if is_new and abs(slope) <= TILT and filled[rows, np.arange(PARTS)].sum() >= SEEN:
                    found.append(ruling)
    return sorted(found, key=lambda ruling: ruling.start)


def thicken(strokes: Mask, reach: int) -> Mask:
    """Strokes (h, w), each pixel also above and below, so that a tilted line fills a row."""
    thick = strokes.copy()
    for step in range(1, reach + 1):
        thick[step:] |= strokes[:-step]
        thick[:-step] |= strokes[step:]
    return thick


def _rows(filled: Mask) -> Iterator[float]:
    """The middle of each run of True in (h,); none where there are too many."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], filled, [False]]).astype(np.int8)))
    middles = (edges[::2] + edges[1::2] - 1) / 2
    yield from (float(middle) for middle in middles) if len(middles) <= MOST else ()


def _erase(ink: Ink, ruling: PrintedLine) -> None:
    """Erases a line, in place, wherever it is hardly thicker than usual; strokes that cross it stay."""
    course = Course(ink, ruling, off=2, least=STROKE)
    if course.usual <= ruling.thickness:
        course.erase(ink, course.is_thin)
