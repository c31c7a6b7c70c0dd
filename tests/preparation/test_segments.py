"""Straight lines in strokes."""

import numpy as np
import PIL.Image
import pytest
from PIL import ImageDraw

from inkdigit.preparation import segments
from inkdigit.preparation.ink import Mask
from inkdigit.preparation.segments import find_segments


def draw(*lines: tuple[float, float, float, float], width: int = 2) -> Mask:
    picture = PIL.Image.new("1", (300, 200))
    for line in lines:
        ImageDraw.Draw(picture).line(line, fill=1, width=width)
    return np.array(picture)


@pytest.mark.parametrize("width", [1, 2, 4])
@pytest.mark.parametrize("rise", [-15, -3, 0, 7, 15])
def test_a_line_is_found_with_its_ends(width: int, rise: int) -> None:
    (found,) = find_segments(draw((40, 100, 240, 100 + rise), width=width))
    assert (found.first, found.last) == pytest.approx((40, 241), abs=2)
    assert found.at(140) == pytest.approx(100 + rise / 2, abs=1.5)
    assert found.slope == pytest.approx(rise / 200, abs=0.02)
    assert found.thickness == pytest.approx(width, abs=2)


def test_a_line_is_found_once_though_a_stroke_crosses_it() -> None:
    (found,) = find_segments(draw((40, 100, 240, 100)) | draw((120, 60, 150, 150), width=14))
    assert (found.first, found.last) == pytest.approx((40, 241), abs=2)


def test_the_longest_comes_first() -> None:
    found = find_segments(draw((10, 20, 90, 20), (10, 50, 290, 50), (10, 80, 190, 80)))
    assert [round(line.start) for line in found] == pytest.approx([50, 80, 20], abs=1)


@pytest.mark.parametrize(
    "strokes",
    [
        draw((40, 60, 240, 140)),  # steep
        draw((40, 100, 47, 100)),  # short
        draw((40, 100, 100, 100), width=20),  # thick
        np.zeros((0, 0), bool),
        np.zeros((1, 500), bool),
        np.ones((200, 300), bool),
        np.ones((300, 3), bool),
    ],
)
def test_what_is_no_line(strokes: Mask) -> None:
    assert not find_segments(strokes)


def test_a_curve_has_no_more_than_its_straight_part() -> None:
    picture = PIL.Image.new("1", (300, 200))
    ImageDraw.Draw(picture).ellipse((50, 40, 150, 140), outline=1, width=2)
    assert all(line.length < 60 for line in find_segments(np.array(picture)))


def test_a_texture_has_no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = draw(*((10, y, 290, y) for y in range(10, 190, 12)))
    assert len(find_segments(rows)) == 15
    for name in ("MOST", "MOST_PIECES"):
        with monkeypatch.context() as patch:
            patch.setattr(segments, name, 14)
            assert not find_segments(rows)
