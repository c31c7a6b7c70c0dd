"""Back-propagation: how much the loss would change with each number, from the last layer to the first."""

from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch.nn import functional

from inkdigit.evaluation.figures.sheet import BLUE, INK, SIGNED, VERMILION, widest
from inkdigit.images import Images

from .paper import new_paper
from .subject import Subject

LAYERS = ("fc3", "fc2", "fc1", "conv2", "conv1")
"""In the order in which the gradient comes to them."""


def draw_back_propagation(subject: Subject) -> Figure:
    """For a digit that is read right and one that is misread: the gradient in each layer, and at each pixel."""
    figure = new_paper(3.7, "Back-propagation: the blame for the loss, handed back layer by layer")
    grid = figure.add_gridspec(2, 3, width_ratios=(1, 1, 2.6))
    bars = figure.add_subplot(grid[:, 2])
    chosen = {"read right": (_nearest(subject, 0.9), BLUE), "misread": (_nearest(subject, 0.01), VERMILION)}
    for row, (name, (index, colour)) in enumerate(chosen.items()):
        image, label = subject.test.images[index], int(subject.test.labels[index])
        loss, pixels, norms = _propagate(subject, image, label)
        digit, gradient = (figure.add_subplot(grid[row, column]) for column in (0, 1))
        _show(digit, image, f"a {label}, {name}", cmap=INK)
        end = widest(pixels)
        _show(gradient, pixels, "d loss / d pixel", cmap=SIGNED, vmin=-end, vmax=end)
        places = np.arange(len(LAYERS)) + 0.4 * row - 0.2
        bars.bar(places, norms, 0.38, color=colour, label=f"{name}: loss {loss:.1f}")
    bars.set_title("length of the gradient of each layer's weights")
    bars.set_xlabel("from the loss back to the input →")
    bars.set_xticks(range(len(LAYERS)), LAYERS)
    bars.legend(frameon=False)
    bars.spines[["top", "right"]].set_visible(False)
    return figure


def _nearest(subject: Subject, probability: float) -> int:
    """The test digit whose own class got about that probability."""
    return int(np.abs(subject.truth - probability).argmin())


def _propagate(subject: Subject, image: Images, label: int) -> tuple[float, NDArray[np.float32], list[float]]:
    """The loss, its gradient by the pixels (28, 28), and the length of that by each layer's weights."""
    model = subject.model
    x = subject.scale(image[None]).requires_grad_()
    loss = functional.cross_entropy(model(x), torch.tensor([label]))
    weights = [model.get_parameter(f"{name}.weight") for name in LAYERS]
    pixels, *gradients = torch.autograd.grad(loss, [x, *weights])
    return loss.item(), pixels[0, 0].numpy(), [float(gradient.norm()) for gradient in gradients]


def _show(axes: Axes, image: NDArray[np.generic], title: str, **options: Any) -> None:
    axes.imshow(image, **options)
    axes.set_title(title, fontsize=10)
    axes.set(xticks=(), yticks=())
