"""Grey values on their way through a corruption: floats, so that each image is rounded once."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inkdigit.images import SIZE, Images

Values: TypeAlias = NDArray[np.floating[Any]]
"""Grey values, float32 (n, 28, 28), 0 paper to 255 ink; numpy's stubs type what is computed from them as float64."""

CENTRE = (SIZE - 1) / 2
"""The middle of an image, in pixels from the centre of its first pixel."""


def to_values(images: Images) -> Values:
    """A copy to compute with."""
    return images.astype(np.float32)


def to_images(values: Values) -> Images:
    """Clips to 0..255 and rounds."""
    images: Images = np.rint(np.clip(values, 0, 255)).astype(np.uint8)
    return images


def random_signs(n: int, rng: np.random.Generator) -> Values:
    """One of -1 and 1 for each image, float32 (n,)."""
    return rng.choice(np.array([-1, 1], np.float32), n)
