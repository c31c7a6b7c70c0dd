"""What is measured along a printed line."""

import numpy as np
import pytest

from inkdigit.preparation.course import Course, PrintedLine, fit


def line_of(thickness: int = 3, *, crossed: bool = False) -> np.ndarray:
    """A grey line from y = 20 down, across 100 columns, and a black stroke across it."""
    ink = np.zeros((60, 100), np.float32)
    ink[20 : 20 + thickness] = 0.4
    if crossed:
        ink[5:50, 40:46] = 1
    return ink


def follow(ink: np.ndarray, line: PrintedLine | None = None) -> Course:
    return Course(ink, line or PrintedLine(21, 0, 0, 100, 3), off=2, least=0.1)


def test_thickness_and_middle_are_those_of_the_ink() -> None:
    course = follow(line_of())
    assert (course.thickness == 3).all()
    assert (course.middle == 21).all()
    assert course.has_ink.all()
    assert course.usual == 3
    assert course.peak == pytest.approx(0.4)


def test_where_a_stroke_crosses_it_is_not_thin() -> None:
    course = follow(line_of(crossed=True))
    assert course.columns[~course.is_thin].tolist() == list(range(40, 46))


def test_only_chosen_columns_are_erased() -> None:
    ink = line_of(crossed=True)
    course = follow(ink)
    course.erase(ink, course.is_thin)
    assert not ink[:, :40].any()
    assert (ink[5:50, 40:46] >= 0.4).all()


def test_what_is_not_near_enough_is_no_ink_of_it() -> None:
    course = follow(line_of(), PrintedLine(30, 0, 0, 100, 3))
    assert not course.has_ink.any()
    assert course.usual == np.inf
    assert not course.is_thin.any()


def test_a_line_that_leaves_the_picture_is_followed_as_far_as_it_goes() -> None:
    ink = line_of()
    course = follow(ink, PrintedLine(-3, 0, -10, 140, 3))
    assert len(course.columns) == 100
    course.erase(ink, np.ones(100, bool))
    np.testing.assert_array_equal(ink, line_of())


def test_a_fit_ignores_outliers() -> None:
    x = np.arange(40, dtype=np.float64)
    y = 3 + 0.05 * x
    y[10:15] += 20
    assert fit(x, y) == pytest.approx((3, 0.05))
