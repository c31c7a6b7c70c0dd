"""Kernel: its 25 weights are random at first, and learn what to look for."""

import numpy as np
from matplotlib.figure import Figure

from inkdigit.evaluation.figures.sheet import SIGNED, draw_grid, label_rows, widest

from .paper import new_paper
from .subject import Subject


def draw_kernel(subject: Subject) -> Figure:
    """The six kernels of the first layer before and after training."""
    networks = (subject.fresh, subject.model)
    kernels = np.concatenate([network.conv1.weight.detach()[:, 0].numpy() for network in networks])  # (12, 5, 5)
    figure = new_paper(2.5, "Kernels: the six of LeNet's first layer, 5 × 5 weights each")
    axes = figure.subplots()
    end = widest(kernels)
    drawn = draw_grid(axes, list(kernels), 6, cmap=SIGNED, vmin=-end, vmax=end)
    label_rows(axes, ["before training: random", f"after {subject.run.result()['best_step']:,} steps: learned"])
    axes.set_xlim(left=-2.7)
    figure.colorbar(drawn, ax=axes, label="weight", pad=0.01, shrink=0.9)
    return figure
