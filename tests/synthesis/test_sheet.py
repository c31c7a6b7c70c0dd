"""What a sheet remembers of what is written on it."""

import numpy as np
import pytest

from inkdigit.images import CLASSES, Grey
from inkdigit.synthesis.sheet import HIDDEN, SEEN, TALLEST, Page, Sheet


def sheet(side: int = 100) -> Sheet:
    return Sheet(np.zeros((side, side), np.float32), side)


def block(height: int = 20, width: int = 10, margin: int = 1) -> Grey:
    return np.pad(np.full((height, width), 255, np.uint8), margin)


def test_a_box_hugs_the_ink() -> None:
    page = sheet()
    page.put(block(), 30, 40, 7)
    rows, columns = np.nonzero(page.ink)
    assert page.boxes == [(31, 41, 10, 20, 7)]
    assert [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1] == [31, 41, 10, 20]
    assert page.ink.max() == 1
    assert not page.ignored


def test_soft_edges_are_not_in_the_box() -> None:
    page, soft = sheet(), block()
    soft[0], soft[-1] = 60, 60
    page.put(soft, 0, 0, 1)
    assert page.boxes == [(1, 1, 10, 20, 1)]


def test_shares_of_a_digit_that_is_cut() -> None:
    assert 0.25 < HIDDEN < 0.35
    assert 0.8 < SEEN < 0.9


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
@pytest.mark.parametrize(("share", "asked"), [(0.2, None), (0.25, None), (0.35, False), (0.8, False), (0.9, True)])
def test_a_cut_digit_is_asked_for_by_what_is_seen_of_it(share: float, asked: bool | None, side: str) -> None:
    page, digit = sheet(), block(20, 20, margin=0)
    seen = round(20 * share)
    x, y = {
        "left": (seen - 20, 50), "right": (100 - seen, 50), "top": (50, seen - 20), "bottom": (50, 100 - seen),
    }[side]  # fmt: skip
    page.put(digit, x, y, 3)
    found = page.boxes if asked else page.ignored
    assert (len(page.boxes), len(page.ignored)) == (asked is True, asked is False)
    if asked is not None:
        assert found[0][2] * found[0][3] == 20 * seen, "the box is of what is seen"
        assert min(found[0][:2]) >= 0
    assert page.ink.sum() == 20 * seen


def test_what_lies_beyond_the_page_is_lost() -> None:
    for x, y in ((-30, 5), (130, 5), (5, -30), (5, 130)):
        page = sheet()
        page.put(block(), x, y, 3)
        assert not page.ink.any()
        assert (page.boxes, page.ignored) == ([], [])


def test_a_digit_too_tall_for_its_page_is_not_asked_for() -> None:
    found = []
    for height in (TALLEST - 0.02, TALLEST + 0.02, 1.1 * TALLEST + 0.02):
        page = sheet()
        page.put(block(round(100 * height), 10, margin=0), 20, 0, 1)
        found.append((len(page.boxes), len(page.ignored)))
    assert found == [(1, 0), (0, 1), (0, 0)]


def test_what_has_no_label_is_not_remembered() -> None:
    page = sheet()
    page.put(block(), 10, 10)
    assert page.ink.any()
    assert (page.boxes, page.ignored) == ([], [])


def test_ink_does_not_fade_where_more_is_laid() -> None:
    page = sheet()
    page.put(block(), 10, 10)
    page.put(block() // 2, 10, 10)
    assert page.ink[15, 15] == 1


def test_a_place_is_free_where_hardly_any_ink_lies() -> None:
    page = sheet()
    page.put(block(), 30, 40)
    assert not page.is_free(block(), 35, 45)
    assert page.is_free(block(), 60, 40)
    assert page.is_free(block(), -40, 40), "beyond the page"
    assert page.is_free(block(), 30, 130)


def test_some_sheets_are_smaller_than_others() -> None:
    sizes = {Sheet.blank(160, np.random.default_rng(seed)).ink.shape for seed in range(40)}
    assert (160, 160) in sizes
    assert len(sizes) > 5
    assert all(80 <= side <= 160 for size in sizes for side in size)


@pytest.mark.parametrize(
    ("box", "told"),
    [
        ((10, 10, 20, 40), 4),
        ((12, 8, 20, 44), 4),  # a little wrong
        ((10, 10, 20, 14), CLASSES),  # a part
        ((10, 10, 45, 40), CLASSES),  # two as one
        ((70, 10, 20, 40), CLASSES),  # no digit
        ((102, 10, 20, 40), -1),  # of which nothing is asked
        ((110, 12, 24, 40), -1),  # nor of what lies on it in part
    ],
)
def test_a_page_tells_what_boxes_hold(box: tuple[float, ...], told: int) -> None:
    boxes = np.array([(10, 10, 20, 40), (35, 10, 20, 40)], np.float32)
    ignored = np.array([(100, 10, 20, 40)], np.float32)
    page = Page(np.zeros((60, 140), np.uint8), boxes, np.array([4, 9]), ignored)
    nothing = Page(page.grey, boxes[:0], page.labels[:0], boxes[:0])
    found = np.array([box], np.float32)
    assert page.tell(found).tolist() == [told]
    assert page.tell(found).dtype == np.int64
    assert page.tell(found[:0]).tolist() == []
    assert nothing.tell(found).tolist() == [CLASSES]
