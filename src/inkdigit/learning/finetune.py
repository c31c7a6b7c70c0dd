"""Learning from corrections: a trained network learns a stranger's digits, too, without forgetting its own."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from inkdigit.classifier import OnnxClassifier
from inkdigit.data.corrections import load_corrections
from inkdigit.data.dataset import Dataset
from inkdigit.errors import InkdigitError, Interrupted
from inkdigit.files import TEMPORARY
from inkdigit.images import CLASSES
from inkdigit.learning.checkpoint import Progress
from inkdigit.learning.classify import deploy
from inkdigit.learning.finish import finish
from inkdigit.learning.logs import Logger, find_loggers
from inkdigit.learning.predict import TorchClassifier
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.recipe import Recipe
from inkdigit.learning.restore import restore
from inkdigit.learning.run import Run, free_folder
from inkdigit.learning.tasks import TASKS
from inkdigit.learning.train import fit
from inkdigit.learning.trained import begin
from inkdigit.signals import interruptible
from inkdigit.synthesis.outliers import OUTLIERS

HELD_OUT, UNKNOWN = "held-out", "all"
"""Protocols for a network that never saw the held-out digits, and for any other, to which only test digits are new."""

DIGITS = 24_000
"""How many of the dataset's own digits are learnt from again, each once."""

CORRECTIONS = 0.1
"""Corrected digits, with repetitions, per digit of the dataset.

With 0.25, accuracy on held-out digits fell by 0.06 to 0.12 points, with this by 0.04, and a stranger's new digits were
read equally well.
"""

NO_DIGITS = 0.2
"""Images of non-digits per digit, for networks that have a class for them."""

BATCH_SIZE = 128
LR = 2e-4
"""The highest learning rate of Adam, which suits networks whatever optimiser trained them."""

TOLERANCE = 0.001
"""How much accuracy on digits that were not learnt from may be lost, as a share."""

CPU = torch.device("cpu")

STOPPED = "stopped; nothing was written"


def learn_from(
    path: str | Path,
    model: str | Path,
    *,
    out: str | Path,
    data: str = "mnist",
    seed: int = 0,
    loggers: str | Sequence[str] = ("csv",),
    announce: Callable[[str], None] = lambda _name: None,
) -> dict[str, Any]:
    """Goes on training a model with corrected digits among a dataset's own, and fills a run's folder.

    Args:
        path: a zip or a folder with pictures in 0/ … 9/.
        model: an .onnx file that inkdigit wrote, whose network, weights and augmentation are used on.
        out: the run's folder, which appears when all is done.
        data: a name in ``DATASETS``, or a folder: its training digits are mixed in, and its held-out ones are watched
            or, if the model may have learnt from those, its test digits.
        seed: of the mixture, the order and the augmentation.
        loggers: names in ``LOGGERS``.
        announce: called with the name of the dataset before it is loaded.

    Returns:
        The contents of the run's ``result.json``: those of any run, ``tuned_from``, ``corrections``,
        ``corrections_sha256``, and the shares read right before and now: of the corrections, where "not a digit" is
        wrong, and of the watched digits, where only the ten digits compete.

    Raises:
        InkdigitError: the watched digits are read worse than before by more than ``TOLERANCE``; nothing is written.
        UsageError: a folder in use, an unknown dataset or logger.
        DataError: the corrections, the model or the dataset are missing, damaged or not what they are taken for.
        Interrupted: by Ctrl-C or SIGTERM; nothing is written.
    """
    folder, listeners = free_folder(Path(out)), find_loggers(loggers)
    corrections, base = load_corrections(Path(path)), restore(Path(model))
    announce(data)
    protocol, (training, watched, test) = part(data, Path(model))
    recipe = tune(base.recipe, len(corrections), protocol)
    before, read_before = _accuracy(base.model, recipe, watched), _share_read(base.model, recipe, corrections)
    with _appearing(Run(folder, recipe, seed, training.name, training.sha256, base.sha256)) as run:
        run.write()
        begin(run, base.model, CPU)
        progress, tuned = _fit(run, mix(training, corrections, seed), watched, listeners)
        _check(before, progress.best_accuracy, watched.split)
        more = {
            "run": str(folder),
            "tuned_from": base.name,
            "corrections": len(corrections),
            "corrections_sha256": corrections.sha256,
            "corrections_read_before": read_before,
            "corrections_read": _share_read(tuned, recipe, corrections),
            "watched_accuracy_before": before,
            "watched_accuracy": progress.best_accuracy,
        }
        return finish(run, tuned, progress, watched, test, more=more)


def part(data: str, model: Path) -> tuple[str, tuple[Dataset, Dataset, Dataset]]:
    """The protocol for training a model further, and its digits: held-out ones are watched only if it never saw them.

    That is certain only if it learnt from exactly the rest of this dataset. A model that learnt from all of it, from
    another dataset, or from this one before it grew, may know any of its training digits.
    """
    parts = PROTOCOLS[HELD_OUT].load(data)
    if OnnxClassifier(model).metadata.get("train_sha256") == parts[0].sha256:
        return HELD_OUT, parts
    return UNKNOWN, PROTOCOLS[UNKNOWN].load(data)


def tune(recipe: Recipe, n: int, protocol: str) -> Recipe:
    """The recipe for training a network further with n corrections, from the recipe that trained it.

    Network, scaling, augmentation, variants and whatever else is not named here stay as they were, so that this can be
    repeated any number of times.
    """
    return replace(
        recipe,
        members=1,
        summary=f"{recipe.name}, gone on with {n} corrected digits",
        protocol=protocol,
        epochs=1,
        steps=None,
        batch_size=BATCH_SIZE,
        optimizer="adam",
        optimizer_options={},
        lr=LR,
        schedule="one-cycle",
        outliers=dict.fromkeys(OUTLIERS, NO_DIGITS / len(OUTLIERS)) if recipe.classes > CLASSES else {},
        crops=0.0,  # pages take minutes to draw
        threads=None,  # as suits this machine, not the one that a stranger's file was made on
        compiled=False,
        log_every=20,
    )


def mix(training: Dataset, corrections: Dataset, seed: int) -> Dataset:
    """Some of a dataset's digits, and the corrections, repeated until they make up their share."""
    chosen = np.random.default_rng(seed).permutation(len(training))[:DIGITS]
    times = max(1, round(CORRECTIONS * len(chosen) / len(corrections)))
    return replace(
        training,
        images=np.concatenate([training.images[chosen], np.tile(corrections.images, (times, 1, 1))]),
        labels=np.concatenate([training.labels[chosen], np.tile(corrections.labels, times)]),
    )


@contextmanager
def _appearing(run: Run) -> Iterator[Run]:
    """The run in a temporary folder within its own, whose files are moved up in the end, or dropped after an error.

    So no unfinished folder is taken for a run to resume, which would go on without the corrections.
    """
    made = [folder for folder in (run.folder, *run.folder.parents) if not folder.exists()]
    try:
        with ExitStack() as stack:
            stack.enter_context(run.held())  # which makes the folder
            stack.enter_context(interruptible(STOPPED))
            temporary = stack.enter_context(tempfile.TemporaryDirectory(dir=run.folder, prefix=TEMPORARY))
            placed = replace(run, folder=Path(temporary) / "run")
            yield placed
            for file in sorted(placed.folder.iterdir(), key=lambda file: file.name == "run.json"):  # which makes it one
                file.replace(run.folder / file.name)
    finally:
        with contextlib.suppress(OSError):  # they are not empty
            for folder in made:
                folder.rmdir()


def _fit(run: Run, mixture: Dataset, watched: Dataset, loggers: Sequence[Logger]) -> tuple[Progress, nn.Module]:
    try:
        return fit(run, mixture, watched, loggers, CPU)
    except Interrupted as stopped:
        raise Interrupted(STOPPED, stopped.exit_code - 128) from None


def _accuracy(model: nn.Module, recipe: Recipe, digits: Dataset) -> float:
    return TASKS[recipe.task].watch(model, recipe, digits)[1]


def _share_read(model: nn.Module, recipe: Recipe, digits: Dataset) -> float:
    probabilities = TorchClassifier(deploy(model, recipe))(digits.images)
    return float((probabilities.argmax(1) == digits.labels).mean())


def _check(before: float, after: float, split: str) -> None:
    digits = "held-out digits" if split == "validation" else f"{split} digits"
    # Rounded: a loss of exactly one in a thousand would exceed the tolerance only by a floating-point error.
    if round(before - after, 9) > TOLERANCE:
        raise InkdigitError(
            f"accuracy on {digits} would fall from {before:.2%} to {after:.2%}, expected to lose at most "
            f"{100 * TOLERANCE:.1f} points; nothing was written; look whether each picture lies in its digit's folder"
        )
