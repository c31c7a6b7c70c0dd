"""Heavy pens are made as wide as MNIST's widest; others leave their ink as it is."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from inkdigit.images import Ink
from inkdigit.preparation.cut import cut_digit
from inkdigit.preparation.thin import HEAVY, measure_pen, thin


def ring(side: int, pen: float) -> Ink:
    """A round 0 of that longer side, in pixels, by a pen of that width."""
    picture = Image.new("L", (4 * side, 4 * side))
    ImageDraw.Draw(picture).ellipse((0, 0, 4 * side - 1, 4 * side - 1), outline=255, width=round(4 * pen))
    return np.asarray(picture.reduce(4), np.float32) / np.float32(255)


@pytest.mark.parametrize("side", [20, 60, 300])
@pytest.mark.parametrize("share", [0.1, 0.2, 0.3])
def test_a_pen_is_measured(side: int, share: float) -> None:
    assert measure_pen(ring(side, share * side)) == pytest.approx(share * side, rel=0.1, abs=0.5)


def test_no_ink_has_no_pen() -> None:
    assert measure_pen(np.zeros((9, 5), np.float32)) == 0
    assert not thin(np.zeros((9, 5), np.float32)).any()


@pytest.mark.parametrize("side", [20, 60, 300])
def test_a_common_pen_is_left_as_it_is(side: int) -> None:
    ink = ring(side, 0.14 * side)
    assert thin(ink) is ink


@pytest.mark.parametrize("side", [40, 60, 81, 300])
def test_a_heavy_one_becomes_as_wide_as_few_of_mnist_are(side: int) -> None:
    thinned = thin(ring(side, 0.3 * side))
    assert measure_pen(thinned) == pytest.approx(HEAVY * max(thinned.shape), abs=0.05 * max(thinned.shape))
    rows = np.flatnonzero((thinned > 0.5).any(1))
    assert rows[-1] + 1 - rows[0] < 0.9 * len(thinned), "it gives way from outside, too"


def test_of_a_tiny_digit_something_is_left() -> None:
    tiny = np.ones((6, 6), np.float32)
    tiny[2:4, 2:4] = 0  # strokes of two pixels, of which none would be left
    assert thin(tiny) is tiny


def test_the_hole_of_a_heavy_digit_is_seen_again() -> None:
    page = np.zeros((100, 100), np.float32)
    page[20:80, 20:80] = ring(60, 24)  # a hole of 12 pixels, 4 of 20
    image = cut_digit(page, (20, 20, 60, 60))
    assert int((image[14] < 50).sum()) - 8 >= 6, "8 are beside the digit"
