"""Ink and the rough box of a digit → the digit's own ink."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from inkdigit.images import Images, Ink
from inkdigit.preparation.normalize import normalize
from inkdigit.preparation.thin import thin

Edges: TypeAlias = tuple[float, float, float, float]
"""x, y, width and height in pixels of the ink, not rounded; it may reach beyond."""

REACH = 0.14
"""How far a box may be off, as a share of the digit's longer side."""

STROKE = 0.3
"""As much ink as this belongs to a stroke and not to its soft edge."""

NO_BOXES = np.empty((0, 4), np.float32)


def cut_digit(ink: Ink, box: Edges, others: NDArray[np.float32] = NO_BOXES) -> Images:
    """One digit, uint8 (28, 28), as a network sees it; all 0 where there is no ink.

    Ink nearer to the middle of another digit's box, relative to the box's size, belongs to that digit. Each side of the
    box is moved to where the ink ends; a stroke that goes on beyond reach is a neighbour's or a ruling, and is cut off
    there. Strokes of a heavy pen are thinned.

    Args:
        ink: float32 (h, w), 0..1.
        box: around the digit, more or less.
        others: float32 (k, 4), the boxes of the other digits; those far away do not matter.
    """
    x, y, width, height = box
    reach = max(1.0, REACH * max(width, height))
    left, right = _clip(x - reach, ink.shape[1]), _clip(x + width + reach + 1, ink.shape[1])
    top, bottom = _clip(y - reach, ink.shape[0]), _clip(y + height + reach + 1, ink.shape[0])
    ends = ((int(top == 0), int(bottom == len(ink))), (int(left == 0), int(right == ink.shape[1])))
    window = ink[top:bottom, left:right]
    if any(map(any, ends)):
        window = np.pad(window, ends)  # nothing goes on beyond the edge of the page
    top, left = top - ends[0][0], left - ends[1][0]
    near = find_near(others, (left, top, left + window.shape[1], top + window.shape[0]))
    for other in others[near].tolist():
        window = np.where(_far(box, left, top, window.shape) <= _far(other, left, top, window.shape), window, 0)
    strokes = window > STROKE
    inner = slice(_clip(x - left, window.shape[1]), _clip(x + width - left, window.shape[1]))
    # First only outwards: the bar of a 7 may lie above the box, and tells how wide it is.
    upper, lower = _fit(np.any(strokes[:, inner], 1), y - top, y + height - top, 0)
    first, last = _fit(np.any(strokes[upper:lower], 0), x - left, x + width - left, 2 * reach)
    upper, lower = _fit(np.any(strokes[:, first:last], 1), y - top, y + height - top, 2 * reach)
    return normalize(thin(window[upper:lower, first:last]))


def find_near(boxes: NDArray[np.float32], window: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    """Which boxes (k, 4) overlap a window, given as left, top, right and bottom, bool (k,)."""
    return np.asarray(((boxes[:, :2] < window[2:]) & (boxes[:, :2] + boxes[:, 2:] > window[:2])).all(1), np.bool_)


def _far(box: Edges, left: int, top: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Squared distances (h, w) of a window's pixels from the middle of a box, in units of its half width and height."""
    x, y, width, height = box
    across = (np.arange(left, left + shape[1]) + 0.5 - x) / (width / 2) - 1  # (w,)
    down = (np.arange(top, top + shape[0]) + 0.5 - y) / (height / 2) - 1  # (h,)
    return np.asarray(np.add.outer(down * down, across * across))  # (h,), (w,) → (h, w)


def _clip(edge: float, limit: int) -> int:
    return min(max(round(edge), 0), limit)


def _fit(inked: NDArray[np.bool_], start: float, end: float, reach: float) -> tuple[int, int]:
    """Where a digit begins and ends, given which of n lines hold ink and where it is thought to begin and end."""
    first = _first(inked, _clip(start, len(inked)), reach)
    last = len(inked) - _first(inked[::-1], _clip(len(inked) - end, len(inked)), reach)
    return (max(first - 1, 0), min(last + 1, len(inked))) if first < last else (0, len(inked))


def _first(inked: NDArray[np.bool_], guess: int, reach: float) -> int:
    """The first line of a digit, near to the guess."""
    if guess >= len(inked):
        return max(len(inked) - 1, 0)
    if not inked[guess]:  # inwards, to the first ink
        within = np.flatnonzero(inked[guess : guess + round(reach) + 1])
        return guess + int(within[0]) if len(within) else guess
    empty = np.flatnonzero(~inked[:guess])  # outwards, to the last line with ink
    if len(empty):
        return int(empty[-1]) + 1
    return guess if guess > 1 else 0
