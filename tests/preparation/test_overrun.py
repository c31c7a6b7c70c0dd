import numpy as np
import PIL.Image
import pytest
from PIL import ImageDraw

from inkdigit.images import Ink
from inkdigit.preparation.cut import Edges
from inkdigit.preparation.overrun import measure_overrun

NONE = np.empty((0, 4), np.float32)


def draw(*lines: tuple[float, float, float, float], width: int = 6) -> Ink:
    picture = PIL.Image.new("L", (200, 200))
    for line in lines:
        ImageDraw.Draw(picture).line(line, fill=255, width=width)
    return np.asarray(np.asarray(picture) / 255, np.float32)


STEM = (100.0, 60.0, 100.0, 140.0)
BOX = (92.0, 55.0, 16.0, 90.0)


def test_a_digit_alone_does_not_run_over() -> None:
    assert measure_overrun(draw(STEM), BOX, NONE) == 0


def test_a_leg_of_a_v_does() -> None:
    v = draw((60, 60, 100, 140), (100, 140, 140, 60))
    assert measure_overrun(v, (98, 55, 45, 90), NONE) > 0.05
    assert measure_overrun(v, (55, 55, 90, 90), NONE) == 0


def test_a_steep_leg_does_too() -> None:
    wedge = draw((70, 140, 104, 60), (104, 60, 108, 140), width=4)
    assert measure_overrun(wedge, (101, 57, 9, 85), NONE) > 0.05


@pytest.mark.parametrize("scale", [1, 3])
def test_it_is_the_ink_beyond_as_a_share_of_that_within(scale: int) -> None:
    bar = np.kron(draw((100, 20, 100, 180), width=8), np.ones((scale, scale), np.float32))
    box = (95.0 * scale, 60.0 * scale, 12.0 * scale, 80.0 * scale)
    assert measure_overrun(bar, box, NONE) == pytest.approx(0.2, abs=0.06)  # a tenth above and below


def test_a_box_that_is_a_little_small_is_not_run_through() -> None:
    x, y, width, height = BOX
    assert measure_overrun(draw(STEM), (x + 6, y + 11, width - 8, height - 17), NONE) == 0


def test_what_ends_at_the_edge_of_the_picture_goes_nowhere() -> None:
    bar = draw((100, 0, 100, 200), width=8)
    assert measure_overrun(bar, (95, 3, 12, 193), NONE) == 0


def test_ink_nearby_that_is_not_reached_does_not_count() -> None:
    assert measure_overrun(draw(STEM, (112, 60, 112, 140), width=4), BOX, NONE) == 0


def test_a_neighbour_that_touches_does_not_count() -> None:
    touching = draw(STEM, (100, 100, 150, 100), (150, 60, 150, 140))
    alone = measure_overrun(touching, BOX, NONE)
    assert alone > 0
    assert measure_overrun(touching, BOX, np.array([[108, 55, 50, 90]], np.float32)) == 0


def test_a_ruling_does_not_count() -> None:
    assert measure_overrun(draw(STEM, (0, 120, 200, 120), width=4), BOX, NONE) == 0


@pytest.mark.parametrize("box", [(-20.0, -20.0, 30.0, 30.0), (195.0, 195.0, 40.0, 40.0), (300.0, 300.0, 10.0, 10.0)])
def test_a_box_may_reach_beyond_the_picture(box: tuple[float, float, float, float]) -> None:
    assert measure_overrun(draw((0, 0, 200, 200)), box, NONE) >= 0


@pytest.mark.parametrize("box", [(10.0, -112.0, 60.0, 100.0), (-112.0, 10.0, 100.0, 60.0), (300.0, 20.0, 40.0, 60.0)])
def test_a_box_beyond_the_picture_has_nothing_that_could_go_on(box: Edges) -> None:
    ink = np.zeros((200, 200), np.float32)
    ink[:6], ink[:, :6] = 1, 1
    assert measure_overrun(ink, box, NONE) == 0
