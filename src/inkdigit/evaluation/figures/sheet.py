"""The paper that every figure is drawn on, and its way to disk."""

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from inkdigit.errors import UsageError, missing_extra
from inkdigit.files import write_atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's palette, told apart by colour-blind eyes."""

BLUE, VERMILION = COLOURS[:2]

INK = "gray_r"
"""Digit images as they are on paper: dark on white."""

SIGNED = "RdBu_r"
"""Blue below 0, white at 0, red above: told apart by colour-blind eyes."""

SUFFIXES = (".png", ".svg", ".pdf")
"""What a figure can be written as."""

DPI = 120

PITCH = 1.12
"""Distance from one cell of a grid to the next, in cells."""


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure of this size in inches.

    Raises:
        EnvironmentFault: matplotlib is missing.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - slow, and an extra
    except ImportError:
        raise missing_extra("learn", "matplotlib") from None
    return Figure(figsize=(width, height), layout="constrained")


def plain(text: str) -> str:
    """Escapes a text with names in it, so that matplotlib draws it literally.

    A folder's name may hold dollars, which begin formulas, bytes that are not text, or a leading underscore, which
    keeps a label out of the legend.
    """
    known = text.encode(errors="replace").decode().replace("$", r"\$")
    return f" {known}" if known.startswith("_") else known


@contextmanager
def unknown_letters() -> Iterator[None]:
    """Lets letters that the font does not have be drawn as boxes, without a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def check_suffix(path: Path, suffixes: Sequence[str] = SUFFIXES) -> None:
    """Raises a usage error for a file that a figure cannot be written as."""
    if path.suffix.lower() not in suffixes:
        raise UsageError(f"{path}: found '{path.suffix}', expected a file that ends in {', '.join(suffixes)}")


def save_figure(figure: "Figure", path: Path) -> None:
    """Writes a figure in the format of the file's name.

    Raises:
        UsageError: an unknown format.
        EnvironmentFault: the file cannot be written.
    """
    check_suffix(path)
    buffer = io.BytesIO()
    with unknown_letters():
        figure.savefig(buffer, format=path.suffix.lower().removeprefix("."), dpi=DPI)
    write_atomic(path, buffer.getvalue())


def draw_grid(
    axes: "Axes", images: Sequence[NDArray[Any]], columns: int, *, captions: Sequence[str] = (), lines: int = 0,
    **options: Any,
) -> "ScalarMappable":  # fmt: skip
    """Draws images (h, w) of any size in cells of size 1, row by row, each above its caption.

    Args:
        axes: where; its units become cells.
        images: at least one.
        columns: cells in a row.
        captions: of the images, in their order.
        lines: lines of a caption, for which room is left below each row of images.
        options: for ``imshow``.

    Returns:
        The first image as drawn, for a colour bar.
    """
    height = PITCH + 0.2 * lines
    drawn = []
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        left, top = column * PITCH, row * height
        extent = (left, left + 1, top + 1, top)
        drawn.append(axes.imshow(image, extent=extent, interpolation="nearest", **options))
        if captions:
            axes.text(left + 0.5, top + 1.06, plain(captions[index]), ha="center", va="top", fontsize=8)
    rows = -(-len(images) // columns)
    axes.set(xlim=(-0.05, columns * PITCH), ylim=(rows * height, -0.05), aspect="equal")
    axes.set_axis_off()
    return drawn[0]


def label_rows(axes: "Axes", labels: Sequence[str]) -> None:
    """Writes what each row of a grid shows, at its left."""
    axes.set_xlim(left=-0.3 - 0.14 * max(map(len, labels)))
    for row, label in enumerate(labels):
        axes.text(-0.15, row * PITCH + 0.5, plain(label), ha="right", va="center", fontsize=9)


def widest(values: NDArray[Any]) -> float:
    """The largest distance from 0, for the two ends of a signed colour scale; never 0."""
    return float(np.abs(values).max(initial=0)) or 1.0
