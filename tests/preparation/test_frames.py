"""Printed boxes around writing."""

import time

import numpy as np
import PIL.Image
import pytest
from PIL import ImageDraw

from inkdigit.images import Grey, Ink
from inkdigit.preparation.frames import erase_frames, find_frames
from inkdigit.preparation.ink import find_ink

SHAPE = (200, 500)
PAPER = 230
BOXES = [(60 + 90 * place, 50, 150 + 90 * place, 150) for place in range(4)]
"""Four that share sides."""


def page(boxes: list[tuple[int, int, int, int]], *, line: int = 60, width: int = 3, sevens: bool = True) -> Grey:
    """Boxes, and in each a 7 of a darker pen."""
    picture = PIL.Image.new("L", (2 * SHAPE[1], 2 * SHAPE[0]), PAPER)
    pen = ImageDraw.Draw(picture)
    for box in boxes:
        pen.rectangle([2 * edge for edge in box], outline=line, width=2 * width)
    for left, top, _, _ in BOXES if sevens else []:
        points = [(2 * (left + x), 2 * (top + y)) for x, y in ((25, 25), (62, 25), (40, 78))]
        pen.line(points, fill=20, width=14, joint="curve")
    return np.asarray(picture.reduce(2))


def written(grey: Grey) -> np.ndarray:
    return find_ink(grey) > 0.1


def check_alone(grey: Grey, boxed: Grey) -> None:
    """Checks that a picture is the page without boxes, and little of its writing is lost."""
    plain = written(page([]))
    left = written(grey)
    assert (left & ~plain).sum() < 0.05 * (written(boxed) & ~plain).sum()
    assert (left & plain).sum() > 0.95 * plain.sum()


@pytest.mark.parametrize("turn", [0, 1])
@pytest.mark.parametrize(("line", "width"), [(60, 1), (60, 4), (170, 3)])
def test_boxes_go_and_writing_stays(line: int, width: int, turn: int) -> None:
    boxed = np.rot90(page(BOXES, line=line, width=width), turn)
    unframed = erase_frames(boxed, find_ink(boxed))
    assert unframed is not None
    grey, ink = unframed
    check_alone(np.rot90(grey, -turn), np.rot90(boxed, -turn))
    plain = written(page([]))
    assert ((np.rot90(ink, -turn) > 0.3) & plain).sum() > 0.95 * plain.sum()


@pytest.mark.parametrize("angle", [-3, 2])
def test_a_form_that_is_tilted(angle: float) -> None:
    tilted = PIL.Image.fromarray(page(BOXES)).rotate(angle, PIL.Image.Resampling.BICUBIC, fillcolor=PAPER)
    boxed = np.asarray(tilted)
    unframed = erase_frames(boxed, find_ink(boxed))
    assert unframed is not None
    straight = PIL.Image.fromarray(unframed[0]).rotate(-angle, PIL.Image.Resampling.BICUBIC, fillcolor=PAPER)
    check_alone(np.asarray(straight), page(BOXES))


def test_boxes_side_by_side_and_empty_ones_go_too() -> None:
    apart = [(left + 8, top, right - 8, bottom) for left, top, right, bottom in BOXES]
    boxed = page([*apart, (435, 50, 490, 150)])
    assert len(find_frames(find_ink(boxed))) == 5
    unframed = erase_frames(boxed, find_ink(boxed))
    assert unframed is not None
    check_alone(unframed[0], boxed)


def test_a_large_picture_is_searched_at_a_smaller_size() -> None:
    boxed = np.asarray(PIL.Image.fromarray(page(BOXES)).resize((1500, 600), PIL.Image.Resampling.BICUBIC))
    unframed = erase_frames(boxed, find_ink(boxed))
    assert unframed is not None
    check_alone(np.asarray(PIL.Image.fromarray(unframed[0]).reduce(3)), page(BOXES))


def test_a_stroke_that_crosses_a_box_stays() -> None:
    picture = PIL.Image.fromarray(page(BOXES))
    ImageDraw.Draw(picture).line((240, 20, 265, 190), fill=20, width=8)
    boxed = np.asarray(picture)
    unframed = erase_frames(boxed, find_ink(boxed))
    assert unframed is not None
    along = [unframed[1][y, round(240 + 25 * (y - 20) / 170)] for y in range(25, 186)]
    assert np.mean(np.array(along) > 0.3) > 0.95


def square(box: tuple[int, int, int, int]) -> Ink:
    return find_ink(page([box], sevens=False))


@pytest.mark.parametrize(
    "ink",
    [
        find_ink(page([])),
        square((100, 50, 170, 150)),  # nothing in it: it may be a 0
        np.zeros(SHAPE, np.float32),
        np.ones(SHAPE, np.float32),
        np.zeros((1, 1), np.float32),
        np.ones((5, 2000), np.float32),
    ],
)
def test_without_boxes_around_writing_all_stays(ink: Ink) -> None:
    assert erase_frames(np.full(ink.shape, 200, np.uint8), ink) is None


def test_a_square_zero_in_a_box_is_writing() -> None:
    outer = [(60, 30, 200, 180)]
    grey = page([*outer, (105, 70, 155, 140)], sevens=False)
    (frame,) = find_frames(find_ink(grey))
    assert frame.edges == pytest.approx((61, 31, 199, 179), abs=2)
    unframed = erase_frames(grey, find_ink(grey))
    assert unframed is not None
    zero = square((105, 70, 155, 140)) > 0.3
    assert ((unframed[1] > 0.3) & zero).sum() > 0.95 * zero.sum()


def test_what_is_much_darker_or_thicker_than_the_lines_is_none_of_them() -> None:
    picture = PIL.Image.fromarray(page(BOXES, line=170, sevens=False))
    ImageDraw.Draw(picture).line((105, 54, 105, 147), fill=20, width=12)  # a 1 from side to side
    boxed = np.asarray(picture)
    unframed = erase_frames(boxed, find_ink(boxed))
    assert unframed is not None
    assert (unframed[1][60:140, 102:109] > 0.3).all()


def test_what_was_given_is_not_changed() -> None:
    grey = page(BOXES).copy()
    ink = find_ink(grey)
    before = grey.copy(), ink.copy()
    erase_frames(grey, ink)
    np.testing.assert_array_equal(grey, before[0])
    np.testing.assert_array_equal(ink, before[1])


def test_a_maze_takes_no_longer_than_a_page() -> None:
    """The more lines meet, the more pairs are compared."""
    maze = np.zeros((1600, 1600), np.float32)
    maze[8::16, 8:-7] = 1
    maze[8:-7, 8::16] = 1
    noise = (np.random.default_rng(0).uniform(size=(1600, 1600)) > 0.6).astype(np.float32)
    for ink in (maze, noise):
        begun = time.perf_counter()
        erase_frames(np.full(ink.shape, 200, np.uint8), ink)
        assert time.perf_counter() - begun < 5
