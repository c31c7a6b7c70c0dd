"""Noise of single pixels."""

import numpy as np

from inkdigit.evaluation.corruptions.pixels import to_images, to_values
from inkdigit.images import Images


def shot_noise(images: Images, severity: int, rng: np.random.Generator) -> Images:
    """Counts the light of each pixel in photons, on average ``photons`` of them at full ink."""
    photons = (20, 8, 3, 1.5, 0.7)[severity - 1]
    return to_images(rng.poisson(to_values(images) * (photons / 255)) * (255 / photons))


def impulse_noise(images: Images, severity: int, rng: np.random.Generator) -> Images:
    """Sets this share of the pixels to ink or to paper, half of them each."""
    share = (0.05, 0.1, 0.17, 0.27, 0.4)[severity - 1]
    draw = rng.random(images.shape, dtype=np.float32)
    return np.where(draw < share / 2, np.uint8(255), np.where(draw < share, np.uint8(0), images))
