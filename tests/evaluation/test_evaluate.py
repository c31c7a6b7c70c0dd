import json
import re

import numpy as np
import pytest

from inkdigit.data.dataset import Dataset
from inkdigit.evaluation.evaluate import Evaluation, evaluate
from inkdigit.images import CLASSES, SIZE, Images, Probabilities

DATASET = Dataset("made up", "test", np.zeros((5, SIZE, SIZE), np.uint8), np.array([0, 0, 1, 7, 7]))


def reads(*digits: int, confidence: float = 0.82, classes: int = CLASSES) -> Probabilities:
    """Probabilities of a classifier that reads these digits, as sure of each, and spreads the rest evenly."""
    probabilities = np.full((len(digits), classes), (1 - confidence) / (classes - 1), np.float32)
    probabilities[np.arange(len(digits)), digits] = confidence
    return probabilities


def test_measures_by_hand() -> None:
    evaluation = evaluate(lambda _images: reads(0, 3, 1, 7, 7), DATASET)
    assert (evaluation.data, evaluation.split, evaluation.n) == ("made up", "test", 5)
    assert evaluation.accuracy == pytest.approx(0.8)
    assert evaluation.accuracy_interval == pytest.approx((0.3755, 0.9638), abs=5e-5)
    # Four were given 0.82 and one 0.02.
    assert evaluation.nll == pytest.approx(-(4 * np.log(0.82) + np.log(0.02)) / 5)
    # Right: 0.18² + 9 × 0.02². Wrong: 0.82² + 0.98² + 8 × 0.02².
    assert evaluation.brier == pytest.approx((4 * 0.036 + 1.636) / 5)
    assert evaluation.ece == pytest.approx(0.82 - 0.8, abs=1e-6)


def test_counts_each_digit() -> None:
    evaluation = evaluate(lambda _images: reads(0, 3, 1, 7, 7), DATASET)
    assert list(evaluation.class_accuracy) == [0.5, 1, None, None, None, None, None, 1, None, None]
    found = {(i, j): n for i, row in enumerate(evaluation.confusion) for j, n in enumerate(row) if n}
    assert found == {(0, 0): 1, (0, 3): 1, (1, 1): 1, (7, 7): 2}


def test_risk_falls_with_coverage_where_the_unsure_are_wrong() -> None:
    n = 1000
    digits = np.zeros(n, np.int64)
    digits[:30] = 1  # those that are read wrong
    probabilities = reads(*[0] * n, confidence=0.9)
    probabilities[:60] = reads(*[0] * 60, confidence=0.5)  # the least sure: half of them right
    evaluation = evaluate(
        lambda _images: probabilities, Dataset("a", "test", np.zeros((n, SIZE, SIZE), np.uint8), digits)
    )
    assert dict(evaluation.risk_coverage) == pytest.approx({
        1.0: 0.03, 0.99: 25 / 990, 0.95: 5 / 950, 0.9: 0, 0.8: 0, 0.5: 0,
    })  # fmt: skip
    assert evaluation.aurc == pytest.approx(sum((k - 940) / 2 / k for k in range(941, 1001)) / n)
    assert "refusal   of the 5 % least sure leaves 0.53% read wrong" in evaluation.summary()


class TestAfterTemperature:
    def measured(self, n: int) -> Evaluation:
        """Of a classifier that says 0.99 and is right four times of five."""
        digits = np.arange(n) % CLASSES
        said = np.where(np.arange(n) % 5 == 0, (digits + 1) % CLASSES, digits)
        images = np.zeros((n, SIZE, SIZE), np.uint8)
        return evaluate(lambda _images: reads(*said, confidence=0.99), Dataset("a", "test", images, digits))

    def test_one_that_is_too_sure_becomes_calibrated(self) -> None:
        evaluation = self.measured(2000)
        assert evaluation.ece == pytest.approx(0.19, abs=1e-3)
        assert evaluation.ece_after_temperature == pytest.approx(0, abs=0.02)
        # Logits are ln 891 apart, ln 36 would be right: 0.8 / (0.2 / 9) = 36, at the temperature ln 891 / ln 36.
        assert evaluation.temperature == pytest.approx(np.log(891) / np.log(36), rel=0.05)
        expected = -(0.8 * np.log(0.8) + 0.2 * np.log(0.2 / 9))
        assert evaluation.nll_after_temperature == pytest.approx(expected, rel=0.01)
        assert evaluation.nll > evaluation.nll_after_temperature  # type: ignore[operator]

    def test_summary_tells_both(self) -> None:
        assert re.search(
            r"^ece       19.00%  \(\d.\d\d% after temperature 1.\d\d\)$", self.measured(2000).summary(), re.M
        )

    def test_of_a_single_image_nothing_is_told(self) -> None:
        evaluation = self.measured(1)
        after = evaluation.temperature, evaluation.nll_after_temperature, evaluation.ece_after_temperature
        assert after == (None, None, None)
        assert "after temperature" not in evaluation.summary()

    @pytest.mark.parametrize("n", [2, 3])
    def test_few_images_do(self, n: int) -> None:
        assert np.isfinite(self.measured(n).nll_after_temperature)  # type: ignore[arg-type]


def test_not_a_digit_is_never_read() -> None:
    def refuses(images: Images) -> Probabilities:
        probabilities = reads(*[10] * len(images), classes=CLASSES + 1)
        probabilities[np.arange(len(images)), DATASET.labels] += 0.001
        return probabilities

    assert evaluate(refuses, DATASET).accuracy == 1


def test_hands_over_the_images_as_they_are() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, SIZE, SIZE), dtype=np.uint8)

    def classify(given: Images) -> Probabilities:
        assert given is images
        return reads(0, 0, 1, 7, 7)

    assert evaluate(classify, Dataset("made up", "test", images, DATASET.labels)).accuracy == 1


def test_is_json_once_it_is_plain() -> None:
    evaluation = evaluate(lambda _images: reads(0, 3, 1, 7, 7), DATASET)
    back = json.loads(json.dumps(evaluation.to_dict()))
    assert back["accuracy"] == 0.8
    assert back["class_accuracy"][:3] == [0.5, 1.0, None]
    assert back["confusion"][0][3] == 1
    assert set(back) == set(evaluation.__dataclass_fields__)


def test_summary_names_the_hardest_digit() -> None:
    lines = evaluate(lambda _images: reads(0, 3, 1, 7, 7), DATASET).summary().splitlines()
    assert lines[-1] == "hardest   0  (50.00% read right)"


def test_summary_gives_accuracy_with_its_interval_and_source() -> None:
    summary = evaluate(lambda _images: reads(0, 3, 1, 7, 7), DATASET).summary()
    assert "80.00%  (95 % interval 37.55% to 96.38%" in summary
    assert "5 images of made up, test" in summary
    assert "ece       2.00%" in summary
