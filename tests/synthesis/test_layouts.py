"""How pages are filled."""

from dataclasses import replace

import numpy as np
import pytest

from inkdigit.data.dataset import Dataset
from inkdigit.synthesis.hand import FIRM
from inkdigit.synthesis.layouts import LAYOUTS
from inkdigit.synthesis.sheet import TALLEST, Sheet

SIDE = 160


def fill(name: str, digits: Dataset, seed: int) -> Sheet:
    return LAYOUTS[name][0](SIDE, digits, np.random.default_rng(seed))


def test_their_shares_are_of_all_pages() -> None:
    assert sum(share for _, share in LAYOUTS.values()) == pytest.approx(1)


@pytest.mark.parametrize("name", LAYOUTS)
class TestLayouts:
    def test_follows_from_the_seed(self, name: str, digits: Dataset) -> None:
        first, again, other = (fill(name, digits, seed) for seed in (5, 5, 6))
        assert np.array_equal(first.ink, again.ink)
        assert (first.boxes, first.ignored) == (again.boxes, again.ignored)
        assert first.ink.shape != other.ink.shape or not np.array_equal(first.ink, other.ink)

    def test_writes_on_the_page_alone(self, name: str, digits: Dataset) -> None:
        for seed in range(10):
            sheet = fill(name, digits, seed)
            height, width = sheet.ink.shape
            assert max(height, width) <= SIDE
            assert 0 <= sheet.ink.min() <= sheet.ink.max() <= 1
            assert sheet.ink.dtype == np.float32
            for x, y, w, h, *_ in (*sheet.boxes, *sheet.ignored):
                assert 0 <= x < x + w <= width
                assert 0 <= y < y + h <= height

    def test_boxes_hug_ink_of_real_digits(self, name: str, digits: Dataset) -> None:
        for seed in range(10):
            sheet = fill(name, digits, seed)
            for x, y, width, height, label in sheet.boxes:
                place = sheet.ink[int(y) : int(y + height), int(x) : int(x + width)] * 255 > FIRM - 1
                assert all(edge.any() for edge in (place[0], place[-1], place[:, 0], place[:, -1]))
                assert max(width, height) <= TALLEST * SIDE
                assert label in range(10)


def test_one_is_one(digits: Dataset) -> None:
    for seed in range(20):
        sheet = fill("one", digits, seed)
        found = (*sheet.boxes, *sheet.ignored)
        assert len(found) <= 1
        for x, y, width, height, *_ in found:
            rows, columns = np.nonzero(sheet.ink * 255 > FIRM + 1)
            assert (x, y) <= (columns.min(), rows.min())
            assert (columns.max(), rows.max()) <= (x + width - 1, y + height - 1)


def test_a_cutting_holds_its_digit_whole(digits: Dataset) -> None:
    for seed in range(20):
        sheet = fill("cutting", digits, seed)
        assert len(sheet.boxes) + len(sheet.ignored) <= 1
    assert sum(len(fill("cutting", digits, seed).boxes) for seed in range(20)) >= 16


def test_rows_and_forms_hold_many(digits: Dataset) -> None:
    rows, forms = ([len(fill(name, digits, seed).boxes) for seed in range(30)] for name in ("rows", "dense"))
    assert max(rows) >= 10
    assert np.median(forms) >= 15


def test_rows_of_one_page_are_of_one_size(digits: Dataset) -> None:
    """The tallest digits of a line differ by the unrest of a hand, not by chance from 8 to 80 pixels."""
    for seed in range(10):
        heights = [box[3] for box in fill("rows", digits, seed).boxes]
        if len(heights) > 4:
            assert max(heights) < 2.5 * float(np.median(heights))


def test_a_1_at_the_side_of_a_cutting_is_no_stub(digits: Dataset) -> None:
    """It is narrow, and may be there nearly whole; of all other digits too little is."""
    stroke = np.zeros((1, 28, 28), np.uint8)
    stroke[:, 4:24, 13:15] = 255
    most = {}
    for label in (1, 2):
        only = replace(digits, images=stroke, labels=np.array([label]))
        most[label] = max(len(fill("cutting", only, seed).boxes) for seed in range(40))
    assert (most[1] > 1, most[2]) == (True, 1)


@pytest.mark.parametrize("name", ["none", "texture"])
def test_pages_without_digits_have_none(name: str, digits: Dataset) -> None:
    for seed in range(20):
        assert not fill(name, digits, seed).boxes


def test_what_is_huge_is_not_to_be_read_at_this_scale(digits: Dataset) -> None:
    filled = [fill("huge", digits, seed) for seed in range(20)]
    assert sum(len(sheet.boxes) for sheet in filled) <= 4  # some digits are wide and low
    assert sum(sheet.ink.any() for sheet in filled) >= 15
