"""Which digit is read as which."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inkdigit.evaluation.figures.sheet import new_figure, plain, save_figure
from inkdigit.images import CLASSES


def draw_confusion(confusion: Sequence[Sequence[int]], title: str, path: Path) -> None:
    """Draws counts (10, 10), row the label and column what was read; the darker, the more often misread.

    Raises:
        EnvironmentFault: matplotlib is missing, or the file cannot be written.
    """
    counts = np.array(confusion)
    totals = counts.sum(1)
    mistakes = np.where(np.eye(CLASSES, dtype=bool), np.nan, counts)
    top = max(int(np.nanmax(mistakes)), 1)
    figure = new_figure(8.4, 6.8)
    axes = figure.subplots()
    image = axes.imshow(mistakes, cmap="Blues", vmin=0, vmax=top)
    axes.set_facecolor("#DDDDDD")  # of the diagonal
    for row, column in np.ndindex(CLASSES, CLASSES):
        right, count = row == column, int(counts[row, column])
        if count or right:
            dark = not right and count > 0.6 * top
            style: dict[str, Any] = {"color": "white" if dark else "black", "fontweight": "bold" if right else "normal"}
            axes.text(column, row, str(count), ha="center", va="center", fontsize=9, **style)
    digits = range(CLASSES)
    axes.set(xlabel="read as", ylabel="is", xticks=digits, yticks=digits, title=plain(title))
    for i in digits:
        share = f"{100 * counts[i, i] / totals[i]:.1f} %" if totals[i] else "none"
        axes.text(CLASSES - 0.4, i, share, va="center", fontsize=9)
    axes.text(CLASSES - 0.4, -0.6, "read right", va="bottom", fontsize=9)
    figure.colorbar(
        image, ax=axes, shrink=0.7, label="misread (images)", ticks=np.unique(np.linspace(0, top, 6).round())
    )
    save_figure(figure, path)
