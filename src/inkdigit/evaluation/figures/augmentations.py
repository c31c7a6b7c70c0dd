"""What augmentation does to some digits."""

from collections.abc import Mapping
from pathlib import Path

from inkdigit.evaluation.figures.sheet import INK, PITCH, draw_grid, label_rows, new_figure, plain, save_figure
from inkdigit.images import Images


def draw_augmentations(rows: Mapping[str, Images], notes: Mapping[str, str], title: str, path: Path) -> None:
    """Draws a row of images, uint8 (n, 28, 28), for each name, and its note; all rows show the same digits.

    Raises:
        EnvironmentFault: matplotlib is missing, or the file cannot be written.
    """
    columns = max(map(len, rows.values()))
    figure = new_figure(8 + 0.6 * columns, 1 + 0.6 * len(rows))
    axes = figure.subplots()
    draw_grid(axes, [image for images in rows.values() for image in images], columns, cmap=INK, vmin=0, vmax=255)
    label_rows(axes, list(rows))
    for row, name in enumerate(rows):
        axes.text(PITCH * columns + 0.1, PITCH * row + 0.5, notes.get(name, ""), va="center", fontsize=9, color="grey")
    axes.set_xlim(right=PITCH * columns + 0.2 + 0.13 * max(map(len, notes.values()), default=0))
    axes.set_title(plain(title))
    save_figure(figure, path)
