"""The vocabulary of images: sizes, types, the letters of shapes, checks.

Letters of shapes: n images, c channels, h height, w width, k digits found in a picture.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

SIZE = 28
"""Height and width of a digit image, in pixels."""

DIGIT_SIDE = 20
"""The longer side of a digit's box within its image, in pixels."""

BRIGHT = 250
"""The brightest pixel of a digit image is at least this."""

CENTRE_TOLERANCE = 0.55
"""How far the centre of mass of a digit may lie from pixel 14: it was put there by whole pixels."""

CLASSES = 10
"""Digits 0 to 9."""

Images: TypeAlias = NDArray[np.uint8]
"""Digit images, uint8 (n, 28, 28), ink bright on 0."""

Labels: TypeAlias = NDArray[np.int64]
"""Class indices, int64 (n,)."""

Grey: TypeAlias = NDArray[np.uint8]
"""A grey picture, uint8 (h, w)."""

Ink: TypeAlias = NDArray[np.float32]
"""How much ink a pixel holds, float32 (h, w), 0 paper to 1 ink."""

Probabilities: TypeAlias = NDArray[np.float32]
"""Class probabilities, float32 (n, classes), rows sum to 1."""


def check_images(images: NDArray[Any]) -> Images:
    """Returns images as a contiguous uint8 (n, 28, 28) array.

    Raises:
        ValueError: another type or shape; nothing is converted silently.
    """
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (SIZE, SIZE):
        raise ValueError(
            f"found an array of {images.dtype} {images.shape}, expected uint8 (n, {SIZE}, {SIZE}): "
            "ink bright on 0; use inkdigit.read for pictures of any other kind"
        )
    return np.ascontiguousarray(images)


def is_digit_image(grey: Grey) -> bool:
    """Whether a picture already is a digit image as MNIST's are: 28x28, its ink 20 long, centred, and bright."""
    if grey.shape != (SIZE, SIZE) or grey.max() < BRIGHT:
        return False
    rows, columns = (np.flatnonzero(grey.any(axis)) for axis in (1, 0))
    if max(np.ptp(rows), np.ptp(columns)) + 1 != DIGIT_SIDE:
        return False
    mass = grey.astype(np.float64) / grey.sum(dtype=np.float64)
    centre = np.arange(SIZE) @ mass.sum(1), np.arange(SIZE) @ mass.sum(0)
    return all(abs(position - SIZE / 2) <= CENTRE_TOLERANCE for position in centre)
