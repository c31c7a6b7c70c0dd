import math

import numpy as np
import pytest

from inkdigit.evaluation.metrics import (
    brier,
    confidence,
    confusion_matrix,
    count_reliability,
    ece,
    nll,
    predict,
    risk_coverage,
    wilson_interval,
)
from inkdigit.images import CLASSES, Labels, Probabilities


def rows(*chosen: dict[int, float], classes: int = CLASSES) -> Probabilities:
    """A row of probabilities for each dict of class → probability; 0 for what it does not name."""
    probabilities = np.zeros((len(chosen), classes), np.float32)
    for row, named in zip(probabilities, chosen, strict=True):
        row[list(named)] = list(named.values())
    return probabilities


def labels(*digits: int) -> Labels:
    return np.array(digits, np.int64)


class TestPredict:
    def test_takes_the_most_probable(self) -> None:
        assert predict(rows({3: 0.6, 4: 0.4}, {9: 0.5, 0: 0.3, 1: 0.2})).tolist() == [3, 9]

    def test_not_a_digit_is_no_digit(self) -> None:
        assert predict(rows({10: 0.9, 7: 0.1}, classes=11)).tolist() == [7]


class TestConfidence:
    def test_is_that_of_the_digit(self) -> None:
        found = confidence(rows({3: 0.6, 4: 0.4}, {10: 0.75, 7: 0.25}, classes=11))
        assert found.tolist() == pytest.approx([0.6, 0.25])


class TestReliability:
    def test_bins_by_hand(self) -> None:
        probabilities = rows({0: 0.9, 9: 0.1}, {1: 0.8, 9: 0.2}, {2: 0.45, 9: 0.3}, {3: 0.45, 9: 0.3}, {4: 1})
        bins = count_reliability(probabilities, labels(0, 9, 2, 9, 4), bins=4)
        assert bins.counts.tolist() == [0, 2, 0, 3]
        assert bins.confidence[[1, 3]] == pytest.approx([0.45, 2.7 / 3])
        assert bins.accuracy[[1, 3]] == pytest.approx([1 / 2, 2 / 3])
        assert np.isnan(bins.accuracy[[0, 2]]).all()


class TestWilsonInterval:
    @pytest.mark.parametrize(
        ("correct", "n", "low", "high"),
        [  # the first four as printed in Newcombe, "Two-sided confidence intervals for the single proportion", 1998
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0000, 0.1611),
            (1, 29, 0.0061, 0.1718),
            (20, 20, 0.8389, 1.0000),
            (5, 10, 0.2366, 0.7634),
        ],
    )
    def test_agrees_with_print(self, correct: int, n: int, low: float, high: float) -> None:
        assert wilson_interval(correct, n) == pytest.approx((low, high), abs=5e-5)

    def test_stays_within_0_and_1(self) -> None:
        for n in (1, 7, 10_000):
            assert wilson_interval(0, n)[0] >= 0
            assert wilson_interval(n, n)[1] <= 1

    def test_nothing_is_known_from_nothing(self) -> None:
        assert wilson_interval(0, 0) == (0, 1)


def test_confusion_has_labels_in_rows() -> None:
    confusion = confusion_matrix(labels(3, 3, 9, 0), labels(3, 8, 9, 1))
    assert confusion.shape == (CLASSES, CLASSES)
    assert {(row, column) for row, column in np.argwhere(confusion).tolist()} == {(3, 3), (3, 8), (9, 9), (0, 1)}
    assert confusion.sum() == 4


class TestNll:
    def test_is_the_mean_of_minus_log(self) -> None:
        # 2 was given 1/2 and 5 was given 1/8: (ln 2 + 3 ln 2) / 2.
        assert nll(rows({2: 0.5, 3: 0.5}, {5: 0.125, 6: 0.875}), labels(2, 5)) == pytest.approx(2 * math.log(2))

    def test_is_finite_where_the_label_got_nothing(self) -> None:
        assert nll(rows({0: 1}), labels(1)) == pytest.approx(12 * math.log(10))


class TestBrier:
    @pytest.mark.parametrize(
        ("row", "label", "expected"),
        [
            ({4: 1.0}, 4, 0.0),
            ({4: 1.0}, 5, 2.0),
            ({0: 0.7, 1: 0.2, 2: 0.1}, 1, 0.49 + 0.64 + 0.01),
            (dict.fromkeys(range(10), 0.1), 8, 0.81 + 9 * 0.01),
        ],
    )
    def test_by_hand(self, row: dict[int, float], label: int, expected: float) -> None:
        assert brier(rows(row), labels(label)) == pytest.approx(expected, abs=1e-6)

    def test_is_a_mean_over_images(self) -> None:
        assert brier(rows({4: 1}, {4: 1}), labels(4, 5)) == pytest.approx(1)

    def test_not_a_digit_counts_as_wrong(self) -> None:
        assert brier(rows({3: 0.4, 10: 0.6}, classes=11), labels(3)) == pytest.approx(0.36 + 0.36)


class TestEce:
    THREE = rows({1: 0.93, 2: 0.07}, {1: 0.97, 2: 0.03}, {5: 0.6, 6: 0.4})
    """Right at 0.93, wrong at 0.97, right at 0.6, if the labels are 1, 2, 5."""

    def test_gaps_cancel_within_a_bin_only(self) -> None:
        # Over tenths: |(1 - 0.93) + (0 - 0.97)| + |1 - 0.6| = 0.9 + 0.4, of three images; over a single bin 0.9 - 0.4.
        assert ece(self.THREE, labels(1, 2, 5), bins=10) == pytest.approx(1.3 / 3, abs=1e-6)
        assert ece(self.THREE, labels(1, 2, 5), bins=1) == pytest.approx(0.5 / 3, abs=1e-6)

    def test_has_15_bins_unless_told(self) -> None:
        # 0.93 is under 14/15 and 0.97 is not: 0.07 + 0.97 + 0.4.
        assert ece(self.THREE, labels(1, 2, 5)) == pytest.approx(1.44 / 3, abs=1e-6)

    def test_sure_and_right_is_0(self) -> None:
        assert ece(rows({1: 1}, {2: 1}), labels(1, 2)) == 0

    def test_sure_and_wrong_is_1(self) -> None:
        assert ece(rows({1: 1}, {2: 1}), labels(2, 1)) == 1

    def test_confidence_is_that_of_the_digit(self) -> None:
        assert ece(rows({3: 0.3, 10: 0.7}, classes=11), labels(3)) == pytest.approx(0.7)


def sure(*confidences: float) -> Probabilities:
    """Readings of 0, so sure each."""
    return rows(*({0: confidence, 1: 1 - confidence} for confidence in confidences))


class TestRiskCoverage:
    def test_by_hand(self) -> None:
        # From the surest on: right, wrong, right, wrong.
        curve = risk_coverage(sure(0.6, 0.9, 0.8, 0.7), labels(1, 0, 1, 0))
        assert curve.coverage.tolist() == [0.25, 0.5, 0.75, 1]
        assert curve.risk == pytest.approx(np.array([0, 1 / 2, 1 / 3, 2 / 4]))
        assert curve.aurc == pytest.approx((1 / 2 + 1 / 3 + 1 / 2) / 4)

    def test_risk_at_a_coverage_reads_at_least_so_many(self) -> None:
        curve = risk_coverage(sure(0.6, 0.9, 0.8, 0.7), labels(1, 0, 1, 0))
        assert [curve.risk_at(percent) for percent in (1, 25, 26, 50, 51, 76, 100)] == pytest.approx(
            [0, 0, 1 / 2, 1 / 2, 1 / 3, 1 / 2, 1 / 2]
        )

    def test_risk_at_counts_in_whole_numbers(self) -> None:
        curve = risk_coverage(sure(*np.linspace(0.99, 0.6, 100)), labels(*[0] * 7, *[1] * 93))
        assert curve.risk_at(7) == 0
        assert curve.risk_at(8) == pytest.approx(1 / 8)

    def test_equally_sure_images_share_their_errors(self) -> None:
        # One surest image that is right; then three alike, of which one is wrong: a third of an error each.
        curve = risk_coverage(sure(0.9, 0.7, 0.7, 0.7), labels(0, 1, 0, 0))
        assert curve.risk == pytest.approx(np.array([0, 1 / 6, 2 / 9, 1 / 4]))

    def test_the_order_of_images_is_nothing(self) -> None:
        random = np.random.default_rng(0)
        confidences, truth = random.integers(6, 10, 200) / 10, random.integers(0, 2, 200)
        curve, order = risk_coverage(sure(*confidences), truth), random.permutation(200)
        assert np.array_equal(curve.risk, risk_coverage(sure(*confidences[order]), truth[order]).risk)

    def test_ends_at_the_share_of_errors(self) -> None:
        assert risk_coverage(sure(0.9, 0.9, 0.6, 0.8, 0.5), labels(0, 1, 0, 1, 1)).risk[-1] == pytest.approx(3 / 5)

    def test_confidence_is_that_of_the_digit(self) -> None:
        # Of the first, "not a digit" is the surest reading; as a 3 it is less sure than the second as a 4.
        probabilities = rows({3: 0.1, 10: 0.9}, {4: 0.6, 5: 0.4}, classes=11)
        assert risk_coverage(probabilities, labels(0, 4)).risk.tolist() == [0, 0.5]

    def test_a_single_image(self) -> None:
        curve = risk_coverage(sure(0.9), labels(1))
        assert (curve.aurc, curve.risk_at(1), curve.risk_at(100)) == (1, 1, 1)
