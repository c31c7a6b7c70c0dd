"""Somebody else's hand."""

import math
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
from PIL import ImageDraw

from inkdigit.images import Grey
from inkdigit.preparation.normalize import normalize_grey
from inkdigit.synthesis.hand import FIRM, Hand, make_hand, write_digit

CALM = Hand(slant=0, aspect=1, nib="plain", pressure=0.5, softness=1, unrest=0)
"""A hand whose digits are all alike."""


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def draw_one() -> Grey:
    picture = PIL.Image.new("L", (28, 28))
    ImageDraw.Draw(picture).line((14, 3, 14, 24), fill=255, width=3)
    return normalize_grey(np.asarray(picture))


def write(height: float = 60, turn: float = 0, **changes: object) -> Grey:
    return write_digit(draw_one(), height, replace(CALM, **changes), random(), turn=turn)  # type: ignore[arg-type]


@pytest.mark.parametrize("nib", ["fine", "plain", "broad"])
@pytest.mark.parametrize("height", [12, 24, 60, 110])
def test_a_digit_is_as_tall_as_asked_and_firm(height: int, nib: str) -> None:
    drawn = write(height, nib=nib)
    firm = drawn > FIRM
    rows = np.flatnonzero(firm.any(1))
    assert drawn.dtype == np.uint8
    assert np.ptp(rows) + 1 == pytest.approx(height, abs=2 + 0.12 * height)
    assert drawn.max() >= 200
    assert (rows[0], len(drawn) - 1 - rows[-1]) <= (1, 1), "no more than a soft edge around it"


@pytest.mark.parametrize("height", [20, 80])
def test_a_broader_nib_and_more_pressure_make_thicker_strokes(height: int) -> None:
    pens = [(nib, pressure) for nib in ("fine", "plain", "broad") for pressure in (0.0, 1.0)]
    ink = [int(write(height, nib=nib, pressure=pressure).sum()) for nib, pressure in pens]
    assert ink[0] < ink[1] < ink[3] < ink[5]
    assert ink[0] < ink[2] < ink[4]


def test_the_finest_line_is_a_thirtieth_of_a_digit_and_as_wide_everywhere() -> None:
    drawn = write(120, nib="fine", pressure=0.0) > FIRM
    widths = drawn.sum(1)[10:-10]
    assert 1 <= widths.min() <= widths.max() <= 5


def test_strokes_lean_to_the_right_where_the_slant_is_positive() -> None:
    drawn = write(slant=0.4) > FIRM
    upper, lower = (np.nonzero(half)[1].mean() for half in np.array_split(drawn, 2))
    assert upper > lower + 5


def test_a_turn_is_counter_clockwise() -> None:
    lying = write(turn=math.pi / 2)
    assert lying.shape[1] > 4 * lying.shape[0]
    tilted = write(turn=0.4) > FIRM  # its top goes to the left
    upper, lower = (np.nonzero(half)[1].mean() for half in np.array_split(tilted, 2))
    assert upper < lower - 5


def test_a_wide_hand_is_wide_and_paper_stays_empty() -> None:
    narrow, wide = (write(aspect=aspect) for aspect in (0.6, 1.6))
    assert wide.shape[1] > narrow.shape[1]
    assert all(drawn.min() == 0 for drawn in (narrow, wide))


def test_a_restless_hand_never_writes_the_same_twice() -> None:
    chance = random()
    drawn = {write_digit(draw_one(), 40, replace(CALM, unrest=1), chance).tobytes() for _ in range(10)}
    assert len(drawn) == 10
    calm = {write_digit(draw_one(), 40, CALM, chance).tobytes() for _ in range(10)}
    assert len(calm) == 1


def test_a_hand_follows_from_its_seed() -> None:
    assert make_hand(random(3)) == make_hand(random(3)) != make_hand(random(4))
    assert {make_hand(random(seed)).nib for seed in range(30)} == {"fine", "plain", "broad", "heavy"}


def test_nothing_is_written_of_a_blank() -> None:
    drawn = write_digit(np.zeros((28, 28), np.uint8), 40, CALM, random())
    assert not drawn.any()
