"""A hand and its pen: one digit image → the same digit as somebody else would write it, at any size."""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageFilter

from inkdigit.images import DIGIT_SIDE, SIZE, Grey
from inkdigit.synthesis.skeleton import find_skeleton

FIRM = 100
"""Grey value of ink, of 255, from which a pixel belongs to a stroke and not to its soft edge."""

EDGE = 1.5
"""Width of the soft edge of a stroke in a digit image, in pixels."""

SPREADING = {"broad": 0.5, "heavy": 0.8}
"""How far a nib's ink spreads at the least pressure, in pixels of the digit image."""

Matrix: TypeAlias = NDArray[np.float64]
"""From a digit image to the page, (2, 2), x before y."""


@dataclass(frozen=True)
class Hand:
    """What one person's digits have in common.

    Attributes:
        slant: shear, positive where strokes lean to the right.
        aspect: width by height, 1 as in MNIST.
        nib: ``fine``, a line of even width along the middle of the strokes; ``plain``; ``broad``; or ``heavy``,
            which closes loops.
        pressure: 0..1, from the thinnest to the thickest stroke that the nib gives.
        softness: width of the soft edge of a stroke, in pixels of the page.
        unrest: how much digits of this hand differ in size, slant, angle and height above the line, 0..1.
    """

    slant: float
    aspect: float
    nib: str
    pressure: float
    softness: float
    unrest: float


def make_hand(random: np.random.Generator) -> Hand:
    """Somebody's hand."""
    return Hand(
        slant=random.normal(0, 0.18) if random.uniform() < 0.7 else random.uniform(-0.6, 0.6),
        aspect=math.exp(random.normal(0, 0.16)),
        nib=random.choice(["fine", "plain", "broad", "heavy"], p=[0.28, 0.4, 0.17, 0.15]),
        pressure=random.uniform(),
        softness=random.uniform(0.7, 1.8),
        unrest=random.uniform(0.2, 1),
    )


def write_digit(image: Grey, height: float, hand: Hand, random: np.random.Generator, *, turn: float = 0) -> Grey:
    """One digit on a piece of page that just holds it.

    Args:
        image: uint8 (28, 28).
        height: of a digit as tall as its image's 20 pixels, in pixels of the page.
        hand: that writes it.
        random: draws what differs from digit to digit.
        turn: counter-clockwise, in radians.

    Returns:
        uint8 (h, w), 255 ink.
    """
    unrest = hand.unrest
    scale = height / DIGIT_SIDE * math.exp(random.normal(0, 0.08 * unrest))
    aspect = math.sqrt(hand.aspect * math.exp(random.normal(0, 0.08 * unrest)))
    slant = hand.slant + random.normal(0, 0.08 * unrest)
    angle = turn + random.normal(0, 0.08 * unrest)
    turned = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    matrix = turned @ np.array([[1, -slant], [0, 1]]) @ np.diag([scale * aspect, scale / aspect])
    density = 2 if scale < 1.3 else 1  # strokes as thin as a pixel need more
    source = _draw_skeleton(image) if hand.nib == "fine" else image
    drawn = _warp(source, matrix * density * SIZE / len(source))
    if hand.nib in SPREADING:
        drawn = drawn.filter(ImageFilter.GaussianBlur(scale * density * (SPREADING[hand.nib] + 0.6 * hand.pressure)))
    inked = drawn.point(_curve(hand, scale))
    if density > 1:
        inked = inked.reduce(density)
    return _trim(np.asarray(inked))


def _draw_skeleton(image: Grey) -> Grey:
    """The middle of the strokes, bright, falling off to a pixel beside it: (28, 28) → (56, 56)."""
    picture = PIL.Image.fromarray(image).resize((2 * SIZE, 2 * SIZE), PIL.Image.Resampling.BICUBIC)
    skeleton = PIL.Image.fromarray(find_skeleton(np.asarray(picture) > FIRM))
    line = skeleton.convert("L").filter(ImageFilter.MaxFilter(3))
    return np.asarray(line.filter(ImageFilter.GaussianBlur(0.9)))


def _warp(image: Grey, matrix: Matrix) -> PIL.Image.Image:
    height, width = image.shape
    corners = matrix @ np.array([[0, width, 0, width], [0, 0, height, height]])  # (2, 4)
    size = np.ceil(np.ptp(corners, axis=1)).astype(int) + 1
    inverse = np.linalg.inv(matrix)
    offset = inverse @ corners.min(axis=1)
    coefficients = (*inverse[0], offset[0], *inverse[1], offset[1])
    return PIL.Image.fromarray(image).transform(
        (int(size[0]), int(size[1])), PIL.Image.Transform.AFFINE, coefficients, PIL.Image.Resampling.BICUBIC
    )


def _curve(hand: Hand, scale: float) -> list[int]:
    """Grey values of a warped image → ink: the edge's level sets the stroke's thickness, its slope the softness."""
    lightest, heaviest = {"fine": (205, 60), "plain": (190, 60), "broad": (110, 45), "heavy": (70, 32)}[hand.nib]
    level = lightest + (heaviest - lightest) * hand.pressure
    edge = 3 * EDGE if hand.nib in SPREADING else EDGE  # spreading has widened it
    span = min(max(20.0, hand.softness * 255 / (edge * max(scale, 1.0))), 2 * level - 10)  # paper stays 0
    return [round(255 * min(max((value - level) / span + 0.5, 0), 1)) for value in range(256)]


def _trim(ink: Grey) -> Grey:
    """Cropped to its firm ink, with a margin of one pixel."""
    rows, columns = (np.flatnonzero((ink > FIRM).any(axis)) for axis in (1, 0))
    if not len(rows):
        return np.zeros((1, 1), np.uint8)
    return ink[max(rows[0] - 1, 0) : rows[-1] + 2, max(columns[0] - 1, 0) : columns[-1] + 2]
