"""The paper of the pictures: what is drawn on it in pixels of one size, and how it becomes a small file."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from inkdigit.evaluation.figures.sheet import DPI, INK, SIGNED, VERMILION, new_figure, widest
from inkdigit.files import write_atomic

WIDTH = 8.2
"""Of each picture, in inches: 984 pixels."""

COLOURS = 256
"""Of a file. What matplotlib draws has some thousands; a palette that covers them all is never off by more than 5 %."""


def new_paper(height: float, title: str) -> Figure:
    """An empty figure of so many inches' height under its title."""
    figure = new_figure(WIDTH, height)
    figure.suptitle(title, fontsize=13)
    return figure


def new_table(height: float, title: str, columns: float, rows: float) -> tuple[Figure, Axes]:
    """A figure of one plane without axes, in units that ``place`` draws pixels with, top left at (0, 0)."""
    figure = new_paper(height, title)
    axes = figure.subplots()
    axes.set(xlim=(-0.5, columns + 0.5), ylim=(rows + 0.5, -0.5), aspect="equal")
    axes.set_axis_off()
    return figure, axes


def place(axes: Axes, image: NDArray[Any], left: float, top: float, cell: float = 1, **options: Any) -> None:
    """Draws an image (h, w), each pixel a square of so many units, in a thin frame."""
    height, width = (cell * side for side in image.shape)
    axes.imshow(image, extent=(left, left + width, top + height, top), interpolation="nearest", **options)
    frame(axes, left, top, width, height, "grey", 0.6)


def place_signed(axes: Axes, image: NDArray[Any], left: float, top: float, cell: float = 1) -> None:
    """Draws values on both sides of 0: blue below, white at 0, red above."""
    end = widest(image)
    place(axes, image, left, top, cell, cmap=SIGNED, vmin=-end, vmax=end)


def place_ink(axes: Axes, image: NDArray[Any], left: float, top: float, cell: float = 1) -> None:
    """Draws a digit, dark on white."""
    place(axes, image, left, top, cell, cmap=INK)


def frame(  # noqa: PLR0917 - a rectangle and its colour
    axes: Axes, left: float, top: float, width: float, height: float, colour: str = VERMILION, line: float = 2
) -> None:
    """Draws a rectangle about something."""
    axes.add_patch(Rectangle((left, top), width, height, fill=False, edgecolor=colour, linewidth=line))


def write_values(
    axes: Axes, values: NDArray[Any], left: float, top: float, cell: float, *, end: float, digits: int = 1
) -> None:
    """Writes each value into its pixel, white where the pixel is dark: near one end of its colours."""
    for row, column in np.ndindex(*values.shape):
        value = float(values[row, column])
        x, y = left + cell * (column + 0.5), top + cell * (row + 0.5)
        colour = "white" if abs(value) > 0.6 * end else "black"
        axes.text(x, y, f"{value:.{digits}f}", ha="center", va="center", fontsize=7.5, color=colour)


def caption(axes: Axes, text: str, x: float, y: float, *, size: float = 10, **options: Any) -> None:
    """Writes words, centred on (x, y) unless told otherwise."""
    axes.text(x, y, text, fontsize=size, **{"ha": "center", "va": "center", **options})


def save_small(figure: Figure, path: Path) -> None:
    """Writes a PNG of half the bytes that matplotlib alone would take; the same figure gives the same file."""
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI)
    image = PIL.Image.open(drawn).convert("RGB")
    palette = image.quantize(COLOURS, PIL.Image.Quantize.MAXCOVERAGE, dither=PIL.Image.Dither.NONE)
    palette.save(small, "PNG", optimize=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, small.getvalue())
