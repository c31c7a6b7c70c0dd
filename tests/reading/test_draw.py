"""Pictures of readings: what is drawn, where, and that all of it can be seen."""

from collections.abc import Callable
from typing import Any

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray
from PIL import ImageDraw

from inkdigit.images import SIZE
from inkdigit.preparation.box import Box
from inkdigit.reading.draw import (
    CAPTION,
    GAP,
    LEGIBLE_SIDE,
    PANEL,
    PAPER,
    REFUSED,
    SURE,
    TILE,
    TILE_CAPTION,
    draw_annotated,
    draw_ink,
    draw_network,
    draw_panels,
)
from inkdigit.reading.explain import Explanation
from inkdigit.reading.result import Digit, Guess

MakeExplanation = Callable[..., Explanation]
MakeDigit = Callable[..., Digit]
BOX = Box(100, 120, 40, 60)


def pixels(picture: PIL.Image.Image) -> NDArray[np.uint8]:
    return np.asarray(picture.convert("RGB"))


def extent(picture: PIL.Image.Image, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """First and last x, first and last y of a colour."""
    y, x = np.nonzero((pixels(picture) == colour).all(2))
    return int(x.min()), int(x.max()), int(y.min()), int(y.max())


def test_a_line_runs_around_the_digit_and_hides_none_of_it(
    make_explanation: MakeExplanation, make_digit: MakeDigit
) -> None:
    explanation = make_explanation([make_digit(1, BOX)])
    given, drawn = pixels(explanation.picture), pixels(draw_annotated(explanation))
    assert drawn.shape == given.shape
    inside = slice(BOX.y, BOX.y + BOX.height), slice(BOX.x, BOX.x + BOX.width)
    np.testing.assert_array_equal(drawn[inside], given[inside])
    for y, x in ((BOX.y + 30, BOX.x - 2), (BOX.y + 30, BOX.x + 41), (BOX.y - 2, BOX.x + 20), (BOX.y + 61, BOX.x + 20)):
        assert tuple(drawn[y, x]) == SURE
    assert tuple(drawn[BOX.y + 30, BOX.x - 1]) == PAPER, "a seam, so that the line is seen on ink"
    far = np.s_[BOX.y + 70 :, :]
    np.testing.assert_array_equal(drawn[far], given[far])


def test_the_line_is_seen_on_a_dark_ground(make_explanation: MakeExplanation, make_digit: MakeDigit) -> None:
    explanation = make_explanation([make_digit(1, BOX)])
    explanation.picture.paste((20, 30, 60), (0, 0, 400, 300))
    drawn = pixels(draw_annotated(explanation))
    row = [tuple(int(value) for value in pixel) for pixel in drawn[BOX.y + 30, BOX.x - 5 : BOX.x + 1]]
    assert row == [(20, 30, 60), PAPER, SURE, SURE, PAPER, (20, 30, 60)]


def test_a_refused_digit_has_another_colour(make_explanation: MakeExplanation, make_digit: MakeDigit) -> None:
    sure, refused = make_digit(1, Box(30, 100, 40, 60)), make_digit(2, Box(300, 100, 40, 60), reason="unsure")
    drawn = draw_annotated(make_explanation([sure, refused]))
    assert extent(drawn, SURE)[1] < 150
    assert extent(drawn, REFUSED)[0] > 250


@pytest.mark.parametrize("size", [(28, 28), (30, 20), (57, 20), (LEGIBLE_SIDE // 2, 90)])
def test_a_small_picture_is_enlarged_by_a_whole_factor(
    size: tuple[int, int], make_explanation: MakeExplanation, make_digit: MakeDigit
) -> None:
    explanation = make_explanation([make_digit(1, Box(3, 2, 5, 6))], width=size[0], height=size[1])
    drawn = pixels(draw_annotated(explanation))
    factor = drawn.shape[0] // size[1]
    assert factor >= 2
    assert drawn.shape == (size[1] * factor, size[0] * factor, 3)
    assert LEGIBLE_SIDE / 2 < max(drawn.shape) <= LEGIBLE_SIDE
    ink = drawn[2 * factor : 8 * factor, 3 * factor : 8 * factor]
    assert (ink == 0).all(), "the digit lies where its box was"


@pytest.mark.parametrize("size", [(LEGIBLE_SIDE // 2 + 1, 100), (640, 480), (2000, 30)])
def test_any_other_keeps_its_size(size: tuple[int, int], make_explanation: MakeExplanation) -> None:
    assert draw_annotated(make_explanation(width=size[0], height=size[1])).size == size


@pytest.fixture
def cut_off(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Fills with what is written beyond the edge of a picture."""
    outside: list[str] = []
    original = ImageDraw.ImageDraw.text

    def check(draw: ImageDraw.ImageDraw, xy: tuple[float, float], text: str, **options: Any) -> None:
        options_of_size = {key: options[key] for key in ("font", "anchor", "stroke_width") if key in options}
        left, top, right, bottom = draw.textbbox(xy, text, **options_of_size)
        if left < 0 or top < 0 or right > draw.im.size[0] or bottom > draw.im.size[1]:
            outside.append(f"{text} at {(left, top, right, bottom)} of {draw.im.size}")
        original(draw, xy, text, **options)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", check)
    return outside


@pytest.mark.parametrize("draw_picture", [draw_annotated, draw_panels])
@pytest.mark.parametrize(
    ("box", "size"),
    [
        (Box(0, 0, 30, 60), (400, 300)),
        (Box(370, 0, 30, 60), (400, 300)),
        (Box(0, 240, 30, 60), (400, 300)),
        (Box(396, 240, 4, 60), (400, 300)),
        (Box(0, 0, 400, 300), (400, 300)),
        (Box(0, 0, 28, 28), (28, 28)),
        (Box(3, 4, 20, 20), (28, 28)),
        (Box(500, 0, 60, 40), (2000, 40)),
        (Box(0, 500, 40, 100), (40, 2000)),
    ],
)
def test_no_answer_is_cut_off(
    draw_picture: Callable[[Explanation], PIL.Image.Image],
    box: Box,
    size: tuple[int, int],
    cut_off: list[str],
    make_explanation: MakeExplanation,
) -> None:
    digit = Digit(8, 1.0, box, True, False, None, (Guess(8, 1.0),))
    draw_picture(make_explanation([digit], width=size[0], height=size[1]))
    assert not cut_off


@pytest.mark.parametrize("n", [1, 4, 12, 25, 100])
def test_no_caption_is_cut_off(
    n: int, cut_off: list[str], make_explanation: MakeExplanation, make_digit: MakeDigit
) -> None:
    digits = [make_digit(i % 10, Box(5 + 15 * i, 30, 8, 20), confidence=1.0) for i in range(n)]
    explanation = make_explanation(digits, width=1600)
    draw_network(explanation)
    draw_panels(explanation)
    assert not cut_off


def test_a_line_around_the_whole_picture_is_seen(make_explanation: MakeExplanation, make_digit: MakeDigit) -> None:
    drawn = draw_annotated(make_explanation([make_digit(1, Box(0, 0, 400, 300))]))
    assert extent(drawn, SURE) == (0, 399, 0, 299)


def test_nothing_is_drawn_where_nothing_is(make_explanation: MakeExplanation) -> None:
    explanation = make_explanation()
    np.testing.assert_array_equal(pixels(draw_annotated(explanation)), pixels(explanation.picture))


def test_ink_is_white_on_black(make_explanation: MakeExplanation, make_digit: MakeDigit) -> None:
    explanation = make_explanation([make_digit(1, BOX)])
    np.testing.assert_array_equal(np.asarray(draw_ink(explanation)), 255 - explanation.grey)


@pytest.mark.parametrize(("n", "columns", "rows"), [(1, 1, 1), (10, 10, 1), (11, 10, 2), (23, 10, 3)])
def test_network_shows_each_image_enlarged(
    n: int, columns: int, rows: int, make_explanation: MakeExplanation, make_digit: MakeDigit
) -> None:
    explanation = make_explanation([make_digit(i % 10, Box(5 + 15 * i, 10, 8, 20)) for i in range(n)])
    sheet = draw_network(explanation)
    step, height = TILE + GAP, TILE + TILE_CAPTION + 2 * GAP
    assert sheet.size == (columns * step + GAP, rows * height)
    for index, image in enumerate(explanation.images):
        y, x = index // 10 * height + GAP + TILE_CAPTION, index % 10 * step + GAP
        found = pixels(sheet)[y : y + TILE, x : x + TILE, 0]
        np.testing.assert_array_equal(found, np.kron(image, np.ones((4, 4), np.uint8)))
        caption = pixels(sheet)[y - TILE_CAPTION : y, x : x + TILE]
        assert caption.min() < 128, "the answer stands above it"


@pytest.mark.parametrize("n", [0, 1, 2, 5, 12, 30, 100])
def test_panels_are_one_row_of_five(n: int, make_explanation: MakeExplanation, make_digit: MakeDigit) -> None:
    digits = [make_digit(i % 10, Box(5 + 15 * i, 10, 8, 20)) for i in range(n)]
    row = draw_panels(make_explanation(digits, width=1600))
    assert row.size == (5 * (PANEL + GAP) + GAP, PANEL + CAPTION + 2 * GAP)
    for index in range(5):
        x = GAP + index * (PANEL + GAP)
        assert pixels(row)[GAP : GAP + CAPTION, x : x + PANEL].min() < 128, "each has a title"


@pytest.mark.parametrize("size", [(1, 1), (28, 28), (3000, 10), (10, 3000)])
def test_pictures_of_any_shape_are_fitted(size: tuple[int, int], make_explanation: MakeExplanation) -> None:
    row = draw_panels(make_explanation(width=size[0], height=size[1]))
    assert row.size == (5 * (PANEL + GAP) + GAP, PANEL + CAPTION + 2 * GAP)


def test_the_panel_of_a_digit_shows_its_pixels(make_explanation: MakeExplanation, make_digit: MakeDigit) -> None:
    explanation = make_explanation([make_digit(1, BOX)])
    last = pixels(draw_panels(explanation))[:, -PANEL - GAP :, 0]
    enlarged = np.kron(explanation.images[0], np.ones((11, 11), np.uint8))
    assert enlarged.shape[0] == 11 * SIZE < PANEL
    windows = np.lib.stride_tricks.sliding_window_view(last[:, : enlarged.shape[1] + 60], enlarged.shape)
    assert any((window == enlarged).all() for line in windows[::1, ::1] for window in line)
