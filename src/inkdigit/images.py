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
"""How far a digit's centre of mass may lie from pixel 14, in pixels: it was moved there by whole pixels."""

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
    return grey.shape == (SIZE, SIZE) and bool(are_digit_images(grey[None])[0])


def are_digit_images(images: Images) -> NDArray[np.bool_]:
    """Which of some images (n, 28, 28) are digit images, bool (n,)."""
    first, last = find_ink_box(images)
    is_long = (last - first).max(1, initial=0) + 1 == DIGIT_SIDE
    mass = images.sum((1, 2), dtype=np.int64)
    lines = images.sum(1, dtype=np.int64), images.sum(2, dtype=np.int64)  # (n, 28, 28) → (n, 28) each
    centres = np.stack([line @ np.arange(SIZE) for line in lines], 1) / np.maximum(mass, 1)[:, None]
    is_centred = (np.abs(centres - SIZE / 2) <= CENTRE_TOLERANCE).all(1)
    return np.asarray((images.max((1, 2), initial=0) >= BRIGHT) & is_long & is_centred, np.bool_)


def find_ink_box(images: Images) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first and the last x and y that hold ink, int64 (n, 2) each, of images (n, h, w) that are not blank."""
    columns, rows = np.asarray(images.any(1)), np.asarray(images.any(2))
    first = np.stack([columns.argmax(1), rows.argmax(1)], 1)
    last = np.stack([line.shape[1] - 1 - line[:, ::-1].argmax(1) for line in (columns, rows)], 1)
    return first, last


def draw_one() -> Grey:
    """A picture of a 1, uint8 (64, 64); reading it checks that everything needed for reading is in place."""
    picture = np.full((64, 64), 255, np.uint8)
    picture[12:52, 30:35] = 0
    return picture
