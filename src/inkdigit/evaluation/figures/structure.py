"""The layers of a network: drawn, and as a table."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inkdigit.evaluation.figures.sheet import BLUE, COLOURS, VERMILION, new_figure, plain, save_figure
from inkdigit.images import SIZE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FILLS: Mapping[str, str] = {"conv": COLOURS[5], "linear": COLOURS[4], "input": "#DDDDDD"}
"""The colour of a layer by the first word of its kind; all others are white."""

TABLE = {"layer": 0.0, "kind": 2.4, "output": 4.9, "parameters": 8.4, "multiply-adds": 12.6}
"""Where the columns of the table begin or, for numbers, end."""

BAR = 2.0
"""Length of the longest bar, in units of the table."""


@dataclass(frozen=True)
class Layer:
    """One layer as it was called.

    Attributes:
        name: within the network, such as ``block1.five.0``.
        kind: what it is, such as ``conv 5x5``.
        shape: of its output for one image, (c, h, w) or (width,).
        parameters: that it learns, without those that an earlier layer has counted.
        multiply_adds: for one image; 0 except for convolutions and linear layers, since others do few.
        inputs: indices in the list of layers of those that it takes.
        is_drawn: whether it is drawn; activations and the like stand in the table alone.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    inputs: tuple[int, ...]
    is_drawn: bool = True

    @property
    def size(self) -> str:
        """Its shape in words."""
        return " × ".join(map(str, self.shape))


def draw_structure(layers: Sequence[Layer], title: str, path: Path) -> None:
    """Draws how the layers are connected, above a table of all of them.

    Raises:
        EnvironmentFault: matplotlib is missing, or the file cannot be written.
    """
    places = _place(layers)
    lanes = 1 + max(lane for _column, lane in places.values())
    top, bottom = 0.6 + 1.25 * lanes, 0.25 * (len(layers) + 2)
    figure = new_figure(12, top + bottom + 0.6)
    above, below = figure.subplots(2, 1, height_ratios=(top, bottom))
    _draw_outputs(above, layers, places)
    _draw_table(below, layers)
    figure.suptitle(plain(title))
    save_figure(figure, path)


def _place(layers: Sequence[Layer]) -> dict[int, tuple[int, int]]:
    """Column and lane of each drawn layer: branches side by side."""
    places: dict[int, tuple[int, int]] = {}
    for index, layer in enumerate(layers):
        if not layer.is_drawn:
            continue
        before = [places[source] for source in _sources(layers, index)]
        column = 1 + max((column for column, _lane in before), default=-1)
        lane = min((lane for _column, lane in before), default=0)
        if len(before) == 1:
            lane += sum(_sources(layers, other) == _sources(layers, index) for other in places)
        places[index] = (column, lane)
    return places


def _sources(layers: Sequence[Layer], index: int) -> list[int]:
    """The drawn layers that feed a layer, directly or through layers that are not drawn."""
    found: list[int] = []
    for source in layers[index].inputs:
        found += [source] if layers[source].is_drawn else _sources(layers, source)
    return found


def _draw_outputs(axes: "Axes", layers: Sequence[Layer], places: Mapping[int, tuple[int, int]]) -> None:
    """A box for each output: as high as its maps, as wide as the logarithm of their number."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415 - an extra

    for index, (column, lane) in places.items():
        for source in _sources(layers, index):
            axes.plot(
                *zip(*_route(places[source], (column, lane), places.values()), strict=True), "grey", zorder=0, lw=1
            )
        layer = layers[index]
        height, width = _box(layer.shape)
        corner = (column - width / 2, lane - height / 2)
        fill = FILLS.get(layer.kind.split()[0], "white")
        axes.add_patch(Rectangle(corner, width, height, facecolor=fill, edgecolor="black"))
        axes.text(column, lane + 0.36, f"{layer.kind}\n{layer.size}", ha="center", va="top", fontsize=7)
    columns, lanes = (1 + max(place[axis] for place in places.values()) for axis in (0, 1))
    axes.set(xlim=(-0.6, columns - 0.4), ylim=(lanes - 0.3, -0.6))
    axes.set_title("each output: height in pixels, width grows with the channels", fontsize=9, color="grey")
    axes.set_axis_off()


def _route(
    start: tuple[int, int], end: tuple[int, int], places: Collection[tuple[int, int]]
) -> list[tuple[float, float]]:
    """The corners of a line from one box to another that it feeds, around those between."""
    (left, lane), (right, other) = start, end
    if lane != other:  # a fork turns right after its start, a join right before its end
        turn = left + 0.5 if other > lane else right - 0.5
        return [start, (turn, lane), (turn, other), end]
    if any((column, lane) in places for column in range(left + 1, right)):
        above = lane - 0.45
        return [start, (left + 0.4, lane), (left + 0.4, above), (right - 0.4, above), (right - 0.4, lane), end]
    return [start, end]


def _box(shape: tuple[int, ...]) -> tuple[float, float]:
    """Height and width of the box of an output, in cells."""
    if len(shape) == 1:
        return 0.1 + 0.06 * math.log2(shape[0]), 0.08
    return max(0.1, 0.64 * shape[1] / SIZE), 0.08 + 0.09 * math.log2(shape[0])


def _draw_table(axes: "Axes", layers: Sequence[Layer]) -> None:
    for title, x in TABLE.items():
        axes.text(
            x,
            0,
            title,
            ha="right" if title in ("parameters", "multiply-adds") else "left",
            fontsize=10,
            fontweight="bold",
        )
    total = Layer("all", "", (), sum(layer.parameters for layer in layers),
                  sum(layer.multiply_adds for layer in layers), ())  # fmt: skip
    for row, layer in enumerate([*layers, total], start=1):
        weight = "bold" if layer is total else "normal"
        for title, text in (("layer", layer.name), ("kind", layer.kind), ("output", layer.size)):
            axes.text(TABLE[title], row, text, va="center", fontsize=9, fontweight=weight)
        for title, number, whole, colour in (
            ("parameters", layer.parameters, total.parameters, BLUE),
            ("multiply-adds", layer.multiply_adds, total.multiply_adds, VERMILION),
        ):
            if number:
                axes.text(TABLE[title], row, f"{number:,}", ha="right", va="center", fontsize=9, fontweight=weight)
            if number and layer is not total:
                axes.barh(row, BAR * number / whole, 0.6, left=TABLE[title] + 0.2, color=colour)
    axes.set(xlim=(0, TABLE["multiply-adds"] + 0.2 + BAR), ylim=(len(layers) + 1.6, -0.6))
    axes.set_axis_off()
