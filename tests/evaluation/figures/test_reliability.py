from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from inkdigit.evaluation.figures.reliability import draw_reliability
from inkdigit.evaluation.metrics import ece

# Confidences .9, .8, .45, .45, 1; the first, the third and the last are right.
PROBABILITIES = np.zeros((5, 10), np.float32)
PROBABILITIES[range(5), [0, 1, 2, 3, 4]] = [0.9, 0.8, 0.45, 0.45, 1]
PROBABILITIES[:4, 9] = [0.1, 0.2, 0.3, 0.3]
LABELS = np.array([0, 9, 2, 9, 4])


def test_draws_accuracy_over_confidence_in_percent(tmp_path: Path, drawn: list[Figure]) -> None:
    draw_reliability(PROBABILITIES, LABELS, "mine", tmp_path / "reliability.png")
    above, below = drawn[0].axes
    measured = next(line for line in above.get_lines() if line.get_label() == "measured")
    expected = [[45, 50], [80, 0], [90, 100], [100, 100]]
    assert np.asarray(measured.get_xydata()) == pytest.approx(np.array(expected), abs=1e-4)
    assert [bar.get_height() for bar in below.patches if bar.get_height()] == [2, 1, 1, 1]  # type: ignore[attr-defined]
    assert above.get_title() == f"mine\nexpected calibration error {ece(PROBABILITIES, LABELS):.2%}"
    assert (above.get_ylabel(), below.get_xlabel()) == ("share read right (%)", "confidence (%)")
