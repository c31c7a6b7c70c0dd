"""Activation: what a unit passes on; ReLU makes every negative value 0."""

import numpy as np
from matplotlib.figure import Figure

from inkdigit.evaluation.figures.sheet import BLUE, SIGNED, VERMILION, widest

from .paper import new_paper
from .subject import Subject


def draw_activation(subject: Subject) -> Figure:
    """A real map before and after ReLU, and between them ReLU itself over the values of the map."""
    before = subject.first_maps[subject.channel].numpy()  # (24, 24)
    after, end = np.maximum(before, 0), widest(before)
    figure = new_paper(3.0, "Activation: ReLU lets the positive pass and makes the rest 0")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1.35, 1))
    for axes, values, title in ((left, before, "before"), (right, after, "after")):
        axes.imshow(values, cmap=SIGNED, vmin=-end, vmax=end)
        axes.set(title=f"{title}: {values.min():.1f} to {values.max():.1f}", xticks=(), yticks=())
    edges = np.linspace(-end, end, 31)
    counts, _ = np.histogram(before, edges)
    heights = counts / counts.max() * end * 0.8
    colours = [VERMILION if edge >= 0 else "#BBBBBB" for edge in edges[:-1]]
    middle.bar(edges[:-1], heights, np.diff(edges), align="edge", color=colours, alpha=0.6)
    middle.plot([-end, 0, end], [0, 0, end], color=BLUE, linewidth=2.5)
    middle.text(0.98 * end, 0.22 * end, "max(0, x)", color=BLUE, ha="right", fontsize=12)
    middle.set(xlabel="before", ylabel="after", title=f"bars: how often; {np.mean(before < 0):.0%} are below 0")
    middle.spines[["top", "right"]].set_visible(False)
    return figure
