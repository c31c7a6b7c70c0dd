"""What stands among digits and is none."""

import numpy as np
import pytest

from inkdigit.images import Grey
from inkdigit.synthesis import signs as module
from inkdigit.synthesis.signs import (
    FONTS,
    LETTERS,
    SIGNS,
    SYMBOL_FONT,
    SYMBOLS,
    draw_letters,
    draw_scribble,
    draw_sign,
    draw_strokes,
)

MISSING = "\U0010ffff"
"""No font has this; what is drawn for it is drawn for all that a font lacks."""


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def assert_whole(drawn: Grey) -> None:
    """Nothing of it is cut off."""
    assert drawn.dtype == np.uint8
    assert drawn.max() == 255
    assert max(edge.max() for edge in (drawn[0], drawn[-1], drawn[:, 0], drawn[:, -1])) <= 128


@pytest.mark.parametrize("name", SIGNS)
def test_a_sign_is_drawn_whole_and_each_time_otherwise(name: str) -> None:
    drawn = [draw_sign(name, 50, 3, random(seed)) for seed in range(3)]
    for sign in drawn:
        assert_whole(sign)
        assert max(sign.shape) <= 2 * 50
    assert len({sign.tobytes() for sign in drawn}) == 3
    assert np.array_equal(draw_sign(name, 50, 3, random(1)), drawn[1])


def test_strokes_lie_where_their_points_are() -> None:
    drawn = draw_strokes([[(100.0, -5.0), (140.0, -5.0)], [(100.0, 15.0), (100.0, 15.0)]], 4)
    assert_whole(drawn)
    assert drawn.shape == (26, 46)  # 20 and 40, the pen's width, and a pixel on each side
    assert (drawn[3, 3:43] == 255).all()
    assert drawn[13:, 13:].sum() == 0
    assert drawn[23, 3] == 255, "a point is a dot"


@pytest.mark.parametrize("name", ["α", "∪", "φ"])
def test_a_curve_goes_from_its_first_point_to_its_last(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[list[tuple[float, float]]] = []
    monkeypatch.setattr(module, "draw_strokes", lambda strokes, _: drawn.extend(strokes))
    draw_sign(name, 50, 3, random())
    for stroke, line in zip(drawn, SIGNS[name], strict=True):
        height = 50 * (np.ptp([y for _, y in line]) - 0.25)  # each point is a little wrong
        assert np.ptp([y for _, y in stroke]) > height
        apart = np.hypot(*(np.array(stroke[0]) - stroke[-1])) - 50 * np.hypot(*(np.array(line[0]) - line[-1]))
        assert abs(apart) < 25


def test_no_sign_looks_like_a_digit() -> None:
    letters = {name for name in SIGNS if len(name) == 1 and name.isascii() and name.isalpha()}
    assert letters <= {*LETTERS, "x", "v"}


def test_a_wider_pen_leaves_more_ink() -> None:
    thin, thick = (draw_sign("+", 60, pen, random()) for pen in (2, 8))
    assert (thick > 127).sum() > 3 * (thin > 127).sum()


def test_a_scribble_wanders() -> None:
    drawn = [draw_scribble(60, 2, random(seed)) for seed in range(4)]
    for scribble in drawn:
        assert_whole(scribble)
        assert (scribble > 127).sum() > 3 * 2 * max(scribble.shape) * 0.5, "it comes back more than once"
    assert np.array_equal(draw_scribble(60, 2, random(2)), drawn[2])


@pytest.mark.parametrize("font", FONTS)
def test_every_font_has_every_letter(font: str) -> None:
    tofu = draw_letters(MISSING, 40, random(), font)
    for letter in LETTERS:
        drawn = draw_letters(letter, 40, random(), font)
        assert drawn.max() > 150
        assert not np.array_equal(drawn, tofu), letter


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_font_has_every_symbol(symbol: str) -> None:
    drawn = draw_letters(symbol, 40, random(), SYMBOL_FONT)
    assert drawn.max() > 150
    assert not np.array_equal(drawn, draw_letters(MISSING, 40, random(), SYMBOL_FONT))


def test_no_letter_looks_like_a_digit() -> None:
    assert not set(LETTERS) & set("0123456789OoIlSsZzBbqgGDJjiQyT|")


def test_letters_follow_from_their_seed() -> None:
    assert np.array_equal(draw_letters("Abc", 30, random(2)), draw_letters("Abc", 30, random(2)))
    assert not np.array_equal(draw_letters("Abc", 30, random(2)), draw_letters("Abc", 30, random(3)))
    one, many = (draw_letters(text, 30, random()) for text in ("A", "AAAA"))
    assert many.shape[1] > 2 * one.shape[1]
