"""What is drawn over the digit, or in its place."""

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inkdigit.evaluation.corruptions.blur import gaussian
from inkdigit.evaluation.corruptions.pixels import Values, to_images, to_values
from inkdigit.images import SIZE, Images

PENS = ((1, 1.0, 0.5), (1, 1.5, 0.75), (1, 2.0, 1.0), (2, 2.0, 1.0), (3, 2.0, 1.0))
"""For each severity: how many lines, their width in pixels, their ink 0..1."""

DASH = 2
"""Length of a dash and of the gap after it, in pixels."""

TOOTH = 4
"""Length of a tooth of a zigzag and its height from valley to peak, in pixels."""

WEAK, STRONG = 3.2, 6.4
"""Slopes from which an edge counts if connected to a strong one, and by itself, in grey values per pixel."""

Rows: TypeAlias = NDArray[np.float64]
"""A height in each image, float64 (n,), in pixels."""

Mask: TypeAlias = NDArray[np.bool_]
"""Which pixels, bool (n, 28, 28)."""


def stripe(images: Images, severity: int, _rng: np.random.Generator) -> Images:
    """Inverts the same number of columns at the left and at the right."""
    columns = (3, 5, 7, 9, 11)[severity - 1]
    striped = images.copy()
    for side in (striped[:, :, :columns], striped[:, :, -columns:]):
        np.subtract(255, side, out=side)
    return striped


def dotted_line(images: Images, severity: int, rng: np.random.Generator) -> Images:
    """Draws dotted lines from the left border to the right one."""
    lines, width, ink = PENS[severity - 1]
    values = to_values(images)
    for _line in range(lines):
        start, end = rng.uniform(0, SIZE - 1, (2, len(images)))
        along, across = _measure(start, end)
        distance = np.where(along % (2 * DASH) < DASH, np.abs(across), np.inf)
        values = np.maximum(values, _stroke(distance, width, ink))
    return to_images(values)


def zigzag(images: Images, severity: int, rng: np.random.Generator) -> Images:
    """Draws zigzag lines that rise or fall by up to 5 pixels."""
    lines, width, ink = PENS[severity - 1]
    values = to_values(images)
    for _line in range(lines):
        start, rise = rng.uniform(0, SIZE - 1, len(images)), rng.uniform(-5, 5, len(images))
        along, across = _measure(start, start + rise)
        teeth = np.abs(along / TOOTH % 2 - 1) * TOOTH - TOOTH / 2
        distance = np.abs(across - teeth) / math.sqrt(2)  # they run at 45 degrees to the axis that it is measured from
        values = np.maximum(values, _stroke(distance, width, ink))
    return to_images(values)


def canny_edges(images: Images, severity: int, _rng: np.random.Generator) -> Images:
    """Replaces ``share`` of the image by its edges (Canny 1986), found after a blur of ``sigma`` pixels."""
    share, sigma = ((0.3, 1.0), (0.6, 1.0), (1.0, 1.0), (1.0, 1.5), (1.0, 2.0))[severity - 1]
    values = to_values(images)
    down, right = _gradient(gaussian(values, sigma))
    steepness = np.hypot(down, right)
    ridge = _is_ridge(steepness, np.arctan2(down, right))
    edges = _connect(ridge & (steepness > STRONG), ridge & (steepness > WEAK))
    return to_images(values * (1 - share) + edges * (255 * share))


def _measure(start: Rows, end: Rows) -> tuple[Values, Values]:
    """How far each pixel lies along and across a line from one border to the other, in pixels, (n, 28, 28) each."""
    rows, columns = np.indices((SIZE, SIZE), dtype=np.float32)
    angle = np.arctan2(end - start, SIZE - 1).astype(np.float32)[:, None, None]  # (n,) → (n, 1, 1)
    below = rows - start.astype(np.float32)[:, None, None]  # (n, 28, 28)
    return columns * np.cos(angle) + below * np.sin(angle), below * np.cos(angle) - columns * np.sin(angle)


def _stroke(distance: Values, width: float, ink: float) -> Values:
    """What a pen of this width leaves at this distance from its path, both in pixels."""
    left: Values = 255 * ink * np.clip(width / 2 + 0.5 - distance, 0, 1)
    return left


def _gradient(values: Values) -> tuple[Values, Values]:
    """The rise downwards and to the right, in grey values per pixel, (n, 28, 28) each (Sobel)."""
    p = np.pad(values, ((0, 0), (1, 1), (1, 1)), mode="edge")  # (n, 28, 28) → (n, 30, 30)
    rows = p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]  # (n, 28, 30)
    columns = p[:, :, :-2] + 2 * p[:, :, 1:-1] + p[:, :, 2:]  # (n, 30, 28)
    return (columns[:, 2:] - columns[:, :-2]) / 8, (rows[:, :, 2:] - rows[:, :, :-2]) / 8


def _is_ridge(steepness: Values, direction: Values) -> Mask:
    """Where no neighbour up or down the slope is steeper, bool (n, 28, 28)."""
    p = np.pad(steepness, ((0, 0), (1, 1), (1, 1)))  # (n, 28, 28) → (n, 30, 30)
    eighth = np.rint(direction / (np.pi / 4)).astype(int) % 4  # a slope and its opposite are one
    ridge = np.zeros(steepness.shape, bool)
    for number, (y, x) in enumerate(((0, 1), (1, 1), (1, 0), (1, -1))):
        before, after = _shifted(p, -y, -x), _shifted(p, y, x)
        # Of two that are equal one is kept, so that an edge between two rows is one pixel wide.
        ridge |= (eighth == number) & (steepness > before) & (steepness >= after)
    return ridge


def _connect(strong: Mask, weak: Mask) -> Mask:
    """The strong pixels, and the weak ones that are connected to them."""
    while True:
        p = np.pad(strong, ((0, 0), (1, 1), (1, 1)))  # (n, 28, 28) → (n, 30, 30)
        grown = weak & np.any([_shifted(p, y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)], axis=0)
        if (grown == strong).all():
            return strong
        strong = grown


def _shifted(padded: NDArray[Any], y: int, x: int) -> NDArray[Any]:
    """The neighbours below by y and to the right by x, (n, 28, 28), from an image with a border of 1."""
    return padded[:, 1 + y : 1 + y + SIZE, 1 + x : 1 + x + SIZE]
