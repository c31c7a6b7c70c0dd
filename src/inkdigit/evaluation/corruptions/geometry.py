"""Changes of place: each image is resampled once, about its middle."""

import math

import numpy as np

from inkdigit.evaluation.corruptions.pixels import CENTRE, Values, random_signs, to_images, to_values
from inkdigit.images import SIZE, Images


def shear(images: Images, severity: int, rng: np.random.Generator) -> Images:
    """Slants to the left or to the right by ``slant`` pixels per pixel."""
    slant = (0.14, 0.27, 0.4, 0.6, 0.8)[severity - 1] * random_signs(len(images), rng)
    matrix = _identity(len(images))
    matrix[:, 1, 0] = slant
    return _warp(images, matrix)


def scale(images: Images, severity: int, _rng: np.random.Generator) -> Images:
    """Shrinks to this share of the size."""
    share = (0.9, 0.8, 0.7, 0.6, 0.5)[severity - 1]
    return _warp(images, _identity(len(images)) / share)


def rotate(images: Images, severity: int, rng: np.random.Generator) -> Images:
    """Turns to the left or to the right by ``degrees``."""
    degrees = (8, 15, 23, 33, 45)[severity - 1]
    angle = math.radians(degrees) * random_signs(len(images), rng)
    rows = [np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)]
    return _warp(images, np.stack(rows, axis=1).reshape(-1, 2, 2))  # (n, 4) → (n, 2, 2)


def translate(images: Images, severity: int, rng: np.random.Generator) -> Images:
    """Moves by ``pixels`` along both axes, in a random direction on each."""
    pixels = (1, 2, 3, 4, 5)[severity - 1]
    signs = [random_signs(len(images), rng) for _axis in range(2)]
    return _warp(images, _identity(len(images)), pixels * np.stack(signs, axis=1))  # (n,) and (n,) → (n, 2)


def sample(values: Values, rows: Values, columns: Values) -> Values:
    """The values at fractional rows and columns, (n, 28, 28) each, bilinearly; what lies outside is paper."""
    padded = np.pad(values, ((0, 0), (1, 1), (1, 1)))  # (n, 28, 28) → (n, 30, 30)
    # The last place that still has a neighbour below and to the right.
    y, x = (np.clip(place + 1, 0, SIZE + 0.999) for place in (rows, columns))
    top, left = y.astype(np.intp), x.astype(np.intp)
    down, right = y - top, x - left
    side = SIZE + 2
    corner = (np.arange(len(values))[:, None, None] * side + top) * side + left  # (n, 28, 28), into the flat images
    flat = padded.ravel()  # (n * 30 * 30,)
    upper = flat[corner] * (1 - right) + flat[corner + 1] * right
    lower = flat[corner + side] * (1 - right) + flat[corner + side + 1] * right
    taken: Values = upper * (1 - down) + lower * down
    return taken


def _identity(n: int) -> Values:
    """The matrix that changes nothing, float32 (n, 2, 2)."""
    return np.tile(np.eye(2, dtype=np.float32), (n, 1, 1))


def _warp(images: Images, matrix: Values, shift: Values | None = None) -> Images:
    """Takes each pixel from matrix (n, 2, 2) times its row and column about the middle, plus shift (n, 2)."""
    offsets = np.indices((SIZE, SIZE), dtype=np.float32) - CENTRE  # (2, 28, 28)
    places = np.einsum("nij,jhw->inhw", matrix, offsets) + CENTRE  # (2, n, 28, 28)
    if shift is not None:
        places += shift.T[:, :, None, None]  # (n, 2) → (2, n, 1, 1)
    return to_images(sample(to_values(images), *places))
