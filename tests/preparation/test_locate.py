"""Ink becomes the boxes of digits, line by line."""

import time

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from inkdigit.images import Ink
from inkdigit.preparation.box import Box
from inkdigit.preparation.locate import locate

Lines = list[list[tuple[Box, Ink]]]


def write(ink: Ink, digit: str, x: int, y: int, *, height: int = 40, pen: int = 4) -> None:
    """Writes a digit whose foot lies at (x, y)."""
    bytes_ = np.zeros(ink.shape, np.uint8)
    cv2.putText(bytes_, digit, (x, y), cv2.FONT_HERSHEY_SIMPLEX, height / 21, 1, pen)
    ink[bytes_ > 0] = 1


def page(*lines: str, height: int = 40, step: int = 60, shape: tuple[int, int] = (200, 400)) -> Ink:
    ink = np.zeros(shape, np.float32)
    for row, line in enumerate(lines):
        for column, digit in enumerate(line):
            if digit != " ":
                write(ink, digit, 20 + column * step, 60 + row * 2 * height, height=height)
    return ink


def counts(lines: Lines) -> list[int]:
    return [len(line) for line in lines]


def check(ink: Ink, lines: Lines) -> None:
    """Checks what holds for every answer."""
    height, width = ink.shape
    for box, cut in (found for line in lines for found in line):
        assert box.width > 0
        assert box.height > 0
        assert 0 <= box.x <= box.x + box.width <= width
        assert 0 <= box.y <= box.y + box.height <= height
        assert cut.shape == (box.height, box.width)
        assert cut.dtype == np.float32
        assert cut.any()
        window = ink[box.y : box.y + box.height, box.x : box.x + box.width]
        assert ((cut == 0) | (cut == window)).all()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [(("7",), [1]), (("1",), [1]), (("123",), [3]), (("11111",), [5]), (("12", "345"), [2, 3]), (("  9", "7"), [1, 1])],
)
def test_digits_are_found_line_by_line(lines: tuple[str, ...], expected: list[int]) -> None:
    ink = page(*lines)
    found = locate(ink)
    check(ink, found)
    assert counts(found) == expected


def test_lines_run_from_top_to_bottom_and_digits_from_left_to_right() -> None:
    ink = page("2 3", "45 7")
    found = [[box for box, _ in line] for line in locate(ink)]
    assert [[(box.x - 20 + 30) // 60 for box in line] for line in found] == [[0, 2], [0, 1, 3]]
    assert max(box.y for box in found[0]) < min(box.y for box in found[1])


def test_a_box_is_as_tight_as_its_digit() -> None:
    ink = np.zeros((100, 100), np.float32)
    ink[20:60, 30:45] = 1
    [[(box, cut)]] = locate(ink)
    assert box == Box(30, 20, 15, 40)
    assert cut.all()


def test_a_slanting_line_remains_one() -> None:
    ink = np.zeros((240, 500), np.float32)
    for n in range(6):
        write(ink, "8", 20 + 75 * n, 80 + 22 * n)
    assert counts(locate(ink)) == [6]


def test_a_broken_stroke_is_joined() -> None:
    ink = page("5", height=80)
    rows = np.flatnonzero(ink.any(1))
    ink[rows[0] + 36 : rows[0] + 38] = 0
    assert counts(locate(ink)) == [1]


def test_a_bar_apart_from_its_5_is_joined() -> None:
    ink = np.zeros((140, 140), np.float32)
    cv2.ellipse(ink, (60, 80), (22, 25), 0, -120, 130, 1.0, 5)
    cv2.line(ink, (45, 30), (43, 60), 1.0, 5)
    cv2.line(ink, (54, 30), (85, 30), 1.0, 5)
    assert counts(locate(ink)) == [1]


def test_specks_are_dropped() -> None:
    ink = page("3 7")
    for y, x in ((10, 10), (150, 333), (90, 70)):
        ink[y : y + 2, x : x + 2] = 1
    assert counts(locate(ink)) == [2]


def test_what_reaches_in_from_a_neighbour_is_left_out() -> None:
    ink = np.zeros((100, 120), np.float32)
    cv2.line(ink, (20, 80), (70, 20), 1.0, 5)
    cv2.line(ink, (60, 80), (110, 20), 1.0, 5)
    [[(left, cut), (right, _)]] = locate(ink)
    assert left.x + left.width > right.x, "their boxes overlap"
    window = ink[left.y : left.y + left.height, left.x : left.x + left.width]
    assert 0 < cut.sum() < window.sum()


def test_ruled_paper() -> None:
    ink = page("123", "45")
    for y in range(12, 200, 30):
        ink[y : y + 2] = 0.6
    found = locate(ink)
    check(ink, found)
    assert counts(found) == [3, 2]


def test_squared_paper() -> None:
    ink = page("123", "45")
    ink[12::30] = 0.6
    ink[13::30] = 0.6
    ink[:, 5::30] = 0.6
    ink[:, 6::30] = 0.6
    found = locate(ink)
    check(ink, found)
    assert counts(found) == [3, 2]


def test_a_frame_around_digits_is_no_digit() -> None:
    ink = page("123")
    cv2.rectangle(ink, (2, 2), (397, 197), 1.0, 3)
    assert counts(locate(ink)) == [3]


def test_no_ink_has_no_lines() -> None:
    for shape in ((1, 1), (1, 40), (40, 1), (30, 40)):
        assert locate(np.zeros(shape, np.float32)) == []
        assert locate(np.full(shape, 0.2, np.float32)) == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (30, 40), (200, 200)])
def test_a_page_full_of_ink(shape: tuple[int, int]) -> None:
    ink = np.ones(shape, np.float32)
    found = locate(ink)
    check(ink, found)
    assert sum(counts(found)) <= 1


@given(
    arrays(
        np.float32, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.sampled_from([0, 0, 0.29, 0.5, 1])
    )
)
@settings(deadline=None, max_examples=200)
def test_any_ink_has_boxes_within_the_picture(ink: Ink) -> None:
    before = ink.copy()
    check(ink, locate(ink))
    np.testing.assert_array_equal(ink, before)


def test_a_page_of_many_dots_does_not_take_long() -> None:
    """As noise, a halftone or a hostile picture has them."""
    ink = np.zeros((180, 180), np.float32)
    for y, x in ((2, 2), (2, 3), (3, 2), (3, 3)):
        ink[y::6, x::6] = 1
    begun = time.perf_counter()
    locate(ink)
    assert time.perf_counter() - begun < 1
