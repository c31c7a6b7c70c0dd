"""Softmax: ten logits of any size become ten probabilities that sum to 1."""

import numpy as np
import torch
from matplotlib.figure import Figure

from inkdigit.evaluation.figures.sheet import BLUE, COLOURS, INK, VERMILION
from inkdigit.images import CLASSES

from .paper import new_paper
from .subject import Subject

DOUBT = 0.65
"""How sure the network is to be of the digit that is shown."""

TEMPERATURES = (0.5, 1, 3)
BAR = 0.27


@torch.no_grad()
def draw_softmax(subject: Subject) -> Figure:
    """The logits of a digit that LeNet is not sure of, and its probabilities at three temperatures."""
    index = int(np.abs(subject.probabilities.max(1) - DOUBT).argmin())
    logits = subject.model(subject.scale(subject.test.images[index : index + 1]))[0]
    figure = new_paper(3.2, "Softmax: from logits to probabilities")
    digit, left, right = figure.subplots(1, 3, width_ratios=(0.8, 1.1, 1.7))
    digit.imshow(subject.test.images[index], cmap=INK)
    digit.set(xticks=(), yticks=(), title=f"a {subject.test.labels[index]}, read as {logits.argmax()}")
    classes = np.arange(CLASSES)
    left.bar(classes, logits.numpy(), color=[VERMILION if logit > 0 else BLUE for logit in logits])
    left.axhline(0, color="black", linewidth=0.8)
    left.set(title="logits", ylabel="logit")
    for number, (temperature, colour) in enumerate(zip(TEMPERATURES, COLOURS[2:], strict=False)):
        probabilities = torch.softmax(logits / temperature, dim=0).numpy()
        label = f"T = {temperature}" + (": as it is" if temperature == 1 else "")
        right.bar(classes + BAR * (number - 1), probabilities, BAR, color=colour, label=label)
    right.set(title="probabilities: softmax(logits / T)", ylim=(0, 1))
    right.legend(frameon=False)
    for axes in (left, right):
        axes.set_xticks(classes)
        axes.set_xlabel("digit")
        axes.spines[["top", "right"]].set_visible(False)
    return figure
