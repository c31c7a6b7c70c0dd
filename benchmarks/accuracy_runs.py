"""The runs whose accuracy is told: found, or trained first; and what each of them came to."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.accuracy_picking import Epochs, read_epochs

from inkdigit.compare import Entry, estimate, plan
from inkdigit.errors import UsageError
from inkdigit.learning.run import Run
from inkdigit.learning.seeds import Seeds
from inkdigit.learning.seeds import train_seeds as train_side_by_side

CLEAN = "held-out"
"""The protocol that chooses the epoch on digits which are neither learnt from nor in the test set."""


def find_runs(folders: Sequence[Path]) -> list[Run]:
    """Finished runs of one recipe on one dataset, by their seeds.

    Raises:
        UsageError: they are of several recipes, settings, datasets or protocols, or two are of one seed.
        DataError: one is missing, unfinished or damaged, or its dataset holds other digits now.
    """
    entries = plan([str(folder.resolve()) for folder in folders], seeds=1, out=Path())
    if len(entries) > 1:
        raise UsageError(f"found runs of {len(entries)} recipes or settings, expected seeds of one")
    runs = _open(entries[0])
    if len({run.data_sha256 for run in runs}) > 1:
        raise UsageError("found runs on several datasets, expected seeds on one")
    for run in runs:
        run.load_digits()  # which must be what they were
    return runs


def train_seeds(recipe: str, seeds: int, data: str, settings: Sequence[str], place: Path) -> list[Run]:
    """Trains the seeds 0, 1, … of a recipe, where that is not done yet; the same call goes on after a stop.

    Raises:
        UsageError: no such recipe or setting, one of another protocol, or a folder of ``place`` is another run's.
        Interrupted: after the run in work was saved.
    """
    (entry,) = plan([recipe], seeds=seeds, out=place, settings=settings)
    _check_clean(entry)
    if still := entry.open_seeds():
        minutes = 1 + estimate([entry], data) // 60
        seeds_left = ", ".join(map(str, still))
        print(f"training {recipe}, seeds {seeds_left}, in {place}: about {minutes:.0f} min", flush=True)
    open_folders = {seed: entry.folders[seed] for seed in still}
    train_side_by_side(Seeds(recipe, entry.recipe, open_folders, data, ("csv", "progress")), print)
    return _open(entry)


def describe_run(run: Run, epochs: Epochs) -> dict[str, Any]:
    """What a run reached, how it was chosen, and its accuracies after every epoch."""
    result = run.result()
    return {
        "seed": run.seed,
        "parameters": result["parameters"],
        "seconds": result["seconds"],
        "device": result["device"],
        "kept_epoch": read_epochs(run)[epochs.kept].epoch,
        "validation_accuracy": result["validation_accuracy"],
        "test_accuracy": result["test_accuracy"],
        "test_accuracy_interval": result["test_accuracy_interval"],
        "wrong": round((1 - result["test_accuracy"]) * result["test_n"]),
        "validation_by_epoch": list(epochs.validation),
        "test_by_epoch": list(epochs.test),
    }


def _open(entry: Entry) -> list[Run]:
    _check_clean(entry)
    return [Run.open(folder) for _, folder in sorted(entry.folders.items())]


def _check_clean(entry: Entry) -> None:
    if entry.recipe.protocol != CLEAN:
        raise UsageError(
            f"{entry.name}: found the protocol {entry.recipe.protocol}, expected {CLEAN}, which never chooses by the "
            f"test set; train with --set protocol={CLEAN}"
        )
