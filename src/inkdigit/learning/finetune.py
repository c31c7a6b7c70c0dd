"""Learning from corrections: a trained network goes on with a stranger's digits, and forgets none of its own."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from inkdigit.data.corrections import load_corrections
from inkdigit.data.dataset import Dataset
from inkdigit.errors import InkdigitError, Interrupted
from inkdigit.images import CLASSES
from inkdigit.learning.checkpoint import Progress
from inkdigit.learning.classify import deploy
from inkdigit.learning.finish import finish
from inkdigit.learning.logs import LOGGERS
from inkdigit.learning.predict import TorchClassifier
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.recipe import Recipe
from inkdigit.learning.restore import restore
from inkdigit.learning.run import Run, free_folder
from inkdigit.learning.tasks import TASKS
from inkdigit.learning.train import fit
from inkdigit.learning.trained import begin
from inkdigit.synthesis.outliers import OUTLIERS

PROTOCOL = "held-out"
DIGITS = 24_000
"""So many of the dataset's own are looked at again, each once."""

CORRECTIONS = 0.1
"""Digits that someone corrected, repeated, per digit of the dataset.

With 0.25 held-out digits lost 0.06 to 0.12 points, with this 0.04, and a stranger's new digits were read as well.
"""

NO_DIGITS = 0.2
"""Images of what is no digit per digit, for networks that know them."""

BATCH_SIZE = 128
LR = 2e-4
"""The highest, of Adam, which suits networks that were trained by any optimiser."""

TOLERANCE = 0.001
"""So much of the accuracy on held-out digits may be lost."""

CPU = torch.device("cpu")


def learn_from(
    path: str | Path,
    model: str | Path,
    *,
    out: str | Path,
    data: str = "mnist",
    seed: int = 0,
    loggers: Sequence[str] = ("csv",),
    announce: Callable[[str], None] = lambda _name: None,
) -> dict[str, Any]:
    """Goes on training a model with corrected digits among a dataset's own, and fills a run's folder.

    Args:
        path: a zip or a folder with pictures in 0/ … 9/.
        model: an .onnx file that inkdigit wrote; its network, weights and augmentation are gone on with.
        out: the run's folder, which appears when all is done.
        data: a name in ``DATASETS``, or a folder: whose training digits are mixed in, and whose held-out ones watch.
        seed: of the mixture, the order and the augmentation.
        loggers: names in ``LOGGERS``.
        announce: called with the name of the dataset before it is loaded.

    Returns:
        What stands in the run's ``result.json``: that of any run, and ``tuned_from`` with its ``tuned_from_sha256``,
        ``corrections`` and their ``corrections_sha256``, and what is read right before and now: shares of the
        corrections, of which "not a digit" is wrong, and of the held-out digits, among the ten alone.

    Raises:
        InkdigitError: held-out digits are read worse than before by more than ``TOLERANCE``; nothing is written.
        UsageError: a folder in use, an unknown dataset.
        DataError: the corrections, the model or the dataset are missing, damaged or not what they are taken for.
        Interrupted: by Ctrl-C or SIGTERM; nothing is written.
    """
    folder = free_folder(Path(out))
    corrections, base = load_corrections(Path(path)), restore(Path(model))
    announce(data)
    training, held_out, test = PROTOCOLS[PROTOCOL].load(data)
    recipe = tune(base.recipe, len(corrections))
    before, read_before = _accuracy(base.model, recipe, held_out), _share_read(base.model, recipe, corrections)
    with _appearing(folder) as place:
        run = Run(place, recipe, seed, training.name, training.sha256)
        run.write()
        begin(run, base.model, CPU)
        progress, tuned = _fit(run, mix(training, corrections, seed), held_out, loggers)
        _check(before, progress.best_accuracy)
        more = {
            "run": str(folder),
            "tuned_from": base.name,
            "tuned_from_sha256": base.sha256,
            "corrections": len(corrections),
            "corrections_sha256": corrections.sha256,
            "corrections_read_before": read_before,
            "corrections_read": _share_read(tuned, recipe, corrections),
            "validation_accuracy_before": before,
        }
        return finish(run, tuned, progress, held_out, test, more=more)


def tune(recipe: Recipe, n: int) -> Recipe:
    """The recipe by which a network that another one trained goes on with n corrections.

    Network, scaling, augmentation, variants and whatever else is not named here stay as they were, so that a network
    may go on any number of times.
    """
    return replace(
        recipe,
        summary=f"{recipe.name}, gone on with {n} corrected digits",
        protocol=PROTOCOL,
        epochs=1,
        steps=None,
        batch_size=BATCH_SIZE,
        optimizer="adam",
        optimizer_options={},
        lr=LR,
        schedule="one-cycle",
        outliers=dict.fromkeys(OUTLIERS, NO_DIGITS / len(OUTLIERS)) if recipe.classes > CLASSES else {},
        crops=0.0,  # pages take minutes to draw
        log_every=20,
    )


def mix(training: Dataset, corrections: Dataset, seed: int) -> Dataset:
    """Some of a dataset's digits and, among them, each correction so often that they have their share."""
    chosen = np.random.default_rng(seed).permutation(len(training))[:DIGITS]
    times = max(1, round(CORRECTIONS * len(chosen) / len(corrections)))
    return replace(
        training,
        images=np.concatenate([training.images[chosen], np.tile(corrections.images, (times, 1, 1))]),
        labels=np.concatenate([training.labels[chosen], np.tile(corrections.labels, times)]),
    )


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """A place to fill, which becomes the folder in the end; after an error there is nothing.

    So that no folder is taken for a run to resume: that would go on without the corrections.
    """
    folder = folder.resolve()
    above = next(parent for parent in folder.parents if parent.exists())  # a rename stays on one disk
    with tempfile.TemporaryDirectory(dir=above, prefix=".inkdigit-") as temporary:
        place = Path(temporary) / folder.name
        yield place
        folder.parent.mkdir(parents=True, exist_ok=True)
        place.replace(folder)


def _fit(run: Run, mixture: Dataset, held_out: Dataset, loggers: Sequence[str]) -> tuple[Progress, nn.Module]:
    try:
        return fit(run, mixture, held_out, [LOGGERS[name]() for name in loggers], CPU)
    except Interrupted as stopped:
        raise Interrupted("stopped; nothing was written", stopped.exit_code - 128) from None


def _accuracy(model: nn.Module, recipe: Recipe, digits: Dataset) -> float:
    return TASKS[recipe.task].watch(model, recipe, digits)[1]


def _share_read(model: nn.Module, recipe: Recipe, digits: Dataset) -> float:
    probabilities = TorchClassifier(deploy(model, recipe))(digits.images)
    return float((probabilities.argmax(1) == digits.labels).mean())


def _check(before: float, after: float) -> None:
    # Rounded, because one of a thousand is one too many only by the error of floating point.
    if round(before - after, 9) > TOLERANCE:
        raise InkdigitError(
            f"accuracy on held-out digits would fall from {before:.2%} to {after:.2%}, expected to lose at most "
            f"{100 * TOLERANCE:.1f} points; nothing was written; look whether each picture lies in its digit's folder"
        )
