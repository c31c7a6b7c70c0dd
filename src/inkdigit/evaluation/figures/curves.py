"""Loss and accuracy over training, of one or several runs."""

import io
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inkdigit.errors import missing_extra
from inkdigit.evaluation.history import Row
from inkdigit.files import write_atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's palette, told apart by colour-blind eyes."""

_STYLES: Mapping[str, Mapping[str, Any]] = {
    "train": {"alpha": 0.6},
    "validation": {"marker": "o", "linestyle": "--"},
    "test": {"marker": "s", "linestyle": ":"},
}
"""How each part of the data is drawn."""


def draw_curves(histories: Mapping[str, Sequence[Row]], path: Path) -> None:
    """Draws the log of each named run into a PNG: loss on the left, accuracy on the right.

    Raises:
        EnvironmentFault: matplotlib is missing, or the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - slow, and an extra
    except ImportError:
        raise missing_extra("learn", "matplotlib") from None
    figure = Figure(figsize=(10, 4), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    for colour, (name, history) in zip(cycle(COLOURS), histories.items(), strict=False):
        _draw(loss, history, name, "loss", colour)
        _draw(accuracy, history, name, "accuracy", colour)
    loss.set(title="Loss", xlabel="epoch", ylabel="cross entropy (nats)", ylim=(0, None))
    accuracy.set(title="Accuracy", xlabel="epoch", ylabel="share read right (%)")
    for axes in (loss, accuracy):
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    write_atomic(path, buffer.getvalue())


def _draw(axes: "Axes", history: Sequence[Row], name: str, quantity: str, colour: str) -> None:
    unit = 100 if quantity == "accuracy" else 1
    for part, style in _STYLES.items():
        points = [(row.epoch, getattr(row, f"{part}_{quantity}")) for row in history]
        known: list[tuple[float, Any]] = [(x, y * unit) for x, y in points if y is not None]
        if known:
            axes.plot(*zip(*known, strict=True), color=colour, label=f"{name}, {part}", **style)
