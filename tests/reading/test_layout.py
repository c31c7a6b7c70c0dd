"""Lines of writing, in the order in which they are read."""

import math

import numpy as np
import pytest

from inkdigit.preparation.box import Box
from inkdigit.reading.layout import find_lines

WIDTH, HEIGHT = 24, 40


def at(x: float, y: float, width: int = WIDTH, height: int = HEIGHT) -> Box:
    """A box around a place."""
    return Box(round(x - width / 2), round(y - height / 2), width, height)


def write(*counts: int, angle: float = 0, step: float = 36, apart: float = 80) -> list[list[Box]]:
    """Lines of so many digits, falling by an angle in degrees."""
    right, down = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    starts = [(500 - row * apart * down, 500 + row * apart * right) for row in range(len(counts))]
    return [
        [at(x + column * step * right, y + column * step * down) for column in range(count)]
        for (x, y), count in zip(starts, counts, strict=True)
    ]


def read(lines: list[list[Box]], seed: int = 0) -> list[list[Box]]:
    """What is found of these lines, whose digits are given in no order."""
    boxes = [box for line in lines for box in line]
    boxes = [boxes[place] for place in np.random.default_rng(seed).permutation(len(boxes))]
    places = find_lines(boxes)
    assert sorted(place for line in places for place in line) == list(range(len(boxes))), "each stands once"
    return [[boxes[place] for place in line] for line in places]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("angle", [0, 5, -5, 15, -15, 30, -30])
@pytest.mark.parametrize("counts", [(1,), (5,), (4, 4), (6, 2, 5), (2, 7, 1, 3)])
def test_lines_that_are_level_rise_or_fall(counts: tuple[int, ...], angle: float, seed: int) -> None:
    lines = write(*counts, angle=angle)
    assert read(lines, seed) == lines


@pytest.mark.parametrize("bow", [40, -40, 90, -90])
def test_bowed_lines(bow: float) -> None:
    lines = [[at(100 + 36 * n, 200 + row * 90 + bow * math.sin(n / 14 * math.pi)) for n in range(15)] for row in (0, 1)]
    assert read(lines) == lines


def test_nothing_has_no_lines() -> None:
    assert find_lines([]) == []


def test_one_digit_is_one_line() -> None:
    assert find_lines([at(5, 5)]) == [[0]]


@pytest.mark.parametrize("across", [40, 90, 800])
def test_two_columns_of_digits_are_read_row_by_row(across: float) -> None:
    lines = [[at(100, 100 + 70 * row), at(100 + across, 100 + 70 * row)] for row in range(4)]
    assert read(lines) == lines


def test_a_column_is_read_from_top_to_bottom() -> None:
    lines = [[at(100 + (7, -5, 3)[row % 3], 100 + 55 * row)] for row in range(6)]
    assert read(lines) == lines


def test_two_digits_far_apart_at_one_height_are_one_line() -> None:
    assert read([[at(100, 100), at(900, 104)]]) == [[at(100, 100), at(900, 104)]]


def test_digits_of_different_size_share_a_line() -> None:
    line = [at(100, 100), at(140, 92, 14, 20), at(180, 100, 30, 56), at(214, 112, 10, 16)]
    assert read([line]) == [line]


def test_a_line_between_large_digits_is_its_own() -> None:
    lines = [[at(100, 100), at(140, 100)], [at(100, 150, 12, 20), at(120, 150, 12, 20)], [at(100, 200), at(140, 200)]]
    assert read(lines) == lines


def test_writing_that_leans_out_of_its_line_stays_in_it() -> None:
    line = [at(100 + 36 * n, 100 + (0, 9, -8, 4, -10)[n % 5]) for n in range(10)]
    assert read([line]) == [line]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_where_two_lines_may_be_meant_it_is_the_nearer(seed: int) -> None:
    lines = [[at(60, 100), at(100, 100), at(140, 110), at(180, 100)], [at(100 + 40 * n, 138) for n in range(3)]]
    assert read(lines, seed) == lines


def test_touching_and_overlapping_digits_are_read_from_left_to_right() -> None:
    line = [at(100 + 18 * n, 100 + 2 * (n % 2)) for n in range(8)]
    assert read([line]) == [line]


def test_a_page_of_two_hundred() -> None:
    lines = write(*[20] * 10, step=36, apart=70)
    assert read(lines) == lines
