"""Two readers' words → one probability for each value."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from inkdigit.errors import DataError
from inkdigit.images import CLASSES, Probabilities
from inkdigit.locator import Locator
from inkdigit.reading.joining import Joining

JOINING = Joining(say=1, locator=1, classifier=1, doubt=0, trust=0)
Scores = NDArray[np.float32]


def score(value: int, best: float, other: float = 0.01) -> Scores:
    scores = np.full((1, CLASSES), other, np.float32)
    scores[0, value] = best
    return scores


def sees(value: int, best: float, classes: int = CLASSES + 1) -> Probabilities:
    row = np.full((1, classes), (1 - best) / (classes - 1), np.float32)
    row[0, value] = best
    return row


def join(scores: Scores, probabilities: Probabilities, joining: Joining = JOINING) -> NDArray[np.float32]:
    row: NDArray[np.float32] = joining.join(scores, probabilities)[0]
    assert row.shape == (CLASSES + 1,)
    assert row.dtype == np.float32
    return row


shares = st.floats(0, 1, width=32)


@given(
    scores=arrays(np.float32, (3, CLASSES), elements=shares),
    raw=st.integers(CLASSES, CLASSES + 1).flatmap(lambda n: arrays(np.float32, (3, n), elements=shares)),
    doubt=st.floats(-5, 5),
)
@settings(max_examples=60, deadline=None)
def test_probabilities_come_out_whatever_goes_in(scores: Scores, raw: Probabilities, doubt: float) -> None:
    joined = Joining(doubt=doubt).join(scores, raw)
    assert joined.shape == (3, CLASSES + 1)
    assert (joined >= 0).all()
    np.testing.assert_allclose(joined.sum(1), 1, rtol=1e-5)


def test_nothing_is_joined_to_nothing() -> None:
    empty = JOINING.join(np.empty((0, CLASSES), np.float32), np.empty((0, CLASSES + 1), np.float32))
    assert empty.shape == (0, CLASSES + 1)


def test_which_digit_it_is_both_say_alike() -> None:
    """With weights of 1: among the digits, the product of both words."""
    scores, probabilities = score(7, 0.6, 0.1), sees(7, 0.5)
    product = scores[0] * probabilities[0, :CLASSES]
    joined = join(scores, probabilities)[:CLASSES]
    np.testing.assert_allclose(joined / joined.sum(), product / product.sum(), rtol=1e-5)


def test_whether_it_is_one_both_say_in_log_odds() -> None:
    joining = Joining(locator=2.0, classifier=0.5, doubt=0.3, trust=1.0)
    joined = join(score(7, 0.6, 0.1), sees(7, 0.5), joining)
    nothing = float(sees(7, 0.5)[0, CLASSES])
    expected = 2 * np.log(0.6 / 0.4) + 0.5 * np.log((1 - nothing) / nothing) + 1.0 - 0.3
    assert np.log((1 - joined[CLASSES]) / joined[CLASSES]) == pytest.approx(expected, rel=1e-4)


def test_two_that_agree_are_surer_than_either() -> None:
    assert join(score(7, 0.8), sees(7, 0.8))[7] > 0.9


def test_where_they_disagree_the_surer_is_heard_and_doubt_remains() -> None:
    joined = join(score(7, 0.6, 0.2), sees(1, 0.9))
    assert joined.argmax() == 1
    assert joined[1] < 0.9


def test_a_locator_that_sees_nothing_and_a_classifier_that_does_not_either() -> None:
    assert join(score(7, 0.02), sees(CLASSES, 0.9))[CLASSES] > 0.99


def test_a_classifier_of_ten_classes_has_not_looked_whether_it_is_a_digit() -> None:
    even = np.full((1, CLASSES + 1), 1 / (CLASSES + 1), np.float32)
    for best in (0.2, 0.9):
        joined = join(score(7, best), sees(7, 1.0, CLASSES), replace(JOINING, classifier=2))
        assert joined[CLASSES] == pytest.approx(join(score(7, best), even, replace(JOINING, classifier=2))[CLASSES])


def test_without_a_say_all_is_equally_likely() -> None:
    even = join(score(7, 0.9), sees(1, 0.9), Joining(say=0, locator=0, classifier=0, doubt=0, trust=0))
    np.testing.assert_allclose(even, [0.05] * CLASSES + [0.5], rtol=1e-5)


def test_the_more_they_are_believed_the_surer_they_are_together() -> None:
    for weight in ("say", "locator", "classifier"):
        chances = [join(score(7, 0.8), sees(7, 0.8), replace(JOINING, **{weight: much}))[7] for much in (0.2, 0.6, 1.5)]
        assert chances == sorted(chances)
        assert chances[0] < chances[-1]


@pytest.mark.parametrize(("name", "sign"), [("doubt", 1), ("trust", -1)])
def test_doubt_speaks_for_nothing_and_trust_against_it(name: str, sign: int) -> None:
    joinings = [replace(JOINING, **{name: sign * much}) for much in (-3.0, 0.0, 3.0)]
    chances = [join(score(7, 0.6), sees(7, 0.7), joining)[CLASSES] for joining in joinings]
    assert chances == sorted(chances)
    odds = [chance / (1 - chance) for chance in chances]
    assert odds[1] / odds[0] == pytest.approx(np.exp(3), rel=1e-3)


def test_alone_the_classifier_is_trusted_with_digits() -> None:
    told = sees(7, 0.3)
    heard = Joining(trust=1.5).hear_alone(told)
    before, after = told[0] / told[0, CLASSES], heard[0] / heard[0, CLASSES]
    np.testing.assert_allclose(after[:CLASSES], before[:CLASSES] * np.exp(1.5), rtol=1e-5)
    assert heard.sum() == pytest.approx(1)


def test_a_class_that_is_missing_is_impossible() -> None:
    ten = sees(7, 0.9, CLASSES)
    np.testing.assert_allclose(Joining().hear_alone(ten), np.pad(ten, ((0, 0), (0, 1))), rtol=1e-5)


def test_no_reader_is_so_sure_that_the_other_is_not_heard() -> None:
    joined = join(score(7, 1.0, 0.0), sees(1, 1.0))
    assert joined[7] == pytest.approx(joined[1])
    assert np.isfinite(joined).all()


class TestModelsWord:
    def locator(self, **metadata: Any) -> Locator:
        return SimpleNamespace(metadata=metadata)  # type: ignore[return-value]

    def test_what_a_model_says_is_taken(self) -> None:
        told = {"say": 0.7, "locator": 1.5, "classifier": 0.4, "doubt": -0.4, "trust": 1.1, "threshold": 0.75}
        assert Joining.of(self.locator(joining=told)) == Joining(0.7, 1.5, 0.4, -0.4, 1.1, 0.75)

    def test_what_it_does_not_say_is_left_as_it_is(self) -> None:
        assert Joining.of(self.locator(joining={"threshold": 0.75, "newer": 3})) == Joining(threshold=0.75)
        assert Joining.of(self.locator(recipe="locator")) == Joining()
        assert Joining.of(lambda page: pytest.fail("asked")) == Joining()

    @pytest.mark.parametrize(
        "told",
        [
            {"say": "x"}, {"doubt": None}, {"threshold": float("nan")}, {"say": float("inf")}, 7, {"say": 10**400},
            {"trust": 1000}, {"threshold": 5}, {"threshold": -0.1},
        ],
    )  # fmt: skip
    def test_nonsense_is_told(self, told: object) -> None:
        with pytest.raises(DataError, match=r"joins by .*, expected numbers of at most 100, .*; export it again"):
            Joining.of(self.locator(joining=told))
