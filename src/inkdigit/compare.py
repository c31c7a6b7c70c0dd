"""Recipes and seeds, or finished runs → measures → one comparison. What is finished is not done again."""

import hashlib
import itertools
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inkdigit.classifier import OnnxClassifier
from inkdigit.comparison import Comparison, summarise
from inkdigit.data.dataset import Dataset, load_dataset
from inkdigit.errors import DataError, UsageError
from inkdigit.evaluation.corruptions import CORRUPTIONS
from inkdigit.evaluation.evaluate import evaluate
from inkdigit.evaluation.history import read_history
from inkdigit.evaluation.metrics import predict
from inkdigit.evaluation.robustness import measure_robustness
from inkdigit.evaluation.significance import PairTest, adjust, mcnemar
from inkdigit.evaluation.speed import measure_speed
from inkdigit.files import read_json, write_json
from inkdigit.learning.abreast import count_at_once
from inkdigit.learning.estimate import estimate_seconds
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.recipe import Recipe, override
from inkdigit.learning.recipes import RECIPES, find_recipe
from inkdigit.learning.run import Run
from inkdigit.learning.seeds import Seeds, train_seeds
from inkdigit.learning.structure import structure_of
from inkdigit.learning.train import check_same
from inkdigit.machine import describe_machine

MEASURES_FORMAT = 2
"""Version of the measures kept in a run's folder; those of another version are measured again."""


@dataclass(frozen=True)
class Entry:
    """A row of a comparison to be made.

    Attributes:
        name: of the row.
        recipe: how its runs are trained.
        folders: of its runs, by seed; they need not exist yet.
    """

    name: str
    recipe: Recipe
    folders: dict[int, Path]

    def open_seeds(self) -> list[int]:
        """The seeds that are not trained yet."""
        return [seed for seed, folder in self.folders.items() if not (folder / "result.json").exists()]

    def begun(self) -> list[Run]:
        """The runs that are trained, or in part."""
        return [Run.open(folder) for folder in self.folders.values() if (folder / "run.json").exists()]


def plan(names: Sequence[str], *, seeds: int, out: Path, settings: Sequence[str] = ()) -> list[Entry]:
    """What to compare, checked before anything is trained.

    Args:
        names: of recipes, or folders of finished runs; runs of the same recipe, settings, first weights and corrections
            share a row.
        seeds: runs of each recipe, with the seeds 0, 1, …; they lie in ``out`` as ``RECIPE-seed-N``.
        out: the comparison's folder.
        settings: ``name=value`` overrides of every recipe.

    Raises:
        UsageError: an unknown name or setting, one given twice, or none; a run of other settings.
        DataError: a run is damaged, or given and not finished.
    """
    if not names:
        raise UsageError("found no recipe to compare, expected at least one; see 'inkdigit list recipes'")
    if len(set(names)) < len(names):
        raise UsageError(f"found one twice in {' '.join(names)}, expected each once; --seeds trains it again")
    folders = [Path(name) for name in names if _is_folder(name)]
    entries = [
        Entry(name, override(find_recipe(name), settings), {seed: out / f"{name}-seed-{seed}" for seed in range(seeds)})
        for name in names
        if not _is_folder(name)
    ]
    for entry in entries:
        _check_task(entry.name, entry.recipe)
    if settings and not entries:
        raise UsageError("found --set and finished runs alone, which are not trained again; name a recipe, or leave it")
    for entry in entries:
        _check_begun(entry)
    _check_apart(entries, folders)
    return entries + _group(folders, taken={entry.name for entry in entries})


def choose_data(entries: Sequence[Entry]) -> str:
    """The dataset of the first run that exists, or MNIST."""
    return next((run.data for entry in entries for run in entry.begun()), "mnist")


def estimate(entries: Sequence[Entry], data: str) -> float:
    """Estimated seconds of training left for the unfinished runs on this machine."""
    pending = {entry.name: len(entry.open_seeds()) for entry in entries}
    protocols = {entry.recipe.protocol for entry in entries if pending[entry.name]}
    sizes = {protocol: len(PROTOCOLS[protocol].load(data)[0]) for protocol in protocols}
    return sum(
        math.ceil(pending[entry.name] / count_at_once(entry.recipe, pending[entry.name]))
        * estimate_seconds(entry.recipe, sizes[entry.recipe.protocol])
        for entry in entries
        if pending[entry.name]
    )


def compare(
    entries: Sequence[Entry],
    *,
    data: str,
    out: Path,
    loggers: Sequence[str] = ("csv",),
    tell: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Trains what is not trained yet, measures it, and writes ``comparison.json`` and ``comparison.csv``.

    Args:
        entries: from ``plan``.
        data: a dataset's name or folder.
        out: the comparison's folder.
        loggers: names in ``LOGGERS``.
        tell: called with a line for each run that is trained or measured.

    Raises:
        DataError: a run is damaged, or was trained or measured on other digits than ``data`` holds now.
        Interrupted: after the unfinished runs were saved; the same call resumes them.
    """
    _check_digits(entries, data)
    for entry in entries:
        pending = {seed: entry.folders[seed] for seed in entry.open_seeds()}
        train_seeds(Seeds(entry.name, entry.recipe, pending, data, loggers), tell)
    runs = {entry.name: tuple(Run.open(folder) for folder in entry.folders.values()) for entry in entries}
    test = load_dataset(data, "test")
    comparison = Comparison(
        data=data,
        rows=tuple(
            summarise(entry.name, runs[entry.name], [_measure(run, test, tell) for run in runs[entry.name]])
            for entry in entries
        ),
        tests=tuple(_test_pairs(runs, test)),
        runs=runs,
    )
    comparison.write(out)
    return comparison


def _is_folder(name: str) -> bool:
    return name not in RECIPES and ("/" in name or Path(name).is_dir())


def _check_task(name: str, recipe: Recipe) -> None:
    """Checks that a recipe trains a single network that reads one digit."""
    if recipe.task != "classify":
        raise UsageError(f"{name}: a locator, which finds digits on pages; expected networks that read one digit")
    if recipe.members > 1:
        raise UsageError(f"{name}: averages {recipe.members} networks, expected single ones, such as its members")


def _check_begun(entry: Entry) -> None:
    """Checks that an entry's folders hold nothing but its own runs."""
    for seed, folder in entry.folders.items():
        if (folder / "run.json").exists():
            run = Run.open(folder)
            check_same(run, entry.recipe, seed=seed)
            if run.begun_from:
                raise UsageError(f"{folder}: was begun from another run, expected fresh weights; move it away")
        elif folder.is_dir() and any(folder.iterdir()):
            raise UsageError(f"{folder}: not empty and no run; move it away, or choose another place with --out")


def _check_apart(entries: Sequence[Entry], folders: Sequence[Path]) -> None:
    """Checks that no run of a recipe's own row is named as a folder as well."""
    own = {folder.resolve() for entry in entries for folder in entry.folders.values()}
    for folder in folders:
        if folder.resolve() in own:
            raise UsageError(f"{folder}: is a run of a recipe that was named as well, expected each once")


def _group(folders: Iterable[Path], taken: set[str]) -> list[Entry]:
    """Groups runs by all but their seed; named by recipe, or by folder if that is taken or weights were not fresh."""
    groups: dict[str, list[Run]] = {}
    for folder in folders:
        run = Run.open(folder)
        _check_task(str(folder), run.recipe)
        result = run.result()  # raises if it is not finished
        origins = [run.begun_from, result.get("corrections_sha256")]
        groups.setdefault(json.dumps([run.recipe.name, run.recipe.settings(), origins]), []).append(run)
    entries = []
    for runs in groups.values():
        first = runs[0]
        is_plain = first.recipe.name not in taken and not first.begun_from
        name = first.recipe.name if is_plain else str(first.folder)
        taken = taken | {name}
        entries.append(Entry(name, runs[0].recipe, _by_seed(runs)))
    return entries


def _by_seed(runs: Sequence[Run]) -> dict[int, Path]:
    folders: dict[int, Path] = {}
    for run in runs:
        if run.seed in folders:
            raise UsageError(f"{folders[run.seed]} and {run.folder}: the same recipe and seed, expected each once")
        folders[run.seed] = run.folder
    return dict(sorted(folders.items()))


def _check_digits(entries: Iterable[Entry], data: str) -> None:
    """Checks that all runs begun were trained and measured on the digits that the others will be."""
    hashes: dict[str, tuple[str, str]] = {}
    for run in (run for entry in entries for run in entry.begun()):
        protocol = run.recipe.protocol
        if protocol not in hashes:
            training, _, test = PROTOCOLS[protocol].load(data)
            hashes[protocol] = training.sha256, test.sha256
        trained, tested = hashes[protocol]
        if run.data_sha256 != trained or (run.is_finished and run.result().get("test_sha256") != tested):
            raise DataError(
                f"{run.folder}: {data} holds other digits than the run was trained or measured on ({run.data} as it "
                "was then); name that with --data, or train anew"
            )


def _measure(run: Run, test: Dataset, tell: Callable[[str], None]) -> dict[str, Any]:
    """Measures of a run's model beyond its own evaluation, kept in the run's folder with the hash of the model."""
    path, classifier = run.folder / "measures.json", OnnxClassifier(run.model)
    key = {
        "format": MEASURES_FORMAT,
        "model_sha256": hashlib.sha256(run.model.read_bytes()).hexdigest(),
        "test_sha256": test.sha256,
        "corruptions": list(CORRUPTIONS),
        "machine": describe_machine(),  # of the times
    }
    if kept := _kept(path, key):
        return kept
    tell(f"measuring {run.recipe.name}, seed {run.seed}")
    evaluation = evaluate(classifier, test)
    layers = structure_of(run.recipe)
    measures = {
        **run.result(),
        **key,
        **_last_of_log(run),
        "nll": evaluation.nll,
        "ece": evaluation.ece,
        "ece_after_temperature": evaluation.ece_after_temperature,
        "robustness": measure_robustness(classifier, test),
        "multiply_adds": sum(layer.multiply_adds for layer in layers),
        "file_bytes": run.model.stat().st_size,
        **asdict(measure_speed(classifier)),
    }
    write_json(path, measures)
    return measures


def _kept(path: Path, key: dict[str, Any]) -> dict[str, Any] | None:
    """Earlier measures of this model; None if there are none, or damaged ones, which can be measured again."""
    try:
        kept = read_json(path, remedy="compare again")
    except DataError:
        return None
    return kept if key.items() <= kept.items() else None


def _last_of_log(run: Run) -> dict[str, float]:
    """Where the log ends: the epoch whose weights were kept, and the mean training loss of the last epoch."""
    history, best_step = read_history(run.metrics), run.result()["best_step"]
    kept = [row.epoch for row in history if row.step == best_step]
    if not kept:
        raise DataError(f"{run.metrics}: found no line of step {best_step}, whose weights were kept; train again")
    before = [0, *(row.step for row in history)]
    losses, steps = zip(
        *((row.train_loss, row.step - start)
          for row, start in zip(history, before, strict=False) if row.epoch > history[-1].epoch - 1),
        strict=True,
    )  # fmt: skip
    return {"kept_epoch": kept[0], "train_loss": float(np.average(losses, weights=steps))}


def _test_pairs(runs: dict[str, tuple[Run, ...]], test: Dataset) -> list[PairTest]:
    """McNemar's test between the first seeds of any two recipes, on the whole test set, adjusted for their number."""
    right = {
        name: np.asarray(predict(OnnxClassifier(of_recipe[0].model)(test.images)) == test.labels)
        for name, of_recipe in runs.items()
    }
    return adjust([mcnemar(a, b, right[a], right[b]) for a, b in itertools.combinations(right, 2)])
