"""Held-out digits on a sheet that lies on a desk, and on the same sheet alone: does a desk do harm?"""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageFilter

from inkdigit.data.dataset import Dataset
from inkdigit.images import Grey, Ink
from inkdigit.synthesis.hand import make_hand, write_digit
from inkdigit.synthesis.paper import Values, field_of

SEED = 20_261_203
SIDES = ((1, 1, 1, 1), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 1), (1, 0, 1, 0), (1, 1, 1, 0))
"""Where the desk is seen: left, above, right, below."""

BOARDS = 0.2
"""The share of sheets that are boards, darker than what is around them."""


def draw(index: int, digits: Dataset, *, desk: bool = True) -> tuple[Grey, str]:
    """A sheet, uint8 (h, w), and the one to six digits on it; with or without what it lies on.

    Desks are from nearly black to nearly as bright as the paper, even, grained or cloudy; margins, light, sharpness and
    noise vary. A sheet that is seen whole is turned and foreshortened by a little.
    """
    random = np.random.default_rng((SEED, index))
    ink, label = _write(digits, random)
    is_board = random.uniform() < BOARDS
    paper = random.uniform(20, 80) if is_board else random.uniform(150, 255)
    pen = random.uniform(150, 250) if is_board else random.uniform(0.05, 0.45) * paper
    ground = random.uniform(1.6, 3) * max(paper, 60) if is_board else random.uniform(0.1, 0.75) * paper
    margin = round(random.uniform(0.06, 0.4) * max(ink.shape))
    sides = SIDES[int(random.integers(len(SIDES)))]
    left, above, right, below = (margin * side * desk for side in sides)
    around = ((above, below), (left, right))
    sheet, seen = np.pad(paper + (pen - paper) * ink, around), np.pad(np.ones_like(ink), around)
    if desk and all(sides):
        sheet, seen = _tilt([sheet, seen], margin, random)
    light = 1 + random.uniform(0, 0.2) * field_of(sheet.shape, 3, random)
    lit = (sheet + (ground + _grain(sheet.shape, random)) * (1 - seen)) * light
    return _take(lit, random.uniform(0, 0.008) * min(ink.shape), random), label


def _write(digits: Dataset, random: np.random.Generator) -> tuple[Ink, str]:
    """A sheet with one to six digits in a line somewhere on it, float32 (h, w), 0..1, and what they say."""
    hand, height, gap = make_hand(random), random.uniform(40, 120), random.uniform(0.08, 0.4)
    chosen = random.choice(len(digits), int(random.integers(1, 7)))
    written = [write_digit(digits.images[place], height, hand, random) for place in chosen]
    tallest, step = max(digit.shape[0] for digit in written), round(gap * height)
    line = np.zeros((tallest, sum(digit.shape[1] + step for digit in written)), np.uint8)
    x = 0
    for digit in written:
        line[tallest - digit.shape[0] :, x : x + digit.shape[1]] = digit
        x += digit.shape[1] + step
    above, below, left, right = np.rint(random.uniform(0.2, 1.5, 4) * height).astype(int)
    sheet = np.asarray(np.pad(line / np.float32(255), ((above, below), (left, right))), np.float32)
    return sheet, "".join(str(digits.labels[place]) for place in chosen)


def _tilt(planes: Sequence[Values], margin: int, random: np.random.Generator) -> list[Values]:
    """Planes (h, w), each turned and foreshortened alike; nothing lies beyond them."""
    height, width = planes[0].shape
    corners = np.array([[0, 0], [0, height], [width, height], [width, 0]]) + random.normal(0, 0.2, (4, 2)) * margin
    quad = tuple(map(float, corners.ravel()))
    images = (Image.fromarray(plane.astype(np.float32)) for plane in planes)
    how = (Image.Transform.QUAD, quad, Image.Resampling.BILINEAR)
    return [np.asarray(image.transform((width, height), *how)) for image in images]


def _grain(shape: tuple[int, int], random: np.random.Generator) -> Values:
    """What makes a desk uneven: nothing, the grain of wood, or clouds, in grey values."""
    depth, kind = random.uniform(3, 20), random.choice(["even", "wood", "clouds"])
    if kind == "wood":
        return np.asarray(depth * np.repeat(random.normal(0, 1, (shape[0], 1)), shape[1], 1))
    return np.asarray(depth * field_of(shape, int(random.integers(4, 40)), random) * (kind == "clouds"))


def _take(lit: Values, radius: float, random: np.random.Generator) -> Grey:
    """A picture of it, uint8 (h, w), neither sharp nor without noise."""
    blurred = Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius))
    noise = random.normal(0, random.uniform(0, 4), lit.shape)
    return np.asarray(np.clip(np.asarray(blurred) + noise, 0, 255), np.uint8)
