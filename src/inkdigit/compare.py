"""Recipes and seeds → runs → measures → one table, as JSON, CSV and a page. What is finished is not done again."""

import csv
import hashlib
import io
import itertools
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inkdigit.classifier import OnnxClassifier
from inkdigit.data.dataset import Dataset, load_dataset
from inkdigit.errors import UsageError
from inkdigit.evaluation.evaluate import evaluate
from inkdigit.evaluation.history import read_history
from inkdigit.evaluation.metrics import predict
from inkdigit.evaluation.robustness import measure_robustness
from inkdigit.evaluation.significance import PairTest, mcnemar, mean_interval
from inkdigit.evaluation.speed import measure_speed
from inkdigit.files import write_atomic
from inkdigit.learning.estimate import estimate_seconds
from inkdigit.learning.models import build_model
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.recipe import Recipe, override
from inkdigit.learning.recipes import find_recipe
from inkdigit.learning.run import Run, read_json, write_json
from inkdigit.learning.structure import trace_structure
from inkdigit.learning.train import check_same, train
from inkdigit.machine import describe_machine

MEASURES_FORMAT = 1
"""Of what is kept beside a run; of another format it is measured again."""


@dataclass(frozen=True)
class Row:
    """What a recipe came to, over its seeds.

    Attributes:
        recipe: its name.
        protocol: how it was measured.
        published: what its source reached, in the source's words; empty where there is none.
        seeds: how many runs.
        accuracies: of each run on the test digits of its protocol, 0..1.
        accuracy: their mean.
        accuracy_sd: standard deviation over seeds, or None of a single one.
        accuracy_interval: 95 % confidence interval of the mean.
        watched_accuracy: the best on the digits that chose the epoch, the mean over seeds, 0..1, or None where the
            protocol chooses none.
        kept_epoch: passes over the training digits to the weights that were kept, the mean.
        train_loss: of the last line of the log, nats, the mean.
        nll: mean negative log-likelihood on the whole test set, nats.
        ece: expected calibration error on the whole test set, 0..1.
        ece_after_temperature: the same after one more temperature, fitted on the other half of the digits.
        robustness: mean accuracy over all corruptions at severity 3, 0..1.
        seconds: of training, the mean.
        parameters: of the network.
        multiply_adds: for one image.
        file_bytes: of model.onnx.
        latency_us: of a single image, microseconds.
        images_per_s: in batches of 1,000.
    """

    recipe: str
    protocol: str
    published: str
    seeds: int
    accuracies: tuple[float, ...]
    accuracy: float
    accuracy_sd: float | None
    accuracy_interval: tuple[float, float]
    watched_accuracy: float | None
    kept_epoch: float
    train_loss: float
    nll: float
    ece: float
    ece_after_temperature: float | None
    robustness: float
    seconds: float
    parameters: int
    multiply_adds: int
    file_bytes: int
    latency_us: float
    images_per_s: float


@dataclass(frozen=True)
class Comparison:
    """What came out.

    Attributes:
        rows: one for each recipe.
        tests: one for each pair of recipes.
        runs: by recipe, the first seed first.
    """

    rows: tuple[Row, ...]
    tests: tuple[PairTest, ...]
    runs: dict[str, tuple[Run, ...]]


def plan(recipes: Sequence[str], settings: Sequence[str] = ()) -> list[Recipe]:
    """The recipes to compare, with settings applied to each.

    Raises:
        UsageError: an unknown recipe or setting, one named twice, or none.
    """
    if not recipes:
        raise UsageError("found no recipe to compare, expected at least one; see 'inkdigit list recipes'")
    if len(set(recipes)) < len(recipes):
        raise UsageError(f"found a recipe twice in {' '.join(recipes)}, expected each once; --seeds trains it again")
    return [override(find_recipe(name), settings) for name in recipes]


def estimate(recipes: Sequence[Recipe], seeds: int, data: str, out: Path) -> float:
    """Seconds that the runs which are not finished yet will train on this machine."""
    if not any(_count_open(recipe, seeds, out) for recipe in recipes):
        return 0.0
    open_runs = {recipe.name: _count_open(recipe, seeds, out) for recipe in recipes}
    sizes = {protocol: len(PROTOCOLS[protocol].load(data)[0]) for protocol in {r.protocol for r in recipes}}
    return sum(
        open_runs[recipe.name] * estimate_seconds(recipe, sizes[recipe.protocol])
        for recipe in recipes
        if open_runs[recipe.name]
    )


def compare(
    recipes: Sequence[Recipe],
    *,
    seeds: int,
    data: str,
    out: Path,
    settings: Sequence[str] = (),
    loggers: Sequence[str] = ("csv",),
    tell: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Trains what is not trained yet, measures it, and writes ``comparison.json`` and ``comparison.csv``.

    Args:
        recipes: from ``plan``.
        seeds: runs of each, with the seeds 0, 1, …
        data: a dataset's name or folder.
        out: the comparison's folder; runs lie in it as ``RECIPE-seed-N``.
        settings: those that ``plan`` was given, for the runs to remember.
        loggers: names in ``LOGGERS``.
        tell: hears what begins.

    Raises:
        UsageError: a run in ``out`` was begun with other settings or data.
        DataError: a run in ``out`` is damaged.
        Interrupted: after the run in work was saved; the same call goes on.
    """
    runs: dict[str, tuple[Run, ...]] = {}
    for recipe in recipes:
        runs[recipe.name] = tuple(
            _finished_run(recipe, seed, data=data, out=out, settings=settings, loggers=loggers, tell=tell)
            for seed in range(seeds)
        )
    digits = load_dataset(data, "test")
    measures = {name: [_measure(run, digits, tell) for run in of_recipe] for name, of_recipe in runs.items()}
    rows = tuple(_row(recipe, measures[recipe.name]) for recipe in recipes)
    tests = tuple(_test_pairs(runs, digits))
    write_json(
        out / "comparison.json",
        {
            "machine": describe_machine(),
            "data": data,
            "rows": [asdict(row) for row in rows],
            "tests": [asdict(test) for test in tests],
        },
    )
    write_atomic(out / "comparison.csv", to_csv(rows))
    return Comparison(rows, tests, runs)


def to_csv(rows: Sequence[Row]) -> str:
    """The rows as CSV, the interval as two columns."""
    flat = [asdict(row) for row in rows]
    for values in flat:
        values["accuracy_low"], values["accuracy_high"] = values.pop("accuracy_interval")
        values["accuracies"] = " ".join(map(str, values["accuracies"]))
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(flat[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return buffer.getvalue()


def _folder(out: Path, recipe: Recipe, seed: int) -> Path:
    return out / f"{recipe.name}-seed-{seed}"


def _count_open(recipe: Recipe, seeds: int, out: Path) -> int:
    return sum(not (_folder(out, recipe, seed) / "result.json").exists() for seed in range(seeds))


def _finished_run(
    recipe: Recipe,
    seed: int,
    *,
    data: str,
    out: Path,
    settings: Sequence[str],
    loggers: Sequence[str],
    tell: Callable[[str], None],
) -> Run:
    folder = _folder(out, recipe, seed)
    if (folder / "run.json").exists():
        check_same(Run.open(folder), recipe, data=data, seed=seed)
    begun = (folder / "run.json").exists()
    if not (folder / "result.json").exists():
        tell(f"{'resuming' if begun else 'training'} {recipe.name}, seed {seed}")
    train(recipe.name, data=data, out=folder, seed=seed, settings=settings, resume=begun, loggers=loggers)
    return Run.open(folder)


def _measure(run: Run, test: Dataset, tell: Callable[[str], None]) -> dict[str, Any]:
    """What a run's model does beyond its own evaluation; kept in the run's folder, beside the hash of the model."""
    path, model = run.folder / "measures.json", hashlib.sha256(run.model.read_bytes()).hexdigest()
    if path.exists():
        kept = read_json(path)
        if (kept.get("format"), kept.get("model_sha256")) == (MEASURES_FORMAT, model):
            return kept
    tell(f"measuring {run.recipe.name}, seed {run.seed}")
    classifier, history, result = OnnxClassifier(run.model), read_history(run.metrics), run.result()
    evaluation = evaluate(classifier, test)
    layers = trace_structure(build_model(run.recipe.model, run.recipe.model_options))
    measures = {
        **result,
        "format": MEASURES_FORMAT,
        "model_sha256": model,
        "kept_epoch": next(row.epoch for row in history if row.step == result["best_step"]),
        "train_loss": history[-1].train_loss,
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


def _row(recipe: Recipe, measures: Sequence[dict[str, Any]]) -> Row:
    accuracies = [values["test_accuracy"] for values in measures]
    first = measures[0]

    def mean(name: str) -> float:
        return statistics.mean(float(values[name]) for values in measures)

    def mean_if_measured(name: str) -> float | None:
        return None if first[name] is None else mean(name)

    return Row(
        recipe=recipe.name,
        protocol=recipe.protocol,
        published=recipe.published,
        seeds=len(measures),
        accuracies=tuple(accuracies),
        accuracy=statistics.mean(accuracies),
        accuracy_sd=statistics.stdev(accuracies) if len(accuracies) > 1 else None,
        accuracy_interval=mean_interval(accuracies, first["test_n"]),
        watched_accuracy=mean_if_measured("validation_accuracy"),
        kept_epoch=mean("kept_epoch"),
        train_loss=mean("train_loss"),
        nll=mean("nll"),
        ece=mean("ece"),
        ece_after_temperature=mean_if_measured("ece_after_temperature"),
        robustness=statistics.mean(statistics.mean(values["robustness"].values()) for values in measures),
        seconds=mean("seconds"),
        parameters=first["parameters"],
        multiply_adds=first["multiply_adds"],
        file_bytes=first["file_bytes"],
        latency_us=statistics.median(values["latency_us"] for values in measures),
        images_per_s=statistics.median(values["images_per_s"] for values in measures),
    )


def _test_pairs(runs: dict[str, tuple[Run, ...]], test: Dataset) -> list[PairTest]:
    """McNemar's test between the first seeds of any two recipes, on the whole test set."""
    right = {
        name: np.asarray(predict(OnnxClassifier(of_recipe[0].model)(test.images)) == test.labels)
        for name, of_recipe in runs.items()
    }
    return [mcnemar(a, b, right[a], right[b]) for a, b in itertools.combinations(right, 2)]
