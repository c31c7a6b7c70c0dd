"""Hyperparameter: a number that you choose before training, such as the learning rate."""

from itertools import cycle

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from inkdigit.evaluation.figures.sheet import COLOURS
from inkdigit.evaluation.history import read_history

from .paper import new_paper
from .subject import Subject

PLAIN = ("schedule=constant", "optimizer.momentum=0", "log_every=10", "threads=1")
LEARNING_RATES = {"0.001": "too small: slow", "0.1": "about right", "10": "too large: it leaps about"}

TICKS = (0.5, 1, 2, 5, 10, 20, 40)


def draw_hyperparameter(subject: Subject) -> Figure:
    """The loss of the same network at three learning rates."""
    figure = new_paper(3.4, "Hyperparameter: one network (softmax), three learning rates")
    axes = figure.subplots()
    for colour, (lr, verdict) in zip(cycle(COLOURS), LEARNING_RATES.items(), strict=False):
        draw_loss(axes, subject, colour, f"lr {lr}: {verdict}", *PLAIN, f"lr={lr}")
    axes.set_yscale("log")
    axes.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes.minorticks_off()
    finish_loss(axes)
    return figure


def draw_loss(axes: Axes, subject: Subject, colour: str, label: str, *settings: str, line: str = "-") -> None:
    """The training loss of an epoch of ``softmax`` with these settings."""
    history = read_history(subject.train_small("softmax", *settings).metrics)
    axes.plot([row.step for row in history], [row.train_loss for row in history], line, color=colour, label=label)


def finish_loss(axes: Axes) -> None:
    """Says what the axes mean."""
    axes.set(xlabel="step (a batch of 128 digits each)", ylabel="training loss (nats)", xlim=(0, None))
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
