"""Which digits are still wrong, and which labels all runs contradict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from benchmarks.accuracy_picking import average

from inkdigit.data.dataset import Dataset, hold_out
from inkdigit.evaluation.figures.mistakes import find_mistakes
from inkdigit.evaluation.figures.sheet import INK, draw_grid, new_figure, save_figure
from inkdigit.evaluation.metrics import predict
from inkdigit.images import CLASSES, Images, Labels, Probabilities

SURE = 0.9
"""Every run must be at least so sure of another digit, before a label is called doubtful."""

COLUMNS = 8


@dataclass(frozen=True)
class Wrong:
    """A test digit that is read wrong.

    Attributes:
        index: in the test set.
        label: the digit that it is said to be.
        answer: the digit that is read.
        confidence: in the answer, 0..1.
        wrong_runs: how many of the runs, each by itself, read it wrong.
    """

    index: int
    label: int
    answer: int
    confidence: float
    wrong_runs: int


@dataclass(frozen=True)
class Doubt:
    """A label that all runs contradict; it stays as it is.

    Attributes:
        split: ``test``, or ``train+validation`` of a held-out digit: no run has learnt from it.
        index: in that split, as the dataset's own files count.
        label: as it stands there.
        answer: of the runs' mean.
        confidence: the mean probability of the answer, 0..1.
        votes: how many of the runs give this answer.
    """

    split: str
    index: int
    label: int
    answer: int
    confidence: float
    votes: int


def find_wrong(read: Probabilities, of_runs: Sequence[Probabilities], labels: Labels) -> list[Wrong]:
    """The digits that are read wrong, the surest first.

    Args:
        read: probabilities of what is judged, float32 (n, classes).
        of_runs: the same of each run.
        labels: int64 (n,).
    """
    wrong_runs = np.sum([predict(probabilities) != labels for probabilities in of_runs], axis=0)
    return [Wrong(m.index, m.label, m.read_as, m.confidence, int(wrong_runs[m.index]))
            for m in find_mistakes(read, labels)]  # fmt: skip


def find_doubts(of_runs: Sequence[Probabilities], labels: Labels, split: str, indices: Labels) -> list[Doubt]:
    """The labels that every run contradicts, and is sure of it; the surest first.

    Args:
        of_runs: probabilities of each run, float32 (n, classes).
        labels: int64 (n,).
        split: that the digits are of.
        indices: of the digits in it, int64 (n,).
    """
    answers = np.stack([predict(probabilities) for probabilities in of_runs])  # (runs, n)
    confidences = np.stack([probabilities[:, :CLASSES].max(1) for probabilities in of_runs])
    is_doubted = ((answers != labels) & (confidences >= SURE)).all(0)
    doubted = [m for m in find_mistakes(average(of_runs), labels) if is_doubted[m.index]]
    votes = [int((answers[:, m.index] == m.read_as).sum()) for m in doubted]
    return [
        Doubt(split, int(indices[m.index]), m.label, m.read_as, m.confidence, count)
        for m, count in zip(doubted, votes, strict=True)
    ]


def held_out_indices(training: Dataset) -> Labels:
    """Where the held-out digits stand among all digits for training, int64 (n,)."""
    numbered = replace(training, labels=np.arange(len(training)))
    return hold_out(numbered)[1].labels


def draw_wrong(images: Images, wrong: Sequence[Wrong], path: Path) -> None:
    """Draws all digits that are read wrong, each with its label, the answer and how sure it is.

    Args:
        images: of the test set, uint8 (n, 28, 28).
        wrong: among them.
        path: of the file.
    """
    figure = new_figure(10, 0.9 + 1.55 * max(1, -(-len(wrong) // COLUMNS)))
    axes = figure.subplots()
    axes.set_axis_off()
    if wrong:
        captions = [f"{w.label} → {w.answer}, {w.confidence:.0%}\nimage {w.index}" for w in wrong]
        cells = [images[w.index] for w in wrong]
        draw_grid(axes, cells, COLUMNS, captions=captions, lines=2, cmap=INK, vmin=0, vmax=255)
    axes.set_title(f"{len(wrong)} of {len(images):,} still wrong: label → answer, confidence")
    save_figure(figure, path)
