"""How the two networks are joined, fitted on pages whose digits are known."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from inkdigit import calibrate as module
from inkdigit.calibrate import REFUSED, SENT, Proposed, choose_threshold, collect, fit
from inkdigit.classifier import Classifier
from inkdigit.data.dataset import Dataset
from inkdigit.errors import DataError
from inkdigit.evaluation.metrics import nll
from inkdigit.images import CLASSES, SIZE, Grey
from inkdigit.locator import Boxes, Findings, Locator
from inkdigit.reading.joining import Joining
from inkdigit.reading.proposer import Proposer
from inkdigit.synthesis.sheet import Page


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))


def propose(n: int, *, seed: int = 0, locator: float = 4.0, classifier: float = 4.0) -> Proposed:
    """What two readers that err apart say of n places, a third of which are no digits: the greater, the clearer."""
    random = np.random.default_rng(seed)
    truth = np.where(random.uniform(size=n) < 1 / 3, CLASSES, random.integers(0, CLASSES, n)).astype(np.int64)
    seen = np.eye(CLASSES + 1)[truth]
    scores = 1 / (1 + np.exp(-(locator * (2 * seen[:, :CLASSES] - 1) + random.normal(0, 2, (n, CLASSES)))))
    probabilities = softmax(classifier * seen + random.normal(0, 1.5, (n, CLASSES + 1)))
    return Proposed(scores.astype(np.float32), probabilities.astype(np.float32), truth, np.ones(n, np.float32))


class TestFit:
    def test_both_together_say_more_than_the_defaults_and_than_either_alone(self) -> None:
        found = replace(fit(propose(1500)), trust=0.0)
        fresh = propose(1500, seed=1)
        assert fresh.nll(found) < fresh.nll(Joining())
        alone = nll(fresh.probabilities, fresh.truth)
        assert fresh.nll(found) < 0.7 * alone

    def test_no_weight_nearby_is_better(self) -> None:
        proposed = propose(1500)
        found = replace(fit(proposed), trust=0.0)
        best = proposed.nll(found)
        for name in ("say", "locator", "classifier"):
            for by in (0.8, 1.25):
                assert proposed.nll(replace(found, **{name: getattr(found, name) * by})) > best
        for by in (-0.3, 0.3):
            assert proposed.nll(replace(found, doubt=found.doubt + by)) > best

    def test_people_s_pictures_are_trusted_to_hold_more_digits_than_pages(self) -> None:
        proposed = propose(3000)
        drawn = (proposed.truth < CLASSES).mean()
        odds = np.exp(fit(proposed).trust) * drawn / (1 - drawn)
        assert odds / (1 + odds) == pytest.approx(SENT, abs=0.001)

    def test_a_full_page_counts_no_more_than_an_empty_one(self) -> None:
        clear, vague = propose(40, locator=8, classifier=8), propose(1000, seed=1, locator=1, classifier=1)
        together = Proposed(
            np.concatenate([clear.scores, vague.scores]),
            np.concatenate([clear.probabilities, vague.probabilities]),
            np.concatenate([clear.truth, vague.truth]),
            np.repeat(np.array([1 / 40, 1 / 1000], np.float32), [40, 1000]),
        )
        joining = Joining()
        assert together.nll(joining) == pytest.approx((clear.nll(joining) + vague.nll(joining)) / 2, rel=1e-4)

    def test_who_see_more_clearly_are_believed_more(self) -> None:
        assert fit(propose(1500, locator=4, classifier=4)).say > 1.5 * fit(propose(1500, locator=1, classifier=1)).say

    def test_what_is_told_is_as_probable_as_it_says(self) -> None:
        found = replace(fit(propose(3000, locator=2, classifier=2)), trust=0.0)
        fresh = propose(3000, seed=1, locator=2, classifier=2)
        joined = found.join(fresh.scores, fresh.probabilities)
        confidence, is_right = joined.max(1), joined.argmax(1) == fresh.truth
        for low, high in pairwise((0.4, 0.7, 0.9, 1.01)):
            chosen = (confidence >= low) & (confidence < high)
            assert chosen.sum() > 200
            assert confidence[chosen].mean() == pytest.approx(is_right[chosen].mean(), abs=0.07)

    def test_a_reader_that_is_unsure_and_never_errs_tells_no_weights(self) -> None:
        some = propose(60)
        right = softmax(2.0 * np.eye(CLASSES + 1)[some.truth]).astype(np.float32)
        with pytest.raises(
            DataError, match=r"found no best weights .*expected each below 20; train the locator longer"
        ):
            fit(replace(some, scores=np.full_like(some.scores, 0.01), probabilities=right))

    def test_nor_do_places_without_digits(self) -> None:
        some = propose(60)
        with pytest.raises(DataError, match="finds no digit on the generated pages"):
            fit(replace(some, truth=np.full(60, CLASSES)))


class TestThreshold:
    @pytest.mark.parametrize("trust", [0.0, 1.5])
    def test_so_many_digits_are_refused_and_no_more(self, trust: float) -> None:
        random = np.random.default_rng(0)
        images = random.integers(0, 256, (1000, 28, 28), dtype=np.uint8)
        rows = softmax(random.normal(0, 4, (1000, CLASSES + 1))).astype(np.float32)
        digits = Dataset("some", "validation", images, np.zeros(1000, np.int64))
        joining = Joining(trust=trust)
        threshold = choose_threshold(joining, lambda _: rows, digits)
        confidence = joining.hear_alone(rows)[:, :CLASSES].max(1)
        assert (confidence < threshold).mean() == pytest.approx(REFUSED, abs=0.001)

    def test_a_classifier_that_is_sure_of_all_may_be_asked_for_much(self) -> None:
        digits = Dataset("some", "validation", np.zeros((10, 28, 28), np.uint8), np.zeros(10, np.int64))
        sure = np.eye(CLASSES, dtype=np.float32)
        assert choose_threshold(Joining(), lambda images: sure[[3] * len(images)], digits) == 1


FIRST, SECOND, PLACE = (20.0, 30.0, 22.0, 40.0), (44.0, 30.0, 22.0, 40.0), (100.0, 90.0, 30.0, 40.0)
"""Two digits side by side, and a place of which nothing is asked."""

PAIR, BLOT = (20.0, 30.0, 46.0, 40.0), (110.0, 20.0, 30.0, 40.0)


def stack(*boxes: tuple[float, ...]) -> Boxes:
    return np.array(boxes, np.float32).reshape(-1, 4)


@pytest.fixture
def page() -> Page:
    grey = np.full((160, 160), 230, np.uint8)
    for x, y, width, height in (FIRST, SECOND, PLACE, BLOT):
        grey[int(y) : int(y + height), int(x) : int(x + width)] = 30
    return Page(grey, stack(FIRST, SECOND), np.array([4, 9]), stack(PLACE))


def finds(*boxes: tuple[float, ...]) -> Locator:
    """A locator that finds these boxes of a page of 160 pixels, at its own size alone, one value after the other."""

    def find(seen: Grey) -> Findings:
        found = stack(*boxes) if seen.shape[0] == 136 else stack()
        scores = np.full((len(found), CLASSES), 0.01, np.float32)
        scores[range(len(found)), range(len(found))] = 0.9
        return Findings(found * np.float32(136 / 160), scores)

    return find


def classify() -> Classifier:
    return lambda images: np.full((len(images), CLASSES + 1), 1 / (CLASSES + 1), np.float32)


def collect_from(page: Page, monkeypatch: pytest.MonkeyPatch, *boxes: tuple[float, ...]) -> dict[int, int]:
    """What each box is said to be, by its place; of what is missing nothing is asked."""

    class OnePage:
        def __init__(self, digits: Dataset, side: int) -> None:
            pass

        def __getitem__(self, number: int) -> Page:
            return page

    monkeypatch.setattr(module, "Pages", OnePage)
    empty = Dataset("none", "train", np.empty((0, SIZE, SIZE), np.uint8), np.empty(0, np.int64))
    proposed = collect(Proposer(finds(*boxes), classify()), empty, 1)
    assert len(proposed.scores) == len(proposed.probabilities) == len(proposed.truth)
    assert proposed.truth.dtype == np.int64
    assert proposed.weight.sum() == pytest.approx(1)
    return {int(row.argmax()): int(label) for row, label in zip(proposed.scores, proposed.truth, strict=True)}


class TestCollect:
    def test_a_digit_that_is_found_is_what_it_is(self, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        assert collect_from(page, monkeypatch, FIRST, SECOND) == {0: 4, 1: 9}

    def test_a_box_that_is_a_little_wrong_is_still_the_digit(self, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        assert collect_from(page, monkeypatch, (18.0, 33.0, 22.0, 40.0)) == {0: 4}

    def test_a_pair_is_no_digit(self, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        assert collect_from(page, monkeypatch, PAIR) == {0: CLASSES}

    def test_a_part_is_no_digit(self, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        assert collect_from(page, monkeypatch, (20.0, 30.0, 22.0, 14.0)) == {0: CLASSES}

    def test_ink_that_is_no_digit_is_none(self, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        assert collect_from(page, monkeypatch, FIRST, BLOT) == {0: 4, 1: CLASSES}

    def test_where_nothing_is_asked_nothing_is_learnt(self, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        assert collect_from(page, monkeypatch, FIRST, PLACE) == {0: 4}
        assert collect_from(page, monkeypatch, FIRST, (104.0, 96.0, 30.0, 40.0)) == {0: 4}

    def test_a_locator_that_finds_nothing_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        blank = Page(np.full((160, 160), 230, np.uint8), stack(), np.empty(0, np.int64), stack())
        with pytest.raises(DataError, match="finds nothing on 1 generated pages"):
            collect_from(blank, monkeypatch)

    def test_a_page_without_digits_teaches_what_none_is(self, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        empty = Page(page.grey, stack(), np.empty(0, np.int64), stack())
        assert collect_from(empty, monkeypatch, FIRST, BLOT) == {0: CLASSES, 1: CLASSES}
