"""How many errors remain if the least sure readings are refused?"""

from pathlib import Path

import numpy as np

from inkdigit.evaluation.evaluate import COVERAGES
from inkdigit.evaluation.figures.sheet import BLUE, VERMILION, new_figure, plain, save_figure
from inkdigit.evaluation.metrics import risk_coverage
from inkdigit.images import Labels, Probabilities


def draw_risk_coverage(probabilities: Probabilities, labels: Labels, title: str, path: Path) -> None:
    """Draws the share of errors over the share of images that are read, the surest first.

    Raises:
        EnvironmentFault: matplotlib is missing, or the file cannot be written.
    """
    curve = risk_coverage(probabilities, labels)
    base = curve.risk_at(100)
    marks = np.array(COVERAGES), 100 * np.array([curve.risk_at(percent) for percent in COVERAGES])
    figure = new_figure(6.5, 5)
    axes = figure.subplots()
    axes.axhline(100 * base, color="grey", linestyle="--", label="refusing at random")
    axes.plot(100 * curve.coverage, 100 * curve.risk, color=BLUE, label="refusing the least sure")
    axes.plot(*marks, "o", color=VERMILION, markersize=5)
    for percent, risk in zip(*marks, strict=True):
        axes.annotate(f"{risk:.2f}", (percent, risk), (-3, 5), textcoords="offset points", ha="right", fontsize=8)
    axes.set(xlabel="images read (%)", ylabel="errors among them (%)", xlim=(0, 102))
    axes.set_ylim(bottom=0)
    axes.set_title(plain(f"{title}\narea under the curve {curve.aurc:.3%}"))
    axes.legend(frameon=False, loc="center left")
    axes.grid(alpha=0.3)
    save_figure(figure, path)
