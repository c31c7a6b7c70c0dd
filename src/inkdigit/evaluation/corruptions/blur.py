"""Lenses and hands that do not hold still."""

import numpy as np

from inkdigit.evaluation.corruptions.geometry import sample
from inkdigit.evaluation.corruptions.pixels import Values, to_images, to_values
from inkdigit.images import SIZE, Images


def glass_blur(images: Images, severity: int, rng: np.random.Generator) -> Images:
    """Uneven glass: a blur of ``sigma`` pixels, each pixel taken from up to ``reach`` away, and the blur again."""
    sigma, reach = ((0.5, 0.5), (0.6, 0.9), (0.7, 1.4), (0.9, 2.0), (1.1, 2.7))[severity - 1]
    values = gaussian(to_values(images), sigma)
    displacement = rng.uniform(-reach, reach, (2, *images.shape)).astype(np.float32)  # (2, n, 28, 28)
    places = np.indices((SIZE, SIZE), dtype=np.float32)[:, None] + displacement
    return to_images(gaussian(sample(values, *places), sigma))


def motion_blur(images: Images, severity: int, rng: np.random.Generator) -> Images:
    """Smears over ``length`` pixels along a direction within 45 degrees of the rows."""
    length = (2, 4, 6, 9, 12)[severity - 1]
    angle = rng.uniform(-np.pi / 4, np.pi / 4, len(images)).astype(np.float32)[:, None, None]  # (n, 1, 1)
    rows, columns = np.indices((SIZE, SIZE), dtype=np.float32)
    values, smeared = to_values(images), np.zeros(images.shape, np.float32)
    for step in np.arange(length, dtype=np.float32) - (length - 1) / 2:
        smeared += sample(values, rows + step * np.sin(angle), columns + step * np.cos(angle))
    return to_images(smeared / length)


def gaussian(values: Values, sigma: float) -> Values:
    """Blurs by a Gaussian of this deviation, in pixels."""
    distance = np.subtract.outer(np.arange(SIZE), np.arange(SIZE))
    kernel: Values = np.exp(-(distance**2) / (2 * sigma**2)).astype(np.float32)  # (28, 28)
    kernel /= kernel.sum(axis=1, keepdims=True)  # so that an even grey stays what it is up to the border
    return kernel @ values @ kernel.T
