"""How a page is filled: one digit, lines, a form, digits among letters, none at all."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import PIL.Image
from PIL import ImageDraw

from inkdigit.data.dataset import Dataset
from inkdigit.images import Grey
from inkdigit.synthesis.hand import Hand, make_hand, write_digit
from inkdigit.synthesis.litter import draw_symbol, strew_litter
from inkdigit.synthesis.paper import field_of
from inkdigit.synthesis.sheet import Sheet
from inkdigit.synthesis.signs import SIGNS, draw_sign

BETWEEN_DIGITS = ("+", "-", "=", "x", "(", ")", ".", ",", ":", "÷", "±", "<", ">", "[", "]", "%")

LEAST_STEP = 0.4
"""The next digit begins at least this share of a digit's width further on, so that a 1 shows between two others."""


def _pick(digits: Dataset, n: int, random: np.random.Generator) -> list[tuple[Grey, int]]:
    chosen = random.integers(len(digits), size=n)
    return [(digits.images[index], int(digits.labels[index])) for index in chosen]


def _write_line(
    sheet: Sheet,
    digits: Sequence[tuple[Grey, int]],
    start: tuple[float, float],
    hand: Hand,
    random: np.random.Generator,
    *,
    height: float,
    angle: float = 0,
    bow: float = 0,
    gap: float = 0.2,
    signs: float = 0,
) -> None:
    """Writes a line of digits, from the middle of the first one's left side on.

    Args:
        sheet: to write on.
        digits: images and labels.
        start: x and y.
        hand: that writes them.
        random: draws what differs from digit to digit.
        height: of a digit, in pixels.
        angle: of the line, counter-clockwise, in radians.
        bow: how much the angle changes from digit to digit.
        gap: between two digits, in heights; negative where they overlap.
        signs: the share of gaps with a sign in it.
    """
    x, y = start
    for image, label in digits:
        if random.uniform() < signs:
            pen = max(1.0, height * random.uniform(0.03, 0.12))
            sign = draw_sign(str(random.choice(BETWEEN_DIGITS)), height * random.uniform(0.35, 0.95), pen, random)
            sheet.put(sign, x, y - sign.shape[0] / 2)
            x += (sign.shape[1] + height * max(gap, 0.1)) * math.cos(angle)
        drawn = write_digit(image, height, hand, random, turn=angle)
        rise = height * random.normal(0, 0.08 * hand.unrest)
        sheet.put(drawn, x, y - drawn.shape[0] / 2 + rise, label)
        step = max(drawn.shape[1] + height * gap * random.uniform(0.5, 1.5), LEAST_STEP * drawn.shape[1])
        x, y = x + step * math.cos(angle), y - step * math.sin(angle)
        angle += bow


def _angle(random: np.random.Generator) -> float:
    """Of a line: mostly level, sometimes steep."""
    return float(random.normal(0, 0.08) if random.uniform() < 0.6 else random.uniform(-0.6, 0.6))


def _gap(random: np.random.Generator) -> float:
    """Between digits, in heights: well apart, close, or touching."""
    apart = (random.uniform(0.25, 1.3), random.uniform(0.03, 0.3), random.uniform(-0.17, 0.04))
    return float(random.choice(apart, p=[0.27, 0.27, 0.46]))


def _one(side: int, digits: Dataset, random: np.random.Generator) -> Sheet:
    """One digit, of any size that a locator should find, anywhere, sometimes cut by the edge."""
    sheet = Sheet.blank(side, random)
    height = side * math.exp(random.uniform(math.log(0.1), math.log(0.78)))
    ((image, label),) = _pick(digits, 1, random)
    drawn = write_digit(image, height, make_hand(random), random, turn=random.normal(0, 0.12))
    room = np.array(sheet.ink.shape[::-1]) - drawn.shape[::-1]
    x, y = room * (random.uniform(0, 1, 2) if random.uniform() < 0.8 else random.uniform(-0.2, 1.2, 2))
    sheet.put(drawn, x, y, label)
    return sheet


def _cutting(side: int, digits: Dataset, random: np.random.Generator) -> Sheet:
    """A digit cut out tightly, sometimes with stubs of its neighbours at its sides."""
    height = side * random.uniform(0.15, 0.75)
    hand = make_hand(random)
    (image, label), *others = _pick(digits, 3, random)
    drawn = write_digit(image, height, hand, random)
    left, top, right, bottom = np.maximum(1, np.round(random.uniform(0.0, 0.25, 4) * height)).astype(int)
    sheet = Sheet(np.zeros((drawn.shape[0] + top + bottom, drawn.shape[1] + left + right), np.float32), side)
    if max(sheet.ink.shape) > side:
        return _one(side, digits, random)
    sheet.put(drawn, left, top, label)
    for (other, value), margin, is_right in zip(others, (left, right), (False, True), strict=True):
        if random.uniform() < 0.35:
            stub = write_digit(other, height, hand, random)
            reach = random.uniform(0.3, 1) * margin
            x = sheet.ink.shape[1] - reach if is_right else reach - stub.shape[1]
            y = top + random.normal(0, 0.1) * height
            sheet.put(stub, x, y, 1 if value == 1 else None)  # a 1 is narrow, and may be there nearly whole
    return sheet


def _rows(side: int, digits: Dataset, random: np.random.Generator) -> Sheet:
    """Lines of writing from one hand."""
    sheet = Sheet.blank(side, random)
    height = side * math.exp(random.uniform(math.log(0.08), math.log(0.5)))
    hand, gap, angle = make_hand(random), _gap(random), _angle(random)
    bow = random.normal(0, 0.02) if random.uniform() < 0.25 else 0.0
    signs = random.uniform(0.1, 0.6) if random.uniform() < 0.25 else 0.0
    y = random.uniform(-0.1, 0.7) * sheet.ink.shape[0]
    while y < sheet.ink.shape[0] + height / 2:
        line = _pick(digits, int(random.integers(2, 10)), random)
        start = (random.uniform(-0.3, 0.5) * side, y + random.uniform(0, 0.4) * height)
        _write_line(sheet, line, start, hand, random, height=height, angle=angle, bow=bow, gap=gap, signs=signs)
        y += height * random.uniform(1.15, 2.8)
        if random.uniform() < 0.25:
            break
    return sheet


def _dense(side: int, digits: Dataset, random: np.random.Generator) -> Sheet:
    """A form or a table: many small digits, most of its cells filled."""
    sheet = Sheet.blank(side, random)
    height = side * random.uniform(0.065, 0.14)
    hand = make_hand(random)
    across, down = height * random.uniform(0.85, 2), height * random.uniform(1.2, 2.2)
    filled = random.uniform(0.4, 1)
    for y in np.arange(random.uniform(0, down), sheet.ink.shape[0], down):
        for x in np.arange(random.uniform(-0.5, 0.5) * across, sheet.ink.shape[1], across):
            if random.uniform() < filled:
                ((image, label),) = _pick(digits, 1, random)
                drawn = write_digit(image, height, hand, random)
                offset = random.normal(0, 0.06, 2) * height
                sheet.put(drawn, x + offset[0] - drawn.shape[1] / 2, y + offset[1] - drawn.shape[0] / 2, label)
    return sheet


def _huge(side: int, digits: Dataset, random: np.random.Generator) -> Sheet:
    """Parts of digits, or of a sign, that are far larger than the page: nothing to be read at this scale."""
    sheet = Sheet.blank(side, random)
    height = side * random.uniform(0.85, 2.6)
    if random.uniform() < 0.3:
        sign = draw_sign(str(random.choice(list(SIGNS))), height, height * random.uniform(0.02, 0.14), random)
        sheet.put(sign, *((side - np.array(sign.shape[::-1])) * random.uniform(-0.3, 1.3, 2)))
        return sheet
    hand = make_hand(random)
    for image, label in _pick(digits, int(random.integers(1, 3)), random):
        drawn = write_digit(image, height, hand, random, turn=random.normal(0, 0.1))
        x, y = (side - np.array(drawn.shape[::-1])) * random.uniform(-0.3, 1.3, 2)
        sheet.put(drawn, x, y, label)
    return sheet


def _among(side: int, digits: Dataset, random: np.random.Generator) -> Sheet:
    """Digits among letters, signs and words."""
    sheet = Sheet.blank(side, random)
    height = side * random.uniform(0.1, 0.4)
    start = (random.uniform(0, 0.4) * side, random.uniform(0.15, 0.85) * sheet.ink.shape[0])
    _write_line(
        sheet, _pick(digits, int(random.integers(1, 5)), random), start, make_hand(random), random,
        height=height, angle=_angle(random), gap=_gap(random), signs=0.4,
    )  # fmt: skip
    for _ in range(3):
        strew_litter(sheet, random)
    return sheet


def _sign(side: int, digits: Dataset, random: np.random.Generator) -> Sheet:  # noqa: ARG001
    """One sign or letter alone, of any size, as somebody may send it."""
    sheet = Sheet.blank(side, random)
    drawn = draw_symbol(side * math.exp(random.uniform(math.log(0.12), math.log(0.78))), random)
    sheet.put(drawn, *((np.array(sheet.ink.shape[::-1]) - drawn.shape[::-1]) * random.uniform(0, 1, 2)))
    return sheet


def _none(side: int, digits: Dataset, random: np.random.Generator) -> Sheet:  # noqa: ARG001
    """No digit at all."""
    sheet = Sheet.blank(side, random)
    if random.uniform() < 0.9:
        strew_litter(sheet, random)
    return sheet


def _texture(side: int, digits: Dataset, random: np.random.Generator) -> Sheet:  # noqa: ARG001
    """Anything at all: patches of grey, clouds, grass."""
    sheet = Sheet.blank(side, random)
    height, width = sheet.ink.shape
    canvas = PIL.Image.new("L", (width, height), int(random.integers(0, 256)))
    draw = ImageDraw.Draw(canvas)
    for _ in range(int(random.integers(0, 14))):
        points = random.uniform(-0.2, 1.2, (int(random.integers(3, 8)), 2)) * (width, height)
        if random.uniform() < 0.6:
            points = points[0] + (points - points[0]) * random.uniform(0.1, 0.6)
        if random.uniform() < 0.4:
            draw.ellipse((*points[:2].min(0), *points[:2].max(0)), fill=int(random.integers(0, 256)))
        else:
            draw.polygon([(float(x), float(y)) for x, y in points], fill=int(random.integers(0, 256)))
    values = np.asarray(canvas, np.float32) / 255
    for knots in random.integers(3, side // 2, int(random.integers(0, 4))):
        values = values + random.uniform(0, 0.5) * field_of(values.shape, int(knots), random)
    sheet.ink[:] = np.clip(values, 0, 1)
    return sheet


Layout: TypeAlias = Callable[[int, Dataset, np.random.Generator], Sheet]

LAYOUTS: Mapping[str, tuple[Layout, float]] = {
    "one": (_one, 0.17),
    "cutting": (_cutting, 0.1),
    "rows": (_rows, 0.34),
    "dense": (_dense, 0.06),
    "huge": (_huge, 0.08),
    "among": (_among, 0.08),
    "sign": (_sign, 0.08),
    "none": (_none, 0.06),
    "texture": (_texture, 0.03),
}
"""How a page is filled, and how often. A new layout is a function and its entry here; the shares sum to 1."""
