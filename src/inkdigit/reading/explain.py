"""A reading with what each step saw."""

from dataclasses import dataclass

import PIL.Image

from inkdigit.images import Grey, Images, Ink
from inkdigit.reading.result import Reading


@dataclass(frozen=True)
class Explanation:
    """Every stage from the picture to its reading.

    Attributes:
        reading: the answer.
        picture: as given, upright, of mode L or RGB.
        grey: uint8 (h, w).
        ink: float32, 0 paper to 1 ink, of the picture as it was looked at: a glance needs no more than 140 pixels.
        images: uint8 (k, 28, 28), what the network saw of each digit in order.
    """

    reading: Reading
    picture: PIL.Image.Image
    grey: Grey
    ink: Ink
    images: Images
