"""Padding: a rim of zeros about the image, so that the kernel reaches its edge."""

import torch
from matplotlib.figure import Figure
from torch.nn import functional

from inkdigit.evaluation.figures.sheet import BLUE, INK

from .paper import caption, frame, new_table, place, place_signed
from .subject import Subject

RIM = 2


@torch.no_grad()
def draw_padding(subject: Subject) -> Figure:
    """The same kernel over the seven without padding and with two pixels of it."""
    image, layer = subject.scale(subject.seven[None]), subject.model.conv1
    kernel = layer.weight[subject.channel, None]
    padded = functional.pad(image, (RIM,) * 4)
    figure, axes = new_table(2.9, "Padding: with a rim of 2, a 5 × 5 kernel keeps the size", 136, 41)
    tops = (8, 10, 6, 8)
    lefts = (0, 33, 71, 108)
    for values, left, top in zip((image, padded), lefts[::2], tops[::2], strict=True):
        place(axes, values[0, 0].numpy(), left, top, cmap=INK, vmin=image.min(), vmax=image.max())
        frame(axes, left, top, 5, 5)
        made = functional.conv2d(values, kernel)[0, 0].numpy()
        place_signed(axes, made, left + values.shape[3] + 5, 22 - made.shape[0] / 2)
        caption(axes, "→", left + values.shape[3] + 2.5, 22, size=16)
    frame(axes, lefts[2] + RIM, tops[2] + RIM, 28, 28, BLUE, 1)
    words = ("image 28 × 28", "no padding: 24 × 24", "padding 2: 32 × 32", "again 28 × 28")
    caption(axes, "the rim is 0: grey here, as paper is −0.42 after scaling", 103.5, 40)
    for text, left, width in zip(words, lefts, (28, 24, 32, 28), strict=True):
        caption(axes, text, left + width / 2, 2.5)
    return figure
