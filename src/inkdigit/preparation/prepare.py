"""A picture of one digit → its digit image, without a network: how a user's own pictures become training digits."""

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from inkdigit.errors import ImageError
from inkdigit.images import Grey, Images, Ink, is_digit_image
from inkdigit.preparation.cut import STROKE, Edges, cut_digit
from inkdigit.preparation.ink import Mask, reduce
from inkdigit.preparation.rulings import find_writing

COARSE = 64
"""Pieces of ink are told apart on a grid of at most this many cells a side, where gaps of one cell are bridged."""


def prepare_single(grey: Grey) -> Images:
    """The digit image, uint8 (28, 28), of a picture, uint8 (h, w), that is known to hold one digit.

    Raises:
        ImageError: there is no ink.
    """
    if is_digit_image(grey):
        return grey.copy()
    ink = find_writing(reduce(grey)[0])
    box = main_box(ink)
    if box is None:
        raise ImageError("empty", "found no ink")
    return cut_digit(ink, box)


def main_box(ink: Ink) -> Edges | None:
    """Around the largest piece of ink (h, w), small gaps bridged; None where there is none."""
    strokes = PIL.Image.fromarray(np.asarray((ink > STROKE) * np.uint8(255)))
    scale = min(1.0, COARSE / max(strokes.size))
    size = (max(1, round(strokes.width * scale)), max(1, round(strokes.height * scale)))
    cells = np.asarray(strokes.resize(size, PIL.Image.Resampling.BOX)) > 0
    if not cells.any():
        return None
    labels = _label(cells)
    rows, columns = np.nonzero(labels == np.bincount(labels[cells]).argmax())
    down, across = ink.shape[0] / size[1], ink.shape[1] / size[0]
    x, y = float(columns.min() * across), float(rows.min() * down)
    return x, y, float((columns.max() + 1) * across) - x, float((rows.max() + 1) * down) - y


def _label(cells: Mask) -> NDArray[np.intp]:
    """Marks each piece of True cells (h, w) that touch, corners and gaps of one cell included; 0 elsewhere."""
    labels = np.where(cells, np.arange(1, cells.size + 1).reshape(cells.shape), 0)
    while True:
        spread = labels
        for axis in (0, 1):
            padded = np.pad(spread, [(2, 2) if a == axis else (0, 0) for a in (0, 1)])
            windows = np.lib.stride_tricks.sliding_window_view(padded, 5, axis)
            spread = windows.max(-1)
        spread = np.where(cells, spread, 0)
        if (spread == labels).all():
            return labels
        labels = spread
