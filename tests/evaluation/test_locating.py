"""What a locator found, counted."""

import numpy as np
import pytest

from inkdigit.evaluation.locating import SURE, Count
from inkdigit.locator import Findings
from inkdigit.synthesis.sheet import Page

Found = tuple[float, float, float, float, int, float]
"""x, y, width, height, value and score."""

FOUR, SEVEN = (10, 10, 20, 30), (60, 10, 20, 30)
IGNORED = (100, 100, 40, 40)


def page() -> Page:
    grey, boxes = np.zeros((160, 160), np.uint8), np.array([FOUR, SEVEN], np.float32)
    return Page(grey, boxes, np.array([4, 7]), np.array([IGNORED], np.float32))


def count(*found: Found, of: Page | None = None) -> tuple[int, int, int]:
    scores = np.zeros((len(found), 10), np.float32)
    for row, (*_, value, score) in zip(scores, found, strict=True):
        row[value] = score
    boxes = np.array([entry[:4] for entry in found], np.float32).reshape(-1, 4)
    result = Count()
    result.add(of or page(), Findings(boxes, scores))
    assert result.total == result.right + result.missed + result.extra
    return result.right, result.missed, result.extra


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], (0, 2, 0)),
        ([(*FOUR, 4, 0.9), (*SEVEN, 7, 0.5)], (2, 0, 0)),
        ([(*FOUR, 4, 0.9), (*SEVEN, 1, 0.9)], (1, 1, 1)),  # taken for another
        ([(*FOUR, 4, 0.9), (*SEVEN, 7, SURE - 0.01)], (1, 1, 0)),  # too faint
        ([(*FOUR, 4, 0.9), (12, 11, 20, 30, 4, 0.8)], (1, 1, 1)),  # twice
        ([(*FOUR, 4, 0.9), (130, 10, 20, 30, 4, 0.8)], (1, 1, 1)),  # where there is none
        ([(28, 10, 20, 30, 4, 0.9)], (0, 2, 1)),  # beside it
        ([(12, 12, 21, 28, 4, 0.9)], (1, 1, 0)),  # nearly there
        ([(105, 105, 30, 30, 4, 0.9)], (0, 2, 0)),  # of which nothing is asked
        ([(105, 105, 22, 22, 4, 0.9)], (0, 2, 0)),  # and of less of it, which is no better known
        ([(105, 105, 18, 18, 4, 0.9)], (0, 2, 1)),  # a small thing within it
    ],
)
def test_each_is_right_missed_or_extra(found: list[Found], expected: tuple[int, int, int]) -> None:
    assert count(*found) == expected


def test_what_is_found_right_within_an_ignored_place_excuses_nothing_else() -> None:
    there = Page(page().grey, np.array([IGNORED], np.float32), np.array([3]), np.array([IGNORED], np.float32))
    assert count((*IGNORED, 3, 0.9), (10, 10, 20, 20, 3, 0.9), of=there) == (1, 0, 1)


def test_a_finding_takes_the_digit_that_it_fits_best() -> None:
    """Two of a value that overlap: each of two findings has its own."""
    boxes = np.array([(10, 10, 20, 30), (15, 10, 20, 30)], np.float32)
    near = Page(page().grey, boxes, np.array([4, 4]), boxes[:0])
    assert count((13, 10, 20, 30, 4, 0.9), (7, 10, 20, 30, 4, 0.8), of=near) == (2, 0, 0)


def test_a_page_without_digits_has_nothing_to_miss() -> None:
    none = Page(page().grey, np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros((0, 4), np.float32))
    assert count(of=none) == (0, 0, 0)
    assert count((*FOUR, 4, 0.9), of=none) == (0, 0, 1)


def test_pages_add_up() -> None:
    result = Count(1, 2, 3)
    result.add(page(), Findings(np.array([FOUR], np.float32), np.eye(10, dtype=np.float32)[[4]]))
    assert (result.right, result.missed, result.extra, result.total) == (2, 3, 3, 8)
