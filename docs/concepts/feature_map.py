"""Feature map: what a kernel found, and where."""

import torch
from matplotlib.figure import Figure
from torch import Tensor

from .paper import caption, new_table, place_ink, place_signed
from .subject import Subject

WIDTH = 174
GAP = 7.5
"""Above each row, for its words."""


def draw_feature_map(subject: Subject) -> Figure:
    """All maps of LeNet for the seven, in pixels of one size: they become smaller and more."""
    figure, axes = new_table(5.8, "Feature maps: what LeNet makes of a 7 (each: red above 0, blue below)", WIDTH, 113)
    place_ink(axes, subject.seven, 0, 6)
    caption(axes, "input: 28 × 28", 0, 3, ha="left")
    top = 34.0
    for words, maps in _layers(subject).items():
        count, height, width = maps.shape
        caption(axes, f"{words}: {count} maps of {height} × {width}", 0, top + GAP - 3, ha="left")
        pitch = min(width + 4, (WIDTH - width) / (count - 1))
        for index, values in enumerate(maps.numpy()):
            place_signed(axes, values, index * pitch, top + GAP)
        top += GAP + height
    return figure


@torch.no_grad()
def _layers(subject: Subject) -> dict[str, Tensor]:
    model = subject.model
    first = subject.first_maps[None]
    pooled = model.pool(model.relu(first))
    second = model.conv2(pooled)
    last = model.pool(model.relu(second))
    names = ("after conv1", "after ReLU and pooling", "after conv2", "after ReLU and pooling again")
    return {name: maps[0] for name, maps in zip(names, (first, pooled, second, last), strict=True)}
