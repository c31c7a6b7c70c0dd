"""Stride: how far the window moves from one place to the next."""

import torch
from matplotlib.figure import Figure
from torch.nn import functional

from inkdigit.evaluation.figures.sheet import COLOURS

from .paper import caption, frame, new_table, place_ink, place_signed
from .subject import Subject

STRIDES = (1, 2, 4)


@torch.no_grad()
def draw_stride(subject: Subject) -> Figure:
    """The same kernel over the seven at several strides: the first windows, and the map."""
    image, kernel = subject.scale(subject.seven[None]), subject.model.conv1.weight[subject.channel, None]
    figure, axes = new_table(4.6, "Stride: the longer the stride, the smaller the map", 122, 66)
    for index, stride in enumerate(STRIDES):
        left = index * 44.0
        made = functional.conv2d(image, kernel, stride=stride)[0, 0].numpy()
        side = made.shape[0]
        place_ink(axes, subject.seven, left, 4)
        for window, colour in enumerate(COLOURS[1:4]):
            frame(axes, left + window * stride + 0.15 * window, 4 + 0.5 * window, 5, 5, colour)
        caption(axes, f"stride {stride}", left + 14, 1, size=11)
        caption(axes, f"↓   {side} × {side} = {side * side} places", left + 14, 36)
        place_signed(axes, made, left + 14 - side / 2, 40)
    return figure
