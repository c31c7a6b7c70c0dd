"""Light, fog and dirt between the digit and the lens."""

import numpy as np

from inkdigit.evaluation.corruptions.pixels import Values, to_images, to_values
from inkdigit.images import SIZE, Images

CLOUD_CELLS = (1, 2, 4, 8, 16)
"""Cells along a side of the image, of each layer of a cloud."""

MUD = 63
"""The grey of mud, between paper and ink."""

DROP_RADIUS = (0.7, 2.2)
"""Of the smallest and the largest drop of mud, in pixels."""


def brightness(images: Images, severity: int, _rng: np.random.Generator) -> Images:
    """Adds this share of full ink to every pixel."""
    share = (0.15, 0.3, 0.5, 0.65, 0.8)[severity - 1]
    return to_images(to_values(images) + 255 * share)


def fog(images: Images, severity: int, rng: np.random.Generator) -> Images:
    """Mixes one part of the image with ``parts`` parts of cloud."""
    parts = (0.7, 1.5, 3, 4, 5.5)[severity - 1]
    return to_images((to_values(images) + parts * 255 * _clouds(len(images), rng)) / (1 + parts))


def spatter(images: Images, severity: int, rng: np.random.Generator) -> Images:
    """Covers with ``drops`` drops of mud, which hide ink and stand out on paper."""
    drops = (4, 8, 14, 22, 32)[severity - 1]
    places = np.indices((SIZE, SIZE), dtype=np.float32)[:, None]  # (2, 1, 28, 28)
    cover = np.zeros(images.shape, np.float32)
    for _drop in range(drops):
        centre = rng.uniform(0, SIZE, (2, len(images), 1, 1)).astype(np.float32)
        radius = rng.uniform(*DROP_RADIUS, (len(images), 1, 1)).astype(np.float32)
        cover = np.maximum(cover, np.clip(radius + 0.5 - np.hypot(*(places - centre)), 0, 1))
    return to_images(to_values(images) * (1 - cover) + MUD * cover)


def _clouds(n: int, rng: np.random.Generator) -> Values:
    """Fractal noise about one half, float32 (n, 28, 28): each layer half as strong and half as coarse as the last."""
    clouds = np.full((n, SIZE, SIZE), 0.5, np.float32)
    for cells in CLOUD_CELLS:
        corners = rng.uniform(-0.25, 0.25, (n, cells + 1, cells + 1)).astype(np.float32)
        spread = _spread(cells)
        clouds += spread @ corners @ spread.T / cells  # (n, cells + 1, cells + 1) → (n, 28, 28)
    return clouds


def _spread(cells: int) -> Values:
    """The weights of corner on pixel for linear interpolation along an axis, float32 (28, cells + 1)."""
    place = np.linspace(0, cells, SIZE, dtype=np.float32)
    distance = np.abs(np.subtract.outer(place, np.arange(cells + 1, dtype=np.float32)))
    weights: Values = np.clip(1 - distance, 0, 1)
    return weights
