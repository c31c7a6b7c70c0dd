"""Digits of a dataset, a row for each class."""

from pathlib import Path

import numpy as np

from inkdigit.evaluation.figures.sheet import INK, draw_grid, label_rows, new_figure, plain, save_figure
from inkdigit.images import CLASSES, SIZE, Images, Labels

COLUMNS = 14


def draw_samples(images: Images, labels: Labels, title: str, path: Path) -> None:
    """Draws the first digits of each class, uint8 (n, 28, 28), with their label and how many there are.

    Raises:
        EnvironmentFault: matplotlib is missing, or the file cannot be written.
    """
    chosen = [np.flatnonzero(labels == digit) for digit in range(CLASSES)]
    blank = np.zeros((SIZE, SIZE), np.uint8)
    cells = [images[row[column]] if column < len(row) else blank for row in chosen for column in range(COLUMNS)]
    figure = new_figure(10, 7)
    axes = figure.subplots()
    draw_grid(axes, cells, COLUMNS, cmap=INK, vmin=0, vmax=255)
    label_rows(axes, [f"{digit}   ({len(row):,} images)" for digit, row in enumerate(chosen)])
    axes.set_title(plain(title))
    save_figure(figure, path)
