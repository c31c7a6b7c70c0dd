from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from inkdigit.evaluation.figures.risk_coverage import draw_risk_coverage

# Confidences .9, .8, .7, .6; the second and the last are wrong.
PROBABILITIES = np.zeros((4, 10), np.float32)
PROBABILITIES[:, 0] = [0.9, 0.8, 0.7, 0.6]
PROBABILITIES[:, 1] = [0.1, 0.2, 0.3, 0.4]
LABELS = np.array([0, 1, 0, 1])


def test_draws_risk_over_coverage_in_percent(tmp_path: Path, drawn: list[Figure]) -> None:
    draw_risk_coverage(PROBABILITIES, LABELS, "mine", tmp_path / "risk.png")
    axes = drawn[0].axes[0]
    lines = {str(line.get_label()): np.asarray(line.get_xydata()) for line in axes.get_lines()}
    expected = np.array([[25, 0], [50, 50], [75, 100 / 3], [100, 50]])
    assert lines["refusing the least sure"] == pytest.approx(expected)
    assert lines["refusing at random"][:, 1] == pytest.approx(50)
    assert axes.get_title() == "mine\narea under the curve 33.333%"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("images read (%)", "errors among them (%)")


def test_marks_what_an_evaluation_tells(tmp_path: Path, drawn: list[Figure]) -> None:
    draw_risk_coverage(PROBABILITIES, LABELS, "mine", tmp_path / "risk.svg")
    axes = drawn[0].axes[0]
    marks = np.asarray(axes.get_lines()[-1].get_xydata())
    assert marks == pytest.approx(np.array([[100, 50], [99, 50], [95, 50], [90, 50], [80, 50], [50, 50]]))
    assert [text.get_text() for text in axes.texts] == ["50.00"] * 6
