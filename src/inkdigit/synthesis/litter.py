"""What lies on a page among the writing: letters, signs, words, scribbles, long lines."""

import math
from collections.abc import Callable

import numpy as np
import PIL.Image

from inkdigit.images import Grey
from inkdigit.synthesis.sheet import Sheet
from inkdigit.synthesis.signs import (
    LETTERS,
    SIGNS,
    SYMBOL_FONT,
    SYMBOLS,
    draw_letters,
    draw_scribble,
    draw_sign,
)


def strew_litter(sheet: Sheet, random: np.random.Generator) -> None:
    """Letters, signs, words, scribbles, anywhere."""
    side = sheet.side
    height = side * math.exp(random.uniform(math.log(0.07), math.log(0.7)))
    for _ in range(int(random.integers(1, 6 if height < 0.3 * side else 2))):
        size = height * math.exp(random.normal(0, 0.15))
        x, y = random.uniform(-0.15, 0.95, 2) * sheet.ink.shape[::-1]
        draw = _LITTER[random.choice(len(_LITTER), p=[0.26, 0.14, 0.4, 0.1, 0.1])]
        drawn = draw(size, random)
        if sheet.is_free(drawn, x, y):
            # A standing line is how most people write a 1.
            sheet.put(drawn, x, y, is_asked=draw is not _draw_bar or drawn.shape[0] < drawn.shape[1])


def draw_symbol(height: float, random: np.random.Generator) -> Grey:
    """One sign or letter, by hand or from a font."""
    return _SYMBOLS[random.choice(len(_SYMBOLS), p=[0.7, 0.2, 0.1])](height, random)


def _draw_pen_sign(height: float, random: np.random.Generator) -> Grey:
    return draw_sign(str(random.choice(list(SIGNS))), height, max(1.0, height * random.uniform(0.03, 0.14)), random)


def _draw_bar(height: float, random: np.random.Generator) -> Grey:
    """A long line, straight or bowed: an underline, a fold, an edge."""
    length, pen = height * random.uniform(1.5, 5), height * random.uniform(0.03, 0.1)
    lying = PIL.Image.fromarray(draw_sign("-", length, pen, random))
    return np.asarray(lying.rotate(90 * int(random.integers(2)), expand=True))


_SYMBOLS: tuple[Callable[[float, np.random.Generator], Grey], ...] = (
    _draw_pen_sign,
    lambda height, random: draw_letters(str(random.choice(list(LETTERS))), height, random),
    lambda height, random: draw_letters(str(random.choice(list(SYMBOLS))), height, random, SYMBOL_FONT),
)

_LITTER: tuple[Callable[[float, np.random.Generator], Grey], ...] = (
    lambda height, random: draw_letters("".join(random.choice(list(LETTERS), random.integers(1, 6))), height, random),
    lambda height, random: draw_letters(str(random.choice(list(SYMBOLS))), height, random, SYMBOL_FONT),
    _draw_pen_sign,
    lambda height, random: draw_scribble(height, max(1.0, height * random.uniform(0.03, 0.12)), random),
    _draw_bar,
)
