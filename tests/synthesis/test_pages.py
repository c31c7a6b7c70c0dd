"""Whole pages by number."""

import numpy as np
import pytest

from inkdigit.data.dataset import Dataset
from inkdigit.images import Grey, Ink
from inkdigit.synthesis import pages as module
from inkdigit.synthesis.pages import LIKE_DIGITS_TURNED, Pages, _turn
from inkdigit.synthesis.sheet import Page, Sheet


def assert_same(left: Page, right: Page) -> None:
    for name in ("grey", "boxes", "labels", "ignored"):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name))


def test_a_page_is_the_same_again_whatever_came_before(digits: Dataset) -> None:
    pages = Pages(digits, seed=3)
    first = [pages[number] for number in range(6)]
    again = Pages(digits, seed=3)
    for number in (4, 0, 5, 2):
        assert_same(again[number], first[number])


def test_pages_of_other_numbers_and_seeds_are_others(digits: Dataset) -> None:
    seen = {Pages(digits, seed=seed)[number].grey.tobytes() for seed in (0, 1, 2**32) for number in range(8)}
    assert len(seen) >= 22, "but for an even ground"


def test_a_page_is_a_picture_and_boxes_on_it(digits: Dataset) -> None:
    pages = Pages(digits, side=96)
    for page in (pages[number] for number in range(60)):
        height, width = page.grey.shape
        assert max(height, width) <= 96
        assert page.grey.dtype == np.uint8
        assert page.grey.flags.c_contiguous
        assert page.boxes.shape == (len(page.labels), 4)
        assert page.ignored.shape[1:] == (4,)
        assert [str(x.dtype) for x in (page.boxes, page.ignored, page.labels)] == ["float32", "float32", "int64"]
        for boxes in (page.boxes, page.ignored):
            assert (boxes >= 0).all()
            assert (boxes[:, :2] + boxes[:, 2:] <= (width, height)).all()


def test_boxes_lie_on_the_ink_of_the_picture(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a page is ink alone, without paper, light and litter, each box holds ink up to its sides."""

    def picture(ink: Ink, random: np.random.Generator, *, lines: Ink | None = None) -> Grey:
        return np.asarray(255 * ink, np.uint8)

    monkeypatch.setattr(module, "expose", picture)
    pages, n = Pages(digits, seed=1), 0
    for page in (pages[number] for number in range(40)):
        for x, y, width, height in page.boxes.astype(int):
            place = page.grey[y : y + height, x : x + width] >= 99
            assert all(edge.any() for edge in (place[0], place[-1], place[:, 0], place[:, -1]))
            n += 1
    assert n > 100


def test_turned_pages_have_no_digits(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = []

    def turn(page: Page, quarters: int) -> Page:
        turns.append((page, _turn(page, quarters), quarters))
        return turns[-1][1]

    monkeypatch.setattr(module, "_turn", turn)
    pages = Pages(digits)
    greys = [pages[number].grey for number in range(150)]
    assert 2 <= len(turns) <= 20
    assert {quarters for _, _, quarters in turns} <= {1, 2, 3}
    for before, after, quarters in turns:
        assert len(after.boxes) == len(after.labels) == 0
        np.testing.assert_array_equal(after.grey, np.rot90(before.grey, quarters))
        assert any(after.grey is grey for grey in greys)


def test_how_many_pages_are_turned_is_a_choice_that_changes_no_other_page(digits: Dataset) -> None:
    some, none, all_ = Pages(digits), Pages(digits, turned=0), Pages(digits, turned=1)
    same = [np.array_equal(some[number].grey, none[number].grey) for number in range(100)]
    assert 85 <= sum(same) < 100
    assert not any(len(all_[number].boxes) for number in range(10))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_what_looks_like_a_digit_when_turned_is_not_asked_for(quarters: int) -> None:
    sheet = Sheet(np.zeros((60, 90), np.float32), 90)
    for label in range(10):
        sheet.put(np.full((10, 5), 10 * label + 105, np.uint8), 8 * label + 1, 3 * label, label)
    sheet.ignored.append((0.0, 50.0, 30.0, 10.0))
    boxes = np.array([box[:4] for box in sheet.boxes], np.float32)
    grey = np.rint(255 * sheet.ink).astype(np.uint8)
    turned = _turn(Page(grey, boxes, np.arange(10), np.array(sheet.ignored, np.float32)), quarters)
    *found, last = turned.ignored.astype(int)
    seen = []
    for x, y, width, height in found:
        place = turned.grey[y : y + height, x : x + width]
        assert place.size == 50
        assert place.min() == place.max() >= 105, "the box went with the ink"
        seen.append((int(place[0, 0]) - 105) // 10)
    assert tuple(seen) == LIKE_DIGITS_TURNED[quarters % 2]
    assert sorted(last[2:]) == [10, 30]


def test_two_pages_in_three_have_digits(digits: Dataset) -> None:
    pages = Pages(digits)
    has_digits = [len(pages[number].labels) > 0 for number in range(400)]
    assert np.mean(has_digits) == pytest.approx(0.66, abs=0.06)
    labels = np.concatenate([pages[number].labels for number in range(40)])
    assert set(labels) == set(range(10))
