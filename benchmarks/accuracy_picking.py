"""What choosing on the test set would have gained: the runs' epochs and seeds, looked at with hindsight."""

import itertools
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from inkdigit.data.dataset import Dataset
from inkdigit.errors import DataError
from inkdigit.evaluation.history import Row, read_history
from inkdigit.evaluation.metrics import predict
from inkdigit.images import SIZE, Images, Labels, Probabilities
from inkdigit.learning.checkpoint import load_weights
from inkdigit.learning.classify import deploy
from inkdigit.learning.engine import build, find_device
from inkdigit.learning.predict import TorchClassifier
from inkdigit.learning.run import Run

TRIPLE = 3
TIMED_IMAGES = 500
OTHERWISE_READ = 2
"""So many test images may be read otherwise than the run's result says: sums are rounded by other processors' ways."""


@dataclass(frozen=True)
class Epochs:
    """A run's accuracies after each of its epochs, 0..1.

    Attributes:
        validation: on the held-out digits, which choose the epoch.
        test: on the test set.
        kept: index of the epoch that the held-out digits chose.
    """

    validation: tuple[float, ...]
    test: tuple[float, ...]
    kept: int


@dataclass(frozen=True)
class Choice:
    """What would be told, had it been chosen so.

    Attributes:
        chosen: what, and by which digits.
        accuracy: on the test set, 0..1.
        gain_points: over the clean choice of the same thing, in points of a hundred; None of the clean one itself.
    """

    chosen: str
    accuracy: float
    gain_points: float | None


def read_epochs(run: Run) -> list[Row]:
    """The lines of a run's log after which it was validated and its weights were written."""
    return [row for row in read_history(run.metrics) if row.validation_accuracy is not None]


def measure_epochs(run: Run, test: Dataset) -> Epochs:
    """Evaluates the weights of every epoch on the test set, as the run watched them: each digit is looked at once.

    Raises:
        DataError: weights are missing, or those that were kept do not reach what the run's result says.
    """
    rows, result = read_epochs(run), run.result()
    kept = [row.step for row in rows].index(result["best_step"])
    accuracies = tuple(read_share(read, test.labels) for read in _read_by_epoch(run, rows, test.images))
    deviation = abs(accuracies[kept] - result["test_accuracy"]) * len(test)
    if not run.recipe.shifts and round(deviation) > OTHERWISE_READ:
        raise DataError(
            f"{run.folder}: found {accuracies[kept]:.2%} with the kept weights, expected {result['test_accuracy']:.2%} "
            "as its result says; the run is of another version of inkdigit, train again"
        )
    return Epochs(tuple(row.validation_accuracy or 0.0 for row in rows), accuracies, kept)


def estimate_seconds(runs: Sequence[Run], n: int) -> float:
    """Seconds that reading n images with the weights of every epoch of the runs will take."""
    images = np.zeros((TIMED_IMAGES, SIZE, SIZE), np.uint8)
    list(_read_by_epoch(runs[0], read_epochs(runs[0])[:1], images))
    start = time.perf_counter()
    list(_read_by_epoch(runs[0], read_epochs(runs[0])[:1], images))
    return (time.perf_counter() - start) / TIMED_IMAGES * n * sum(len(read_epochs(run)) for run in runs)


def read_share(probabilities: Probabilities, labels: Labels) -> float:
    """Share read right, 0..1."""
    return float((predict(probabilities) == labels).mean())


def compare_choices(runs: Sequence[Epochs]) -> list[Choice]:
    """An epoch of each run, chosen cleanly and otherwise: the mean over the runs, and the best of all."""
    clean = statistics.mean(run.test[run.kept] for run in runs)
    others = {
        "the last epoch, no choice": statistics.mean(run.test[-1] for run in runs),
        "each seed's best epoch on the test set": statistics.mean(max(run.test) for run in runs),
        "the best epoch of the best seed on the test set": max(max(run.test) for run in runs),
    }
    return _beside("the epoch that is best on held-out digits", clean, others)


def compare_triples(of_runs: Sequence[Probabilities], labels: Labels) -> list[Choice]:
    """Three runs averaged: the first, and those that are best on the test set; nothing of fewer than four runs.

    Args:
        of_runs: probabilities, float32 (n, classes) each, the first seed first.
        labels: int64 (n,).
    """
    if len(of_runs) <= TRIPLE:
        return []
    shares = [read_share(average(three), labels) for three in itertools.combinations(of_runs, TRIPLE)]
    picked = {f"the three of {len(of_runs)} seeds that are best averaged on the test set": max(shares)}
    return _beside("the first three seeds averaged", shares[0], picked)


def average(probabilities: Sequence[Probabilities]) -> Probabilities:
    """The mean of several classifiers' probabilities."""
    return np.asarray(np.mean(probabilities, axis=0), np.float32)


def _read_by_epoch(run: Run, rows: Iterable[Row], images: Images) -> Iterable[Probabilities]:
    model, _ = build(run.recipe, find_device("auto"))
    classifier = TorchClassifier(deploy(model, replace(run.recipe, shifts=0)))  # a temperature changes no answer
    for row in rows:
        load_weights(run.weights(row.step), model)
        yield classifier(images)


def _beside(chosen: str, clean: float, others: dict[str, float]) -> list[Choice]:
    gains = {words: round(100 * (accuracy - clean), 6) + 0.0 for words, accuracy in others.items()}  # + 0.0: never -0
    return [Choice(chosen, clean, None), *(Choice(words, others[words], gain) for words, gain in gains.items())]
