"""Loss: how dear it is to have given the truth a small probability."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from inkdigit.evaluation.figures.sheet import BLUE, INK, VERMILION
from inkdigit.evaluation.metrics import nll, predict

from .paper import new_paper
from .subject import Subject

SHOWN = (0.005, 0.05, 0.2, 0.55, 0.99)
"""About which probability of the truth digits are shown."""


def draw_loss(subject: Subject) -> Figure:
    """Cross entropy over the probability of the truth, with test digits where they stand on it."""
    figure = new_paper(4.0, "Loss: cross entropy = −ln(probability of the right digit)")
    axes = figure.subplots()
    share = np.linspace(0.002, 1, 500)
    axes.plot(share, -np.log(share), color=BLUE, linewidth=2)
    for probability in SHOWN:
        _mark(axes, subject, int(np.abs(subject.truth - probability).argmin()))
    mean = nll(subject.probabilities, subject.test.labels)
    axes.axhline(mean, color="grey", linestyle=":")
    words = f"mean over {len(subject.test):,} test digits: {mean:.3f}"
    axes.text(0.5, mean - 0.12, words, va="top", ha="center", color="grey")
    axes.set(xlabel="probability that LeNet gave the right digit", ylabel="loss (nats)")
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.set(xlim=(-0.02, 1.25), ylim=(-0.6, 6.4))
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _mark(axes: Axes, subject: Subject, index: int) -> None:
    truth = float(subject.truth[index])
    place = (truth, -np.log(truth))
    label, read_as = subject.test.labels[index], predict(subject.probabilities[index : index + 1])[0]
    picture = OffsetImage(subject.test.images[index], zoom=1.1, cmap=INK)
    line, units = {"arrowstyle": "-"}, "offset points"
    axes.add_artist(AnnotationBbox(picture, place, (38, 26), boxcoords=units, pad=0.1, arrowprops=line))
    axes.plot(*place, "o", color=VERMILION)
    words = f"{label}, read as {read_as}\nloss {place[1]:.2f}"
    axes.annotate(words, place, (62, 26), textcoords=units, va="center", fontsize=9)
