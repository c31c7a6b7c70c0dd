"""The misread digits, worst first."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inkdigit.evaluation.figures.sheet import INK, draw_grid, new_figure, plain, save_figure
from inkdigit.evaluation.metrics import confidence, predict
from inkdigit.images import Images, Labels, Probabilities

COLUMNS, MOST = 8, 48


@dataclass(frozen=True)
class Mistake:
    """A digit that was misread.

    Attributes:
        index: of the image among those that were read.
        read_as: the digit that it was taken for.
        label: the digit that it is.
        confidence: in what was read, 0..1.
    """

    index: int
    read_as: int
    label: int
    confidence: float


def find_mistakes(probabilities: Probabilities, labels: Labels) -> list[Mistake]:
    """The misread images; the one that the classifier was surest of comes first."""
    predicted, sure = predict(probabilities), confidence(probabilities)
    wrong = np.flatnonzero(predicted != labels)
    order = wrong[np.argsort(-sure[wrong], kind="stable")]
    return [Mistake(int(i), int(predicted[i]), int(labels[i]), float(sure[i])) for i in order]


def draw_mistakes(images: Images, mistakes: Sequence[Mistake], title: str, path: Path, *, first: int = 0) -> None:
    """Draws the first mistakes among images, uint8 (n, 28, 28), with what was read and what they are.

    Args:
        images: those that were read.
        mistakes: among them.
        title: of the figure.
        path: of the file.
        first: index of the first image in its dataset, for the captions.

    Raises:
        EnvironmentFault: matplotlib is missing, or the file cannot be written.
    """
    shown = mistakes[:MOST]
    rows = max(1, -(-len(shown) // COLUMNS))
    figure = new_figure(10, 1.2 + 1.65 * rows)
    axes = figure.subplots()
    if shown:
        captions = [
            f"read as {m.read_as}, is {m.label}\n{m.confidence:.1%} sure\nimage {first + m.index}" for m in shown
        ]
        cells = [images[m.index] for m in shown]
        draw_grid(axes, cells, COLUMNS, captions=captions, lines=3, cmap=INK, vmin=0, vmax=255)
    else:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "none", ha="center", va="center", fontsize=20)
    number = "" if len(shown) == len(mistakes) else f", the {len(shown)} that it was surest of"
    axes.set_title(plain(f"{title}\n{len(mistakes):,} misread of {len(images):,}{number}"))
    save_figure(figure, path)
