"""Loss and accuracy over training, of one or several runs."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inkdigit.evaluation.figures.sheet import COLOURS, new_figure, plain, save_figure
from inkdigit.evaluation.history import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLES: Mapping[str, Mapping[str, Any]] = {
    "train": {"alpha": 0.6},
    "validation": {"marker": "o", "linestyle": "--"},
    "test": {"marker": "s", "linestyle": ":"},
}
"""How each part of the data is drawn."""


def draw_curves(histories: Mapping[str, Sequence[Row]], path: Path) -> None:
    """Draws the log of each named run: loss on the left, accuracy on the right.

    Raises:
        EnvironmentFault: matplotlib is missing, or the file cannot be written.
    """
    figure = new_figure(10, 4)
    loss, accuracy = figure.subplots(1, 2)
    for colour, (name, history) in zip(cycle(COLOURS), histories.items(), strict=False):
        _draw(loss, history, name, "loss", colour)
        _draw(accuracy, history, name, "accuracy", colour)
    loss.set(title="Loss", xlabel="epoch", ylabel="cross entropy (nats)", ylim=(0, None))
    accuracy.set(title="Accuracy", xlabel="epoch", ylabel="share read right (%)")
    for axes in (loss, accuracy):
        axes.grid(alpha=0.3)
        axes.legend(frameon=False).set_in_layout(False)  # long names must not push the curves away
    save_figure(figure, path)


def _draw(axes: "Axes", history: Sequence[Row], name: str, quantity: str, colour: str) -> None:
    unit = 100 if quantity == "accuracy" else 1
    for part, style in _STYLES.items():
        points = [(row.epoch, getattr(row, f"{part}_{quantity}")) for row in history]
        known: list[tuple[float, Any]] = [(x, y * unit) for x, y in points if y is not None]
        if known:
            axes.plot(*zip(*known, strict=True), color=colour, label=plain(f"{name}, {part}"), **style)
