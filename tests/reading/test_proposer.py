"""What may be a digit: which views are asked for, what is cut out, and what the classifier is shown of it."""

import tracemalloc
from collections.abc import Callable
from dataclasses import astuple

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.reading.fakes import OTHER, SEVEN, Watched, find_nothing, finds, sees

from inkdigit.classifier import Classifier
from inkdigit.errors import ImageError
from inkdigit.images import Grey, Images, Probabilities
from inkdigit.locator import Findings, Locator
from inkdigit.preparation.box import Box
from inkdigit.preparation.ink import find_ink
from inkdigit.reading import proposer as module
from inkdigit.reading.detector import GLANCED, SURROUNDINGS
from inkdigit.reading.proposer import CLOSE, HINT, LONELY, SETTLED, Proposals, Proposer
from inkdigit.reading.scene import Scene

DrawPage = Callable[..., NDArray[np.uint8]]


def propose(locator: Locator, page: Grey, classifier: Classifier | None = None) -> Proposals:
    return Proposer(locator, classifier or sees(7)).propose(Scene(page, find_ink(page)))


class TestViews:
    def look(self, page: Grey, locator: Locator) -> list[int]:
        """The sides of the views that are asked for when nothing is left at a glance."""
        watched = Watched(locator)
        propose(watched, page)
        return watched.sides

    def test_views_stop_where_all_ink_is_legible(self, draw_page: DrawPage) -> None:
        two = finds((SEVEN, 7, 0.9), (OTHER, 7, 0.9))
        assert self.look(draw_page(SEVEN, OTHER), two) == [48, 68, 96], "from there on, a digit has 22 pixels"

    def test_views_go_on_where_ink_is_no_digit_yet_until_digits_are_large(self, draw_page: DrawPage) -> None:
        one = finds((SEVEN, 7, 0.9))
        assert self.look(draw_page(SEVEN, OTHER), one) == [48, 68, 96, 136, 192], "there, a digit has 57 pixels"

    def test_views_go_on_where_digits_are_doubtful(self, draw_page: DrawPage) -> None:
        page = draw_page(SEVEN, OTHER)
        assert self.look(page, finds((SEVEN, 7, 0.9), (OTHER, 7, 0.45)))[-1] == 192
        assert self.look(page, finds((SEVEN, 7, 0.45), (OTHER, 7, 0.45)))[-1] == 543

    def test_views_go_on_where_digits_are_close_and_not_settled(self, draw_page: DrawPage) -> None:
        right = SEVEN.x + SEVEN.width
        margins = CLOSE * (SEVEN.height + OTHER.height)
        for score, gap, last in (
            (SETTLED - 0.05, margins - 2, 192),
            (SETTLED - 0.05, margins + 2, 96),
            (SETTLED + 0.05, margins - 2, 96),
        ):
            beside = Box(right + round(gap), SEVEN.y, OTHER.width, OTHER.height)
            found = finds((SEVEN, 7, 0.9), (beside, 7, score))
            assert self.look(draw_page(SEVEN, beside), found)[-1] == last

    def test_views_stop_where_what_is_doubtful_is_large_and_holds_all_ink(self, draw_page: DrawPage) -> None:
        for score, last in ((LONELY + 0.05, 272), (LONELY - 0.05, 543)):
            assert self.look(draw_page(SEVEN), finds((SEVEN, 7, score)))[-1] == last
        assert self.look(draw_page(SEVEN, OTHER), finds((SEVEN, 7, LONELY + 0.05)))[-1] == 543

    def test_every_view_is_asked_for_where_there_is_no_digit(self, draw_page: DrawPage) -> None:
        assert self.look(draw_page(SEVEN), find_nothing) == [48, 68, 96, 136, 192, 272, 384, 543]

    def test_views_go_on_where_there_is_a_hint_of_another_digit(self, draw_page: DrawPage) -> None:
        between = Box(SEVEN.x + SEVEN.width - 5, SEVEN.y, 20, SEVEN.height)
        page = draw_page(SEVEN, OTHER)
        for score, last in ((HINT + 0.05, 192), (HINT - 0.05, 96)):
            assert self.look(page, finds((SEVEN, 7, 0.9), (OTHER, 7, 0.9), (between, 1, score)))[-1] == last

    def test_a_hint_within_a_clear_digit_is_none_of_another(self, draw_page: DrawPage) -> None:
        within = Box(SEVEN.x + 5, SEVEN.y, 20, SEVEN.height)
        locator = finds((SEVEN, 7, 0.9), (OTHER, 7, 0.9), (within, 1, 0.3))
        assert self.look(draw_page(SEVEN, OTHER), locator) == [48, 68, 96]

    def test_views_go_on_until_the_smallest_is_legible(self, draw_page: DrawPage) -> None:
        small = Box(300, 200, 10, 40)
        page, locator = draw_page(SEVEN, small), finds((SEVEN, 7, 0.9), (small, 7, 0.9))
        assert self.look(page, locator) == [48, 68, 96, 136, 192, 272]


def test_what_thousands_of_digits_hint_at_and_share_is_told_in_little_memory() -> None:
    places = 30 * np.indices((60, 60)).reshape(2, -1).T
    boxes = np.concatenate([places, np.full_like(places, 22)], 1).astype(np.float32)
    twice, moved = np.concatenate([boxes, boxes]), np.concatenate([boxes, boxes])
    clear = np.arange(len(twice)) < len(boxes)
    scores = np.where(clear, 0.9, HINT + 0.05)[:, None].astype(np.float32)
    moved[-1] = -100
    tracemalloc.start()
    try:
        assert not module._is_hinted(Findings(twice, scores), clear)
        assert not module._is_crowded(boxes, boxes)
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()
    assert module._is_hinted(Findings(moved, scores), clear), "the last"
    boxes[-1] = boxes[0] + 24
    assert module._is_crowded(boxes[-1:], boxes), "the first and the last"


def test_the_classifier_is_asked_once_for_all(draw_page: DrawPage) -> None:
    calls: list[int] = []
    page = draw_page(SEVEN, OTHER)

    def classify(images: Images) -> Probabilities:
        calls.append(len(images))
        return sees(7)(images)

    propose(finds((SEVEN, 7, 0.9), (OTHER, 7, 0.9)), page, classify)
    assert calls == [2]


def test_too_many_are_told(draw_page: DrawPage, monkeypatch: pytest.MonkeyPatch) -> None:
    places = [Box(20 + 40 * n, 80, 20, 60) for n in range(6)]
    locator, page = finds(*((place, 7, 0.9) for place in places)), draw_page(*places)
    monkeypatch.setattr(module, "MAX_DIGITS", 6)
    assert len(propose(locator, page).findings) == 6
    monkeypatch.setattr(module, "MAX_DIGITS", 5)
    with pytest.raises(ImageError, match="found 6 digits, at most 5") as caught:
        propose(locator, page)
    assert caught.value.code == "too_complex"


def test_digits_that_overlap_share_their_ink(draw_page: DrawPage) -> None:
    left, right = Box(100, 60, 60, 120), Box(140, 60, 60, 120)
    page = draw_page(left, right)
    shown = propose(finds((left, 7, 0.9), (right, 7, 0.9)), page).images
    widths = [(image > 99).any(0).sum() for image in shown]
    alone = (propose(finds((left, 7, 0.9)), draw_page(left)).images[0] > 99).any(0).sum()
    assert len(widths) == 2
    assert max(widths) < alone, "neither is shown with a piece of the other"


def test_what_is_far_less_sure_takes_nothing_of_a_digit(draw_page: DrawPage) -> None:
    doubtful = Box(130, 60, 30, 120)
    alone = propose(finds((SEVEN, 7, 0.9)), draw_page(SEVEN)).images[0]
    proposals = propose(finds((SEVEN, 7, 0.9), (doubtful, 7, 0.3)), draw_page(SEVEN))
    assert proposals.findings.boxes[:, 0] == pytest.approx([SEVEN.x, doubtful.x], abs=1)
    np.testing.assert_array_equal(proposals.images[0], alone)


class TestGlance:
    def test_it_shows_the_ink_at_one_size_wherever_it_lies(self, draw_page: DrawPage, find_blobs: Locator) -> None:
        for box in (SEVEN, Box(300, 200, 20, 60), Box(2, 2, 60, 240)):
            watched = Watched(find_blobs)
            page = draw_page(box)
            found = Proposer(watched, sees(7)).glance(Scene(page, find_ink(page))).findings
            assert len(watched.sides) == 1
            assert GLANCED <= watched.sides[0] <= round(GLANCED * (1 + 2 * SURROUNDINGS))
            pixel = box.height / GLANCED  # of the view, in which the locator of this test finds whole ones
            assert found.boxes[0] == pytest.approx(np.array(astuple(box)), abs=1 + pixel)

    def test_without_ink_there_is_nothing_to_be_seen(self, draw_page: DrawPage) -> None:
        watched = Watched(find_nothing)
        assert not len(Proposer(watched, sees(7)).glance(Scene(draw_page(), np.zeros((300, 400), np.float32))).findings)
        assert watched.sides == []
