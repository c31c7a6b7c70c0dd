"""The kernels of a convolution as they changed in training: a figure, or an animation."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from inkdigit.evaluation.figures.sheet import (
    SIGNED,
    SUFFIXES,
    check_suffix,
    draw_grid,
    label_rows,
    new_figure,
    plain,
    save_figure,
    unknown_letters,
    widest,
)
from inkdigit.files import write_atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS, MOST_ROWS, MOST = 16, 10, 32
SECONDS = 6
"""How long an animation should last; a frame shows for .1 to 1 second."""

FRAME_DPI = 80
"""Coarser than a figure, so that an animation of 60 frames is drawn within seconds."""

KERNEL_SUFFIXES = (*SUFFIXES, ".gif")


def draw_kernels(steps: Sequence[int], kernels: NDArray[np.float32], title: str, path: Path) -> None:
    """Draws kernels (checkpoints, k, h, w) after each step; as an animation where the file ends in .gif.

    Raises:
        UsageError: an unknown format.
        EnvironmentFault: matplotlib is missing, or the file cannot be written.
    """
    check_suffix(path, KERNEL_SUFFIXES)
    if path.suffix.lower() == ".gif":
        _animate(steps, kernels, title, path)
    else:
        save_figure(_table(steps, kernels, title), path)


def _table(steps: Sequence[int], kernels: NDArray[np.float32], title: str) -> "Figure":
    """A row for each of up to ten checkpoints, the first and the last among them."""
    rows = np.unique(np.linspace(0, len(steps) - 1, MOST_ROWS).round().astype(int))
    shown = kernels[rows, :COLUMNS]
    columns, end = shown.shape[1], widest(shown)
    figure = new_figure(3.2 + 0.6 * columns, 1.3 + 0.6 * len(rows))
    axes = figure.subplots()
    drawn = draw_grid(axes, list(shown.reshape(-1, *shown.shape[2:])), columns, cmap=SIGNED, vmin=-end, vmax=end)
    label_rows(axes, [f"after step {steps[row]:,}" for row in rows])
    axes.set_title(plain(title + _number(columns, kernels)))
    figure.colorbar(drawn, ax=axes, label="weight", pad=0.01, shrink=0.8)
    return figure


def _animate(steps: Sequence[int], kernels: NDArray[np.float32], title: str, path: Path) -> None:
    shown = kernels[:, :MOST]
    rows, end = -(-shown.shape[1] // 8), widest(shown)
    columns = -(-shown.shape[1] // rows)
    figure = new_figure(2 + 0.8 * columns, 1.3 + 0.8 * rows)
    figure.set_dpi(FRAME_DPI)
    axes = figure.subplots()
    drawn = draw_grid(axes, list(shown[0]), columns, cmap=SIGNED, vmin=-end, vmax=end)
    figure.colorbar(drawn, ax=axes, label="weight", pad=0.02)
    frames = []
    for step, current in zip(steps, shown, strict=True):
        for image, kernel in zip(axes.images, current, strict=True):
            image.set_data(kernel)
        axes.set_title(plain(f"{title}{_number(shown.shape[1], kernels)}\nafter step {step:,} of {steps[-1]:,}"))
        frames.append(_render(figure))
        figure.set_layout_engine("none")  # the first frame's layout stays: all alike, and drawn faster
    milliseconds = int(np.clip(1000 * SECONDS / len(frames), 100, 1000))
    buffer = io.BytesIO()
    first, *others = frames
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=milliseconds, loop=0)
    write_atomic(path, buffer.getvalue())


def _render(figure: "Figure") -> PIL.Image.Image:
    """The pixels of a figure, drawn once where ``savefig`` would draw it twice."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - an extra

    canvas = FigureCanvasAgg(figure)
    with unknown_letters():
        canvas.draw()  # type: ignore[no-untyped-call]
    return PIL.Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")  # type: ignore[no-untyped-call]


def _number(shown: int, kernels: NDArray[np.float32]) -> str:
    return "" if shown == kernels.shape[1] else f" (the first {shown} of {kernels.shape[1]})"
