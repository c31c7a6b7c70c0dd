"""Convolution: a kernel is laid on every place of the image, and each time gives one number."""

import numpy as np
from matplotlib.figure import Figure

from inkdigit.evaluation.figures.sheet import widest

from .paper import caption, frame, new_table, place_ink, place_signed, write_values
from .subject import Subject

CELL = 4.6
SIDE = 5


def draw_convolution(subject: Subject) -> Figure:
    """One window of the seven, the kernel that likes it best, and the map that this kernel makes."""
    image, layer, channel = subject.scale(subject.seven[None])[0, 0].numpy(), subject.model.conv1, subject.channel
    made = subject.first_maps[channel].numpy()  # (24, 24)
    row, column = (int(place) for place in np.unravel_index(made.argmax(), made.shape))
    window = image[row : row + SIDE, column : column + SIDE]
    kernel = layer.weight.detach()[channel, 0].numpy()
    big, top = SIDE * CELL, 2.5
    windows, kernels, results = 32, 32 + big + 4, 32 + 2 * big + 8
    figure, axes = new_table(3.2, "Convolution: 25 products and their sum, at every place", results + 24, 36)
    place_ink(axes, image, 0, top)
    frame(axes, column, top + row, SIDE, SIDE)
    place_ink(axes, window, windows, top + 2.5, CELL)
    write_values(axes, window, windows, top + 2.5, CELL, end=widest(window))
    frame(axes, windows, top + 2.5, big, big)
    place_signed(axes, kernel, kernels, top + 2.5, CELL)
    write_values(axes, kernel, kernels, top + 2.5, CELL, end=widest(kernel), digits=2)
    place_signed(axes, made, results, top + 2)
    frame(axes, results + column, top + 2 + row, 1, 1, "black", 1.5)
    for text, x in (("×", windows + big + 2), ("→", kernels + big + 2)):
        caption(axes, text, x, top + 14, size=16)
    names = ("input 28 × 28", "window 5 × 5", f"kernel {channel + 1} of 6", "feature map 24 × 24")
    for text, x in zip(names, (14, windows + big / 2, kernels + big / 2, results + 12), strict=True):
        caption(axes, text, x, 0)
    total, result = float((window * kernel).sum()), float(made[row, column])
    words = f"sum of the 25 products {total:.2f} + bias {result - total:.2f} = {result:.2f}"
    caption(axes, f"{words}, the pixel marked on the right", (results + 24) / 2, 34.5, size=10)
    return figure
