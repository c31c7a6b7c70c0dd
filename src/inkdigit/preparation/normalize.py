"""Ink of one digit → a digit image, as MNIST's were made.

Measured on MNIST's 60,000 training images: the longer side of the ink box is 20 pixels, the centre of mass lies
at pixel 14 within half a pixel (whole-pixel shifts), the brightest pixel is 250 or more.
Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits".
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inkdigit.images import DIGIT_SIDE, SIZE, Grey, Images, Ink

FAINT = 12 / 255
"""Rows and columns at a digit's border with no more ink than this are paper, and are cut off."""


def normalize(ink: Ink) -> Images:
    """A digit's ink, float32 (h, w), cut to its box or wider → uint8 (28, 28); all 0 where there is none."""
    rows, columns = (np.flatnonzero((ink > FAINT).any(axis)) for axis in (1, 0))
    if not len(rows):
        return np.zeros((SIZE, SIZE), np.uint8)
    small = _shrink(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    return _centre(np.round(small * (255 / small.max())).astype(np.uint8))


def normalize_grey(grey: Grey) -> Images:
    """A digit that is bright on an even, dark ground, uint8 (h, w) → uint8 (28, 28)."""
    return normalize(np.asarray(grey / 255, np.float32))


def _shrink(ink: Ink) -> NDArray[np.float32]:
    """Scales to 20 pixels along the longer side, keeping the aspect ratio; averages areas where that shrinks."""
    height, width = ink.shape
    scale = DIGIT_SIDE / max(height, width)
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    return _average(ink, rows, columns) if scale < 1 else _enlarge(ink, rows, columns)


def _average(ink: Ink, rows: int, columns: int) -> NDArray[np.float32]:
    """Means over equal areas."""
    wide = _average_rows(ink, rows)  # (h, w) → (rows, w)
    return _average_rows(np.ascontiguousarray(wide.T), columns).T  # (w, rows) → (rows, columns)


def _average_rows(ink: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """Means (n, w) over equal parts of a height: whole rows are summed, and rows that two parts share are split.

    A product of matrices would give the same, but for digits of this size BLAS starts threads that mostly wait.
    """
    edges = np.linspace(0, len(ink), n + 1)
    first = edges.astype(np.intp)
    sums = np.add.reduceat(ink, first[:-1], axis=0)
    before = (edges - first).astype(np.float32)[:, None] * ink[np.minimum(first, len(ink) - 1)]  # (n + 1, w)
    sums += before[1:] - before[:-1]
    return np.asarray(sums * np.float32(n / len(ink)), np.float32)


def _enlarge(ink: Ink, rows: int, columns: int) -> NDArray[np.float32]:
    return np.array(Image.fromarray(ink).resize((columns, rows), Image.Resampling.BILINEAR), np.float32)


def _centre(small: Grey) -> Images:
    """Pastes a digit so that its centre of mass lies at pixel 14, by whole pixels, never beyond the border."""
    height, width = small.shape
    mass = small.astype(np.float64)
    y = (mass.sum(1) @ np.arange(height)) / mass.sum()
    x = (mass.sum(0) @ np.arange(width)) / mass.sum()
    top = min(max(round(SIZE / 2 - y), 0), SIZE - height)
    left = min(max(round(SIZE / 2 - x), 0), SIZE - width)
    image = np.zeros((SIZE, SIZE), np.uint8)
    image[top : top + height, left : left + width] = small
    return image
