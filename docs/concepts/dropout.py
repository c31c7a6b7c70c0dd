"""Dropout: in every training step other units are silent; in use all of them speak."""

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn

from inkdigit.evaluation.figures.sheet import VERMILION
from inkdigit.images import Images
from inkdigit.learning.models.convnet import ConvNet
from inkdigit.learning.scaling import SCALINGS

from .paper import new_paper
from .subject import Subject

ROWS, COLUMNS = 16, 32


def draw_dropout(subject: Subject) -> Figure:
    """The 512 units of ConvNet's linear layer for the seven: in use, and in two steps of training."""
    model = subject.convnet
    units = _activate(model, subject.seven)
    figure = new_paper(2.35, f"Dropout: the {units.shape[1]} units of ConvNet's linear layer, for one 7 (orange: off)")
    dropout = nn.Dropout(model.dropout.p)
    end = float(units.max()) / (1 - dropout.p)
    for seed, axes in enumerate(figure.subplots(1, 3)):
        torch.manual_seed(seed)
        factors = dropout(torch.ones_like(units)) if seed else torch.ones_like(units)
        passed = units * factors
        sure = float(torch.softmax(model.fc2(passed).detach(), dim=1)[0, 7])
        name = f"in training, step {seed}" if seed else "in use: all units"
        off = f"{int((factors == 0).sum())} off, the others × {1 / (1 - dropout.p):.2f}" if seed else "none off"
        _show(axes, passed, factors, end)
        axes.set_title(f"{name}\n{off}", fontsize=10)
        axes.set_xlabel(f"probability of a 7: {sure:.1%}")
    return figure


@torch.no_grad()
def _activate(model: ConvNet, image: Images) -> Tensor:
    """What the units of the linear layer say of an image, float32 (1, 512), before dropout."""
    x = SCALINGS["signed"](torch.from_numpy(image).float())[None, None]
    x = model.pool(model.relu(model.conv1(x)))
    x = model.pool(model.relu(model.conv2(x)))
    units: Tensor = model.relu(model.fc1(x.flatten(1)))
    return units


def _show(axes: Axes, passed: Tensor, factors: Tensor, end: float) -> None:
    axes.imshow(passed.reshape(ROWS, COLUMNS).numpy(), cmap="Blues", vmin=0, vmax=end)
    silenced: NDArray[np.bool_] = (factors == 0).reshape(ROWS, COLUMNS).numpy()
    axes.imshow(np.dstack([np.full((ROWS, COLUMNS, 3), to_rgb(VERMILION)), silenced]))
    axes.set(xticks=(), yticks=())
