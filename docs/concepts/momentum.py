"""Momentum: each step goes on a part of the last one."""

from matplotlib.figure import Figure

from inkdigit.evaluation.figures.sheet import COLOURS

from .hyperparameter import draw_loss, finish_loss
from .paper import new_paper
from .subject import Subject

LINES = (("0.01", "0", "-"), ("0.01", "0.9", "-"), ("0.1", "0", "--"))
"""Learning rate, momentum and style."""


def draw_momentum(subject: Subject) -> Figure:
    """The loss of the same network without and with momentum, and with ten times the learning rate."""
    figure = new_paper(3.4, "Momentum 0.9: steps that agree add up, to ten times the length")
    axes = figure.subplots()
    for colour, (lr, momentum, line) in zip(COLOURS, LINES, strict=False):
        settings = ("schedule=constant", f"optimizer.momentum={momentum}", "log_every=10", "threads=1", f"lr={lr}")
        draw_loss(axes, subject, colour, f"lr {lr}, momentum {momentum}", *settings, line=line)
    axes.set_ylim(0, None)
    finish_loss(axes)
    return figure
