from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from inkdigit.evaluation.calibrate import apply_temperature, cross_calibrate, fit_temperature
from inkdigit.evaluation.metrics import ece, nll
from inkdigit.images import CLASSES, Labels, Probabilities

N = 8000


def softmax(logits: NDArray[np.float64]) -> Probabilities:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    probabilities: Probabilities = (powers / powers.sum(1, keepdims=True)).astype(np.float32)
    return probabilities


@cache
def drawn(deviation: float, classes: int = CLASSES) -> tuple[NDArray[np.float64], Labels]:
    """Logits, and labels drawn from their own softmax: as well calibrated as can be."""
    random = np.random.default_rng(0)
    logits = random.normal(0, deviation, (N, classes))
    below = softmax(logits).cumsum(1) < random.random((N, 1))
    return logits, np.minimum(below.sum(1), classes - 1)


def test_sure_mistakes_make_it_less_sure() -> None:
    """With a floor under probabilities, mistakes surer than it would cost no more, and a far too low one would win."""
    random = np.random.default_rng(0)
    labels = np.zeros(4000, np.int64)
    logits = np.zeros((4000, 2))
    logits[:3600, 1] = -random.uniform(0, 80, 3600)
    logits[3600:, 1] = random.uniform(60, 85, 400)
    assert fit_temperature(softmax(logits), labels) == pytest.approx(5, rel=0.01)


class TestApplyTemperature:
    def test_by_hand(self) -> None:
        # At temperature 2 each probability becomes its root: 2 : 1 from 4 : 1.
        scaled = apply_temperature(np.array([[0.8, 0.2]], np.float32), 2)
        assert scaled == pytest.approx(np.array([[2 / 3, 1 / 3]]))
        assert scaled.dtype == np.float32

    @pytest.mark.parametrize("temperature", [0.25, 1, 3])
    def test_is_that_of_the_logits(self, temperature: float) -> None:
        logits, _labels = drawn(4)
        found = apply_temperature(softmax(logits), temperature)
        assert np.allclose(found, softmax(logits / temperature), atol=1e-5)

    def test_logits_far_apart_are_not_cut(self) -> None:
        logits = np.array([[0.0, -60.0]])
        assert apply_temperature(softmax(logits), 5) == pytest.approx(softmax(logits / 5), rel=1e-3)

    def test_a_probability_of_0_stays_finite(self) -> None:
        scaled = apply_temperature(np.array([[1, 0]], np.float32), 2)
        assert scaled == pytest.approx(np.array([[1, 0]]))


class TestFitTemperature:
    @pytest.mark.parametrize("factor", [0.3, 0.5, 1, 2, 4])
    @pytest.mark.parametrize("deviation", [2, 10])
    def test_finds_by_what_the_logits_were_scaled(self, factor: float, deviation: float) -> None:
        logits, labels = drawn(deviation)
        assert fit_temperature(softmax(logits * factor), labels) == pytest.approx(factor, rel=0.05)

    def test_counts_not_a_digit_as_a_class(self) -> None:
        logits, labels = drawn(2, classes=CLASSES + 1)
        assert fit_temperature(softmax(logits * 2), labels) == pytest.approx(2, rel=0.05)

    def test_makes_confidence_true(self) -> None:
        logits, labels = drawn(2)
        sure = softmax(logits * 3)
        calibrated = apply_temperature(sure, fit_temperature(sure, labels))
        assert ece(sure, labels) > 0.1
        assert ece(calibrated, labels) < 0.02
        assert nll(calibrated, labels) < nll(sure, labels)

    def test_stays_between_a_fifth_and_5(self) -> None:
        always_right = np.eye(CLASSES, dtype=np.float32) * 0.5 + 0.05
        digits = np.arange(CLASSES)
        assert fit_temperature(always_right, digits) == pytest.approx(0.2, rel=1e-3)
        assert fit_temperature(always_right, (digits + 1) % CLASSES) == pytest.approx(5, rel=1e-3)


class TestCrossCalibrate:
    def test_finds_by_what_the_logits_were_scaled(self) -> None:
        logits, labels = drawn(2)
        scaled, temperature = cross_calibrate(softmax(logits * 2), labels)
        assert temperature == pytest.approx(2, rel=0.05)
        assert np.abs(scaled - softmax(logits)).max() < 0.05
        assert scaled.dtype == np.float32

    def test_no_image_chooses_its_own_temperature(self) -> None:
        logits, labels = drawn(2)
        probabilities, labels = softmax(logits[:200]), labels[:200]
        before, _ = cross_calibrate(probabilities, labels)
        for image in range(20):
            others = labels.copy()
            others[image] = (labels[image] + 1) % CLASSES
            changed = np.abs(cross_calibrate(probabilities, others)[0] - before).max(1) > 1e-6
            assert changed.sum() == 100, "the other half alone"
            assert not changed[image]

    def test_temperature_is_the_mean_of_the_halves(self) -> None:
        right = np.eye(CLASSES, dtype=np.float32)[[0, 0]] * 0.5 + 0.05
        # Each half is one image. The one that is right asks for .2, the other for 5.
        scaled, temperature = cross_calibrate(right, np.array([0, 1]))
        assert temperature == pytest.approx(1, rel=1e-3)
        assert scaled[0] == pytest.approx(apply_temperature(right, 5)[0], rel=1e-2)
        assert scaled[1] == pytest.approx(apply_temperature(right, 0.2)[1], rel=1e-2)

    def test_halves_are_drawn_without_regard_to_the_order_of_digits(self) -> None:
        # As sure of each; 0 is always right, 1 never. Every second one would fit on zeros or on ones alone.
        digits = np.arange(400) % 2
        probabilities = np.eye(CLASSES, dtype=np.float32)[digits] * 0.5 + 0.05
        scaled, _ = cross_calibrate(probabilities, np.zeros(400, np.int64))
        assert scaled.max(1) == pytest.approx(0.5, abs=0.1)
