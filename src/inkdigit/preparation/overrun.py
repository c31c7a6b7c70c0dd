"""How much of a digit's ink goes on beyond its box: a piece of something larger is no digit."""

import math

import numpy as np
from numpy.typing import NDArray

from inkdigit.images import Ink
from inkdigit.preparation.cut import Edges, find_near
from inkdigit.preparation.ink import Mask

FIRM = 0.5
"""A pixel with more ink than this belongs to a stroke."""

AROUND = 0.1
"""How far beyond the box ink is looked for, as a share of the box's longer side."""

DETAIL = 40
"""A box is sampled with at least about this many pixels along its longer side, if it has them."""

FAR = 3
"""A stroke may leave a box at a slant: its way to the outermost line may be this many times the margin."""

LEVEL = 0.15
"""Ink that goes on to the left and to the right at one height, to within this share of the box's, is a ruling."""


def measure_overrun(ink: Ink, box: Edges, others: NDArray[np.float32]) -> float:
    """The ink around a box that its own strokes reach and run through, as a share of the ink within.

    What ends there does not count, since the box may be a little wrong; nor do rulings, nor what lies in the boxes of
    other digits, which may touch.

    Args:
        ink: float32 (h, w), 0..1.
        box: around a digit.
        others: float32 (k, 4), the other boxes: x, y, width, height.
    """
    x, y, width, height = box
    side = max(width, height)
    margin, step = max(2.0, AROUND * side), max(1, int(side / DETAIL))
    left, top = max(0, int(x - margin)), max(0, int(y - margin))
    # A box may lie wholly beyond the left or the upper edge: a negative end would count from the other one.
    right, bottom = max(left, math.ceil(x + width + margin)), max(top, math.ceil(y + height + margin))
    strokes = ink[top:bottom:step, left:right:step] > FIRM
    rows = np.arange(top, min(bottom, ink.shape[0]), step)[:, None]
    columns = np.arange(left, min(right, ink.shape[1]), step)[None]
    within = (rows >= y) & (rows < y + height) & (columns >= x) & (columns < x + width)
    beyond = strokes & ~within
    for one in others[find_near(others, (x - margin, y - margin, x + width + margin, y + height + margin))]:
        beyond &= ~((rows >= one[1]) & (rows < one[1] + one[3]) & (columns >= one[0]) & (columns < one[0] + one[2]))
    if not beyond.any():
        return 0.0
    steps = round(FAR * margin / step) + 1
    reached = _spread(strokes & within, beyond, steps) & beyond
    reached = _spread(reached & _outermost(reached.shape, (top, left), (bottom, right), ink.shape), reached, steps)
    at_left, at_right = reached & (columns < x), reached & (columns >= x + width)
    if at_left.any() and at_right.any():
        levels = [float(np.broadcast_to(rows, side_mask.shape)[side_mask].mean()) for side_mask in (at_left, at_right)]
        if abs(levels[0] - levels[1]) < LEVEL * height:
            reached &= ~(at_left | at_right)
    return float(reached.sum() / max(int((strokes & within).sum()), 1))


def _outermost(shape: tuple[int, ...], start: tuple[int, int], end: tuple[int, int], whole: tuple[int, ...]) -> Mask:
    """The outermost lines of a window (h, w), but not at the edge of the picture, beyond which nothing goes on."""
    outer = np.zeros(shape, np.bool_)
    for lines, first, last, length in zip((outer, outer.T), start, end, whole, strict=True):
        if len(lines):
            lines[0] |= first > 0
            lines[-1] |= last < length
    return outer


def _spread(seeds: Mask, ground: Mask, steps: int) -> Mask:
    """Seeds (h, w), and the ground reached from them within ``steps`` moves to a neighbour, diagonals included."""
    reached = seeds
    for _ in range(steps):
        padded = np.pad(reached, 1)
        wide = padded[:, :-2] | padded[:, 1:-1] | padded[:, 2:]
        grown = seeds | (ground & (wide[:-2] | wide[1:-1] | wide[2:]))
        if (grown == reached).all():
            break
        reached = grown
    return reached
