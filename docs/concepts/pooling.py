"""Max and mean pooling: of each 2 × 2 window one number is left."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .paper import caption, frame, new_table, place, write_values
from .subject import Subject

PART, WINDOW, CELL = 8, 2, 4.0
LEFT, TOP = 30.0, 6.0
"""Where the part stands that is drawn with its numbers."""


def draw_pooling(subject: Subject) -> Figure:
    """A part of a real map with its numbers, and what each kind of pooling makes of it."""
    values, row, column = _choose(subject)
    part = values[row : row + PART, column : column + PART]
    windows = part.reshape(PART // WINDOW, WINDOW, PART // WINDOW, WINDOW)  # (row, within, column, within)
    figure, axes = new_table(3.8, "Pooling: from each 2 × 2 window one number, with stride 2", 97, 42)
    place(axes, values, 0, 10, cmap="Reds", vmin=0, vmax=values.max())
    frame(axes, column, 10 + row, PART, PART)
    caption(axes, "a map after ReLU\n24 × 24", 12, 5.5)
    _place_numbers(axes, part, LEFT, TOP, values.max())
    for down, right in np.ndindex(PART // WINDOW, PART // WINDOW):
        side = WINDOW * CELL
        frame(axes, LEFT + side * right, TOP + side * down, side, side, "black", 1.4)
    frame(axes, LEFT, TOP, PART * CELL, PART * CELL)
    caption(axes, "the framed part, 8 × 8", LEFT + PART * CELL / 2, 3)
    for name, pooled, top in (("max", windows.max((1, 3)), 3.0), ("mean", windows.mean((1, 3)), 25.0)):
        caption(axes, f"{name} pooling\n→", 71.5, top + 7.5)
        _place_numbers(axes, pooled, 80, top, values.max())
    return figure


def _place_numbers(axes: Axes, values: NDArray[np.float32], left: float, top: float, end: float) -> None:
    place(axes, values, left, top, CELL, cmap="Reds", vmin=0, vmax=end)
    write_values(axes, values, left, top, CELL, end=end)


def _choose(subject: Subject) -> tuple[NDArray[np.float32], int, int]:
    """A map (24, 24) of the seven, and the corner of the part where it varies most."""
    values = subject.model.relu(subject.first_maps[subject.channel]).numpy()
    corners = [(row, column) for row in range(0, 24 - PART + 1, 2) for column in range(0, 24 - PART + 1, 2)]
    row, column = max(corners, key=lambda at: values[at[0] : at[0] + PART, at[1] : at[1] + PART].std())
    return values, row, column
