"""Ways of writing a digit that MNIST hardly has, drawn on its digits with a pen of their own width.

Europeans give the 1 an upstroke, which a network trained on MNIST alone reads as 7, and cross the 7; some slash
the 0.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import PIL.Image
from PIL import ImageDraw

from inkdigit.data.dataset import Dataset
from inkdigit.images import SIZE, Grey
from inkdigit.preparation.normalize import normalize_grey
from inkdigit.synthesis.hand import FIRM

Point: TypeAlias = tuple[float, float]
"""x and y in pixels of the digit image."""

SUPERSAMPLING = 4


@dataclass(frozen=True)
class Variant:
    """A way of writing a digit.

    Attributes:
        digit: the digit written so.
        description: one line.
        strokes: a digit image (28, 28) and a random generator → the strokes to add to it, as points.
    """

    digit: int
    description: str
    strokes: Callable[[Grey, np.random.Generator], list[list[Point]]]


def vary(dataset: Dataset, shares: Mapping[str, float], seed: int) -> Dataset:
    """A dataset in which a share of each variant's digits are written so.

    Args:
        dataset: it is left as it is.
        shares: of the digits concerned, 0..1, by names of ``VARIANTS``.
        seed: of the choice and of the strokes.
    """
    if not shares:
        return dataset
    random = np.random.default_rng(seed)
    images = dataset.images.copy()
    for name, share in shares.items():
        variant = VARIANTS[name]
        candidates = np.flatnonzero(dataset.labels == variant.digit)
        for index in random.choice(candidates, round(share * len(candidates)), replace=False):
            images[index] = write_variant(images[index], variant, random)
    return replace(dataset, images=images)


def write_variant(image: Grey, variant: Variant, random: np.random.Generator) -> Grey:
    """One digit image (28, 28) with the strokes of a variant, prepared anew; one without ink stays as it is."""
    if not (image > FIRM).any():
        return image
    width = pen_width(image) * random.uniform(0.8, 1.1)
    canvas = PIL.Image.new("L", (SIZE * SUPERSAMPLING,) * 2)
    draw = ImageDraw.Draw(canvas)
    for line in variant.strokes(image, random):
        scaled = [((x + 0.5) * SUPERSAMPLING, (y + 0.5) * SUPERSAMPLING) for x, y in line]
        draw.line(scaled, fill=255, width=max(1, round(width * SUPERSAMPLING)), joint="curve")
    strokes = np.asarray(canvas.resize((SIZE, SIZE), PIL.Image.Resampling.BOX))
    return normalize_grey(np.maximum(image, strokes))


def pen_width(image: Grey) -> float:
    """Width of the stroke in pixels, from its ink and the length of its outline in steps between pixels.

    Per pixel of its length, a long bar has 2 steps if it is upright, and 2.83 if it is diagonal.
    """
    ink = image > FIRM
    padded = np.pad(ink, 1)
    outline = sum(int((ink & ~np.roll(padded, step, axis)[1:-1, 1:-1]).sum()) for step in (1, -1) for axis in (0, 1))
    return max(1.0, 2.4 * int(ink.sum()) / max(outline, 1))


def _row(image: Grey, row: int) -> float:
    """The mean x of the ink in a row, or in the nearest row that has any."""
    rows = np.flatnonzero((image > FIRM).any(1))
    nearest = rows[np.abs(rows - row).argmin()]
    return float(np.flatnonzero(image[nearest] > FIRM).mean())


def _rows(image: Grey) -> tuple[int, int]:
    rows = np.flatnonzero((image > FIRM).any(1))
    return int(rows[0]), int(rows[-1])


def _hook(image: Grey, random: np.random.Generator) -> list[list[Point]]:
    """An upstroke to the top of a 1."""
    top, bottom = _rows(image)
    height, x = bottom - top, _row(image, top)
    length, angle = height * random.uniform(0.22, 0.6), math.radians(random.uniform(20, 65))
    bend = random.uniform(-0.1, 0.1) * length
    end = (x - length * math.sin(angle), top + length * math.cos(angle))
    middle = ((x + end[0]) / 2 + bend, (top + end[1]) / 2 + bend)
    return [[(x, float(top)), middle, end]]


def _foot(image: Grey, random: np.random.Generator) -> list[list[Point]]:
    """An upstroke to the top of a 1, and a line that it stands on, or nearly."""
    top, bottom = _rows(image)
    x, half = _row(image, bottom), (bottom - top) * random.uniform(0.2, 0.5)
    tilt, apart = random.normal(0, 0.06) * half, (bottom - top) * max(0.0, random.uniform(-0.15, 0.1))
    foot = [(x - half * random.uniform(0.7, 1.1), bottom + apart + tilt), (x + half, bottom + apart - tilt)]
    return [*_hook(image, random), foot]


def _bar(image: Grey, random: np.random.Generator) -> list[list[Point]]:
    """A bar through the stem of a 7."""
    top, bottom = _rows(image)
    y = top + (bottom - top) * random.uniform(0.42, 0.65)
    x, half = _row(image, round(y)), (bottom - top) * random.uniform(0.15, 0.32)
    tilt = random.uniform(-0.3, 0.15) * half
    return [[(x - half, y - tilt), (x + half * random.uniform(0.7, 1.1), y + tilt)]]


def _slash(image: Grey, random: np.random.Generator) -> list[list[Point]]:
    """A line through a 0 from the lower left to the upper right."""
    top, bottom = _rows(image)
    columns = np.flatnonzero((image > FIRM).any(0))
    left, right = float(columns[0]), float(columns[-1])
    inset, over = random.uniform(0, 0.25, 2) * (bottom - top)
    return [[(left + inset / 2, bottom - over), (right - inset / 2, top + over)]]


VARIANTS: Mapping[str, Variant] = {
    "hooked-1": Variant(1, "a 1 with an upstroke", _hook),
    "footed-1": Variant(1, "a 1 with an upstroke and a foot", _foot),
    "crossed-7": Variant(7, "a 7 with a bar through its stem", _bar),
    "slashed-0": Variant(0, "a 0 with a line through it", _slash),
}
"""A new variant is a function and its entry here."""
