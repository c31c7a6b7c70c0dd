"""Images of non-digits, for networks with a class for them: class 10."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from inkdigit.data.dataset import Dataset
from inkdigit.images import CLASSES, SIZE, Grey, Images
from inkdigit.preparation.normalize import normalize_grey
from inkdigit.synthesis.hand import FIRM
from inkdigit.synthesis.paper import field_of
from inkdigit.synthesis.signs import (
    LETTERS,
    SIGNS,
    SYMBOL_FONT,
    SYMBOLS,
    draw_letters,
    draw_scribble,
    draw_sign,
    draw_strokes,
)

NOT_A_DIGIT = CLASSES
"""The class of all outliers."""

SMALLER_THAN_ANY = (".", ",", ":")
"""Signs left out: they would fill an image only because nothing else is in it."""

HALVES = {"left": (0, 2, 3, 5), "right": (0, 2, 5), "top": (4, 5), "bottom": (3, 5)}
"""Digits by the half of them that looks like no digit."""

TURNED = (2, 3, 4, 5, 7)
"""Digits that look like none when they lie on their side."""

TRIES = 1000
"""A dataset with none of the digits looked for in this many random images is taken to have none."""

Drawing: TypeAlias = Callable[[Dataset, np.random.Generator], Grey]


@dataclass(frozen=True)
class Outlier:
    """A kind of image without a digit.

    Attributes:
        description: one line.
        draw: digit images to make it from, and a random generator → ink, uint8 (h, w).
    """

    description: str
    draw: Drawing


def add_outliers(dataset: Dataset, shares: Mapping[str, float], seed: int) -> Dataset:
    """A dataset followed by a share of outliers of each kind per digit, labelled ``NOT_A_DIGIT``."""
    if not shares:
        return dataset
    images = [draw_outliers(dataset, name, round(share * len(dataset)), seed) for name, share in shares.items()]
    labels = [np.full(len(kind), NOT_A_DIGIT, np.int64) for kind in images]
    return replace(
        dataset, images=np.concatenate([dataset.images, *images]), labels=np.concatenate([dataset.labels, *labels])
    )


def draw_outliers(digits: Dataset, name: str, n: int, seed: int) -> Images:
    """Outliers of one kind of ``OUTLIERS``, uint8 (n, 28, 28)."""
    random = np.random.default_rng((seed, list(OUTLIERS).index(name)))
    drawn = [normalize_grey(OUTLIERS[name].draw(digits, random)) for _ in range(n)]
    return np.stack(drawn) if drawn else np.empty((0, SIZE, SIZE), np.uint8)


def _pen(random: np.random.Generator) -> float:
    """A pen's width for a drawing 60 pixels high."""
    return float(random.uniform(2, 12))


def _line(digits: Dataset, random: np.random.Generator) -> Grey:  # noqa: ARG001
    """Lying lines, one or several; a standing one is a 1."""
    lines = []
    for _ in range(int(random.integers(1, 4))):
        x, y = random.uniform(0, 60, 2)
        lines.append([(0.0, y), (x, y + random.normal(0, 6)), (60.0, y + random.normal(0, 12))])
    return draw_strokes(lines, _pen(random))


def _grid(digits: Dataset, random: np.random.Generator) -> Grey:  # noqa: ARG001
    """Corners and crossings of rulings and frames."""
    x, y = random.uniform(0, 60, (2, 2))
    lines = [[(0.0, a), (60.0, a)] for a in y[: random.integers(1, 3)]]
    lines += [[(a, 0.0), (a, 60.0)] for a in x[: random.integers(1, 3)]]
    return draw_strokes(lines, random.uniform(1.5, 7))


def _sign(digits: Dataset, random: np.random.Generator) -> Grey:  # noqa: ARG001
    return draw_sign(
        str(random.choice([name for name in SIGNS if name not in SMALLER_THAN_ANY])), 60, _pen(random), random
    )


def _scribble(digits: Dataset, random: np.random.Generator) -> Grey:  # noqa: ARG001
    return draw_scribble(60, _pen(random), random)


def _letter(digits: Dataset, random: np.random.Generator) -> Grey:  # noqa: ARG001
    return draw_letters(str(random.choice(list(LETTERS))), 60, random)


def _word(digits: Dataset, random: np.random.Generator) -> Grey:  # noqa: ARG001
    return draw_letters("".join(random.choice(list(LETTERS), random.integers(2, 6))), 40, random)


def _symbol(digits: Dataset, random: np.random.Generator) -> Grey:  # noqa: ARG001
    return draw_letters(str(random.choice(list(SYMBOLS))), 60, random, SYMBOL_FONT)


def _half(digits: Dataset, random: np.random.Generator) -> Grey:
    side = str(random.choice(list(HALVES)))
    image = _any(digits, HALVES[side], random)
    rows, columns = (np.flatnonzero((image > FIRM).any(axis)) for axis in (1, 0))
    if not len(rows):
        return image
    middle = round((rows[0] + rows[-1]) / 2 if side in ("top", "bottom") else (columns[0] + columns[-1]) / 2)
    return {
        "left": image[:, :middle], "right": image[:, middle:], "top": image[:middle], "bottom": image[middle:],
    }[side]  # fmt: skip


def _pair(digits: Dataset, random: np.random.Generator) -> Grey:
    """Two digits, or three, that touch or nearly do."""
    images = [_any(digits, range(CLASSES), random) for _ in range(int(random.choice([2, 2, 2, 3])))]
    cut = [image[:, (image > FIRM).any(0)] for image in images]
    gap = np.zeros((SIZE, int(random.integers(0, 5))), np.uint8)
    return np.concatenate([part for image in cut for part in (image, gap)], axis=1)


def _turned(digits: Dataset, random: np.random.Generator) -> Grey:
    return np.rot90(_any(digits, TURNED, random), int(random.choice([1, 3])))


def _texture(digits: Dataset, random: np.random.Generator) -> Grey:  # noqa: ARG001
    """Clouds, by a threshold or as they are, within a square or a disc."""
    grain = field_of((60, 60), int(random.integers(3, 30)), random)
    values = grain + random.uniform(0, 1) * field_of((60, 60), 5, random)
    ink = np.clip((values - random.uniform(-0.5, 0.3)) * random.choice([1.0, 8.0]), 0, 1)
    if random.uniform() < 0.5:
        y, x = np.mgrid[-1:1:60j, -1:1:60j]
        ink = ink * (x * x + y * y < 1)
    return np.asarray(255 * ink, np.uint8)


def _blob(digits: Dataset, random: np.random.Generator) -> Grey:  # noqa: ARG001
    """Ink without strokes: a spot, a block."""
    y, x = np.mgrid[-1:1:60j, -1:1:60j]
    power = random.uniform(1.2, 6)
    ink = np.abs(x / random.uniform(0.6, 1)) ** power + np.abs(y / random.uniform(0.6, 1)) ** power < 0.8
    return np.asarray(255 * ink, np.uint8)


def _any(digits: Dataset, values: Collection[int], random: np.random.Generator) -> Grey:
    """A digit image of one of these values; a blank, which is no digit either, where the dataset has none."""
    for _ in range(TRIES):
        index = int(random.integers(len(digits)))
        image: Grey = digits.images[index]
        if int(digits.labels[index]) in values and image.any():
            return image
    return np.zeros((SIZE, SIZE), np.uint8)


OUTLIERS: Mapping[str, Outlier] = {
    "line": Outlier("lying lines", _line),
    "grid": Outlier("corners and crossings of rulings and frames", _grid),
    "sign": Outlier("signs between digits, ticks, crosses, arrows", _sign),
    "scribble": Outlier("strokes that wander", _scribble),
    "letter": Outlier("letters that no digit looks like", _letter),
    "word": Outlier("several letters", _word),
    "symbol": Outlier("Greek letters and symbols", _symbol),
    "half": Outlier("half of a digit", _half),
    "pair": Outlier("several digits as one", _pair),
    "turned": Outlier("a digit on its side", _turned),
    "texture": Outlier("clouds and grain", _texture),
    "blob": Outlier("a spot", _blob),
}
"""A new outlier is a function and its entry here."""
