"""Held-out digits in a line, with a slash or a bracket between them that is taller than they are, or with none."""

from collections.abc import Mapping

import numpy as np

from inkdigit.data.dataset import Dataset
from inkdigit.images import Grey
from inkdigit.synthesis.hand import make_hand, write_digit
from inkdigit.synthesis.paper import expose
from inkdigit.synthesis.signs import Line, draw_strokes

SEED = 20_261_204

KINDS: Mapping[str, Line] = {
    "a tall slash": ((0.5, 0), (0, 1)),
    "a tall bracket": ((0.2, 0), (0.05, 0.25), (0, 0.5), (0.05, 0.75), (0.2, 1)),
    "the same digits, no sign": (),
}
"""Points x, y of each sign, in its height."""


def draw(kind: str, index: int, digits: Dataset) -> tuple[Grey, str]:
    """A line, uint8 (h, w), and its three to six digits; with or without a sign, digits and hand are the same.

    The sign is 1.3 to 1.8 times as tall as a digit. Digits differ in height by a tenth, and stand a little higher or
    lower, as in people's lines.
    """
    random = np.random.default_rng((SEED, index))
    hand, height = make_hand(random), random.uniform(40, 90)
    chosen = random.choice(len(digits), int(random.integers(3, 7)))
    written = [write_digit(digits.images[place], height * random.lognormal(0, 0.1), hand, random) for place in chosen]
    tall, pen = random.uniform(1.3, 1.8) * height, max(2.0, random.uniform(0.04, 0.1) * height)
    place, sign = int(random.integers(1, len(chosen))), [(x * tall, y * tall) for x, y in KINDS[kind]]
    if sign:
        written.insert(place, draw_strokes([sign], pen))
    gap = round(random.uniform(0.12, 0.35) * height)
    ink = np.zeros((round(2.6 * height), sum(one.shape[1] + gap for one in written) + gap), np.float32)
    x = gap
    for one in written:
        y = round((len(ink) - len(one)) / 2 + random.normal(0, 0.05) * height)
        ink[y : y + len(one), x : x + one.shape[1]] = one / np.float32(255)
        x += one.shape[1] + gap
    return expose(ink, random), "".join(str(digits.labels[place]) for place in chosen)
