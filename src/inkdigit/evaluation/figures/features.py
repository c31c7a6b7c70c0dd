"""What each convolution makes of an image."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inkdigit.evaluation.figures.sheet import INK, SIGNED, draw_grid, new_figure, plain, save_figure, widest
from inkdigit.images import Images

COLUMNS, MOST = 16, 32


def draw_features(image: Images, maps: Mapping[str, NDArray[np.float32]], title: str, path: Path) -> None:
    """Draws an image, uint8 (28, 28), and the maps (c, h, w) of each named convolution, before its activation.

    Raises:
        EnvironmentFault: matplotlib is missing, or the file cannot be written.
    """
    rows = [1.4, *(-(-min(len(layer), MOST) // COLUMNS) + 0.5 for layer in maps.values())]
    figure = new_figure(11, 0.8 + 0.62 * sum(rows))
    figure.suptitle(plain(f"{title}\noutput of each convolution: red above 0, blue below"))
    first, *others = figure.subplots(len(rows), 1, height_ratios=rows)
    draw_grid(first, [image], COLUMNS, cmap=INK, vmin=0, vmax=255)
    first.set_title(_what("input", 1, image.shape), loc="left", fontsize=9)
    for axes, (name, layer) in zip(others, maps.items(), strict=True):
        shown, end = layer[:MOST], widest(layer)
        drawn = draw_grid(axes, list(shown), COLUMNS, cmap=SIGNED, vmin=-end, vmax=end)
        number = "" if len(shown) == len(layer) else f", the first {len(shown)}"
        axes.set_title(plain(_what(name, len(layer), layer.shape[1:]) + number), loc="left", fontsize=9)
        figure.colorbar(drawn, ax=axes, label="activation", pad=0.01, aspect=8)
    save_figure(figure, path)


def _what(name: str, channels: int, shape: tuple[int, ...]) -> str:
    return f"{name}: {channels} × {shape[0]} × {shape[1]}"
