"""Corruptions with a severity: how well does a classifier read what it was not trained on?

The fifteen kinds of MNIST-C (Mu and Gilmer, "MNIST-C: A robustness benchmark for computer vision", 2019),
reimplemented, so the numbers compare with one another but not with those of that dataset, which is about as strong as
severity 3.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from inkdigit.errors import UsageError, unknown
from inkdigit.evaluation.corruptions import blur, drawing, geometry, noise, weather
from inkdigit.images import Images, check_images

SEVERITIES = range(1, 6)
BATCH_SIZE = 1000
"""Images corrupted at a time: the floats of 60,000 would fill gigabytes."""


@dataclass(frozen=True)
class Corruption:
    """One kind of damage.

    Attributes:
        description: what it does.
        apply: images, a severity of 1 to 5 and a random generator → damaged images; the originals stay as they are.
    """

    description: str
    apply: Callable[[Images, int, np.random.Generator], Images]


CORRUPTIONS: Mapping[str, Corruption] = {
    "shot_noise": Corruption("grain of too little light: ink turns patchy", noise.shot_noise),
    "impulse_noise": Corruption("pixels set to ink or to paper at random", noise.impulse_noise),
    "glass_blur": Corruption("as seen through uneven glass", blur.glass_blur),
    "motion_blur": Corruption("smeared along a line, by up to 45 degrees from level", blur.motion_blur),
    "shear": Corruption("slanted to the left or to the right", geometry.shear),
    "scale": Corruption("shrunk, to half the size at worst", geometry.scale),
    "rotate": Corruption("turned to the left or to the right, by up to 45 degrees", geometry.rotate),
    "brightness": Corruption("paper and ink brighter, until little contrast is left", weather.brightness),
    "translate": Corruption("moved along both axes, by up to 5 pixels", geometry.translate),
    "stripe": Corruption("inverted at the left and at the right", drawing.stripe),
    "fog": Corruption("behind clouds", weather.fog),
    "spatter": Corruption("partly hidden under drops of mud", weather.spatter),
    "dotted_line": Corruption("crossed by dotted lines", drawing.dotted_line),
    "zigzag": Corruption("crossed by zigzag lines", drawing.zigzag),
    "canny_edges": Corruption("only the outlines are left", drawing.canny_edges),
}
"""A new corruption is one function and its entry here."""


def corrupt(images: Images, name: str, severity: int, *, seed: int = 0) -> Images:
    """Damages uint8 (n, 28, 28) images; the same seed gives the same damage.

    Args:
        images: ink bright on 0; they stay as they are.
        name: an entry of ``CORRUPTIONS``.
        severity: 1, hardly seen, to 5.
        seed: of all that is drawn at random.

    Raises:
        UsageError: no such name or severity.
        ValueError: not digit images.
    """
    if name not in CORRUPTIONS:
        raise unknown("corruption", name, CORRUPTIONS)
    if severity not in SEVERITIES:
        raise UsageError(f"found severity {severity}, expected {SEVERITIES[0]} to {SEVERITIES[-1]}")
    images, rng = check_images(images), np.random.default_rng(seed)
    starts = range(0, max(len(images), 1), BATCH_SIZE)
    apply = CORRUPTIONS[name].apply
    return np.concatenate([apply(images[start : start + BATCH_SIZE], severity, rng) for start in starts])
