"""Is a classifier right as often as it says?"""

from pathlib import Path

import numpy as np

from inkdigit.evaluation.figures.sheet import BLUE, VERMILION, new_figure, plain, save_figure
from inkdigit.evaluation.metrics import BINS, count_reliability, ece
from inkdigit.images import Labels, Probabilities


def draw_reliability(probabilities: Probabilities, labels: Labels, title: str, path: Path) -> None:
    """Draws the share read right over the confidence, and how many images there are of each.

    Raises:
        EnvironmentFault: matplotlib is missing, or the file cannot be written.
    """
    bins = count_reliability(probabilities, labels)
    known = bins.counts > 0
    confidence, accuracy = 100 * bins.confidence[known], 100 * bins.accuracy[known]
    figure = new_figure(6.5, 7.5)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    above.plot([0, 100], [0, 100], color="grey", linestyle="--", label="as sure as right")
    above.vlines(confidence, confidence, accuracy, color=VERMILION, linewidth=3, alpha=0.6, label="gap")
    above.plot(confidence, accuracy, "o-", color=BLUE, markersize=7, label="measured")
    above.set(ylabel="share read right (%)", ylim=(0, 103), xlim=(0, 102))
    above.set_title(plain(f"{title}\nexpected calibration error {ece(probabilities, labels):.2%}"))
    above.legend(frameon=False, loc="upper left")
    width = 100 / BINS
    below.bar((np.arange(BINS) + 0.5) * width, bins.counts, 0.9 * width, color=BLUE)
    below.set(xlabel="confidence (%)", ylabel="images (log scale)", yscale="log", ylim=(0.7, None))
    for axes in (above, below):
        axes.grid(alpha=0.3)
    save_figure(figure, path)
