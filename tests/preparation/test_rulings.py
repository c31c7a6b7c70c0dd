import numpy as np
import PIL.Image
import pytest
from PIL import ImageDraw

from inkdigit.images import Ink
from inkdigit.preparation.rulings import erase_rulings, find_rulings

SHAPE = (240, 360)


def draw(*lines: tuple[float, float, float, float], width: int = 2, shape: tuple[int, int] = SHAPE) -> Ink:
    """Strokes from x, y to x, y."""
    picture = PIL.Image.new("L", (shape[1], shape[0]))
    for line in lines:
        ImageDraw.Draw(picture).line(line, fill=255, width=width)
    return np.asarray(np.asarray(picture) / 255, np.float32)


def digit(shape: tuple[int, int] = SHAPE) -> Ink:
    """A 7, 80 pixels tall, with a broad pen."""
    return draw((140, 60, 200, 60), (200, 60, 160, 140), width=9, shape=shape)


RULINGS = [(0.0, y, 360.0, y) for y in (30.0, 100.0, 170.0)]


def test_lines_from_edge_to_edge_are_found_from_top_to_bottom() -> None:
    found = find_rulings(draw(*RULINGS))
    assert [round(ruling.start) for ruling in found] == pytest.approx([30, 100, 170], abs=1)
    assert all(abs(ruling.slope) < 0.01 for ruling in found)


def test_a_tilted_line_is_found() -> None:
    (ruling,) = find_rulings(draw((0, 100, 360, 108)))
    assert ruling.slope == pytest.approx(8 / 360, abs=0.005)
    assert not find_rulings(draw((0, 60, 360, 160))), "steeper ones are no rulings"


@pytest.mark.parametrize("turn", [0, 1])
def test_rulings_go_and_writing_stays(turn: int) -> None:
    ruled = np.rot90(np.maximum(draw(*RULINGS), digit()), turn)
    erased = erase_rulings(ruled)
    alone = np.rot90(digit(), turn)
    assert erased[alone == 0].sum() < 0.02 * draw(*RULINGS).sum()
    assert (erased * alone).sum() > 0.9 * alone.sum()


def test_squared_paper_goes() -> None:
    squares = draw(*RULINGS, *((x, 0.0, x, 240.0) for x in (50.0, 250.0, 320.0)))
    erased = erase_rulings(np.maximum(squares, digit()))
    assert erased[digit() == 0].sum() < 0.05 * squares.sum()


@pytest.mark.parametrize(
    "ink",
    [
        digit(),
        draw((20, 100, 300, 100)),  # a bar that ends
        draw((0, 120, 360, 120), width=30),  # as thick as a marker's stroke
        np.zeros(SHAPE, np.float32),
        np.ones(SHAPE, np.float32),
        np.zeros((1, 1), np.float32),
        np.zeros((5, 2000), np.float32),
    ],
)
def test_anything_else_stays_as_it_is(ink: Ink) -> None:
    np.testing.assert_array_equal(erase_rulings(ink), ink)


def test_a_one_that_fills_its_picture_stays() -> None:
    one = draw((60, 0, 60, 240), width=28, shape=(240, 120))
    np.testing.assert_array_equal(erase_rulings(one), one)


def test_what_is_given_is_not_changed() -> None:
    ruled = draw(*RULINGS)
    before = ruled.copy()
    erase_rulings(ruled)
    np.testing.assert_array_equal(ruled, before)
