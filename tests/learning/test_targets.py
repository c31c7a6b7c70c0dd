"""What the maps of a page should be."""

import numpy as np
import pytest
import torch

from inkdigit.learning.targets import LEAST_DEVIATION, NEAR, Targets, draw_targets, standardize
from inkdigit.locator import STRIDE, find_peaks
from inkdigit.synthesis.sheet import Page

SIDE = 160


def page_of(*digits: tuple[float, float, float, float, int], ignored: tuple[tuple[float, ...], ...] = ()) -> Page:
    boxes = np.array([digit[:4] for digit in digits], np.float32).reshape(-1, 4)
    labels = np.array([digit[4] for digit in digits], np.int64)
    return Page(np.zeros((SIDE, SIDE), np.uint8), boxes, labels, np.array(ignored, np.float32).reshape(-1, 4))


SEVERAL = page_of(
    (3, 5, 9, 20, 1), (30, 8, 40, 60, 0), (100, 100, 13, 15, 7), (90, 20, 50, 55.5, 7), (0, 148, 8, 12, 4)
)


def draw(page: Page, offset: tuple[int, int] = (0, 0)) -> Targets:
    return draw_targets(page, offset, SIDE)


def test_there_is_one_cell_of_exactly_1_for_each_digit_at_its_centre() -> None:
    centres = draw(SEVERAL).centres
    found = {(int(label), int(row), int(column)) for label, row, column in (centres == 1).nonzero()}
    expected = {
        (label, round((y + h / 2) / STRIDE - 0.5), round((x + w / 2) / STRIDE - 0.5))
        for (x, y, w, h), label in zip(SEVERAL.boxes.tolist(), SEVERAL.labels.tolist(), strict=True)
    }
    assert found == expected
    assert len(found) == 5
    assert 0 <= centres.min() <= centres.max() == 1


def test_peaks_decode_to_the_boxes() -> None:
    targets = draw(SEVERAL)
    found = find_peaks(targets.centres.numpy(), targets.boxes.numpy())
    assert len(found) == 5
    for box, label in zip(SEVERAL.boxes, SEVERAL.labels, strict=True):
        nearest = np.abs(found.boxes - box).max(1).argmin()
        np.testing.assert_allclose(found.boxes[nearest], box, atol=1e-3)
        assert found.scores[nearest].argmax() == label


@pytest.mark.parametrize("place", range(8))
def test_a_digit_anywhere_is_decoded_to_less_than_a_pixel(place: int) -> None:
    random = np.random.default_rng(place)
    width, height = random.uniform(6, 110, 2)
    x, y = random.uniform(0, SIDE - width), random.uniform(0, SIDE - height)
    targets = draw(page_of((x, y, width, height, place)))
    found = find_peaks(targets.centres.numpy(), targets.boxes.numpy())
    assert len(found) == 1
    np.testing.assert_allclose(found.boxes[0], (x, y, width, height), atol=0.01)


def test_a_page_may_lie_anywhere_in_its_square() -> None:
    small = page_of((4, 8, 12, 20, 3), ignored=((16, 24, 8, 12),))
    here, there = draw(small), draw(small, (40, 20))
    for name in ("centres", "boxes", "near", "asked"):
        one, other = getattr(here, name), getattr(there, name)
        assert torch.equal(other[:, 5:20, 10:25], one[:, :15, :15]), name


def test_the_peak_of_a_wide_digit_is_wide() -> None:
    centres = draw(page_of((10, 50, 100, 24, 5))).centres[5]
    row, column = divmod(int(centres.argmax()), SIDE // STRIDE)
    assert centres[row, column + 2] > 0.5 > centres[row + 2, column]


def test_nothing_is_asked_of_what_is_ignored_but_for_a_digit_in_it() -> None:
    asked = draw(page_of((40, 40, 10, 10, 2), ignored=((20, 24, 40, 40), (150, 150, 10, 10)))).asked[0]
    assert asked[11, 11] == 1
    assert asked[6:16, 5:15].sum() == 1
    assert asked[37:, 37:].sum() == 0
    assert asked[:6].all()
    assert asked[:, 17:37].all()


def test_cells_near_a_centre_tell_its_box_and_no_others() -> None:
    targets = draw(page_of((40, 40, 30, 40, 2), (72, 40, 30, 40, 2)))
    assert torch.equal(targets.near[0] > 0, targets.centres[2] >= NEAR)
    told = targets.near[0] > 0
    rows, columns = told.nonzero(as_tuple=True)
    middles = (columns + 0.5 + targets.boxes[2][told]) * STRIDE
    assert set(middles.round().int().tolist()) == {55, 87}
    assert torch.equal(middles < 71, (columns + 0.5) * STRIDE < 71), "each tells the nearer one's"
    np.testing.assert_allclose(targets.boxes[0][told].exp(), 30, rtol=1e-5)
    np.testing.assert_allclose(targets.boxes[1][told].exp(), 40, rtol=1e-5)
    np.testing.assert_allclose((rows + 0.5 + targets.boxes[3][told]) * STRIDE, 60, rtol=1e-5)


def test_a_cell_between_two_digits_tells_the_box_of_the_nearer_one() -> None:
    left, right = (10, 40, 80, 80, 2), (22, 40, 80, 80, 5)
    for order in ((left, right), (right, left)):
        targets = draw(page_of(*order))
        told = targets.near[0] > 0
        columns = told.nonzero(as_tuple=True)[1]
        middles = (columns + 0.5 + targets.boxes[2][told]) * STRIDE
        assert set(columns.tolist()) == set(range(10, 18))
        assert torch.equal(middles == 50, columns <= 13)
        assert torch.equal(middles == 62, columns >= 14)


def test_two_of_a_kind_that_overlap_keep_both_peaks() -> None:
    centres = draw(page_of((40, 40, 30, 40, 2), (50, 40, 30, 40, 2))).centres
    assert (centres == 1).sum() == 2


def test_a_page_without_digits_has_no_peak() -> None:
    targets = draw(page_of())
    assert [float(x) for x in (targets.centres.sum(), targets.near.sum(), targets.asked.min())] == [0, 0, 1]


def test_pages_are_stacked() -> None:
    pages = [draw(SEVERAL), draw(page_of())]
    stacked = Targets.stack(pages).to(torch.device("cpu"))
    assert stacked.centres.shape == (2, 10, 40, 40)
    assert [stacked.boxes.shape[1], stacked.near.shape[1], stacked.asked.shape[1]] == [4, 1, 1]
    assert torch.equal(stacked.centres[0], pages[0].centres)


def test_a_page_is_standardised_unless_it_is_even() -> None:
    random = np.random.default_rng(0)
    page = random.integers(90, 240, (50, 70)).astype(np.uint8)
    found = standardize(page)
    assert str(found.dtype) == "float32"
    assert (float(found.mean()), float(found.std())) == pytest.approx((0, 1), abs=1e-4)
    np.testing.assert_allclose(standardize(page // 2 + 10), found, atol=0.02)
    even = (200 + random.integers(0, 2, (50, 70))).astype(np.uint8)
    assert np.abs(standardize(even)).max() <= 1 / LEAST_DEVIATION
