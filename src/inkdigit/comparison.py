"""What a comparison found: a row for each recipe, a test for each pair, and the runs behind them."""

import csv
import io
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inkdigit.evaluation.significance import PairTest, mean_interval
from inkdigit.files import write_atomic, write_json
from inkdigit.learning.recipes import RECIPES
from inkdigit.learning.run import Run
from inkdigit.machine import describe_machine


@dataclass(frozen=True)
class Row:
    """What a recipe came to, over its seeds.

    Attributes:
        recipe: its name.
        protocol: how it was measured.
        published: what its source reached, in the source's words; empty where there is none, or where the runs are of
            other digits or settings than the source's.
        changed: which settings differ from those of the recipe of that name, and whether the runs began with another's
            weights; empty where nothing does.
        seeds: how many runs.
        accuracies: of each run on the test digits of its protocol, 0..1.
        accuracy: their mean.
        accuracy_sd: standard deviation over seeds, or None for a single one.
        accuracy_interval: 95 % confidence interval of the mean.
        watched_accuracy: mean accuracy of the kept weights on the watched digits, 0..1, or None where the test digits
            were watched.
        kept_epoch: mean number of passes over the training digits up to the kept weights.
        train_loss: mean loss of the last epoch, or of the last line of the log where that spans more, nats.
        nll: mean negative log-likelihood on the whole test set, nats.
        ece: expected calibration error on the whole test set, 0..1.
        ece_after_temperature: the same after one more temperature, fitted on the other half of the digits.
        robustness: mean accuracy over all corruptions at severity 3, 0..1.
        seconds: of training, the mean.
        parameters: of the network.
        multiply_adds: for one image.
        file_bytes: of model.onnx.
        latency_us: of a single image, microseconds, the median over seeds.
        images_per_s: in batches of 1,000, the median over seeds.
    """

    recipe: str
    protocol: str
    published: str
    changed: str
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
        data: the dataset's name.
        rows: one for each recipe.
        tests: one for each pair of recipes.
        runs: by the name that the recipe has in its row, the first seed first.
    """

    data: str
    rows: tuple[Row, ...]
    tests: tuple[PairTest, ...]
    runs: Mapping[str, tuple[Run, ...]]

    def write(self, folder: Path) -> None:
        """Writes ``comparison.json`` and ``comparison.csv``."""
        values = {
            "machine": describe_machine(),
            "data": self.data,
            "rows": [asdict(row) for row in self.rows],
            "tests": [asdict(test) | {"words": test.words} for test in self.tests],
        }
        write_json(folder / "comparison.json", values)
        write_atomic(folder / "comparison.csv", to_csv(self.rows))


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


def summarise(name: str, runs: Sequence[Run], measures: Sequence[Mapping[str, Any]]) -> Row:
    """The row for runs of one recipe, from their measures."""
    accuracies = [values["test_accuracy"] for values in measures]
    first = measures[0]

    def mean(key: str) -> float:
        return statistics.mean(float(values[key]) for values in measures)

    def mean_if_measured(key: str) -> float | None:
        return None if first[key] is None else mean(key)

    return Row(
        recipe=name,
        protocol=runs[0].recipe.protocol,
        published=_published(runs[0]),
        changed=_changed(runs[0]),
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


def _published(run: Run) -> str:
    """The source's figure, if the run is comparable: its recipe's own settings, fresh weights, MNIST; else empty."""
    named = RECIPES.get(run.recipe.name)
    alike = named and run.recipe.settings() == named.settings() and run.data == "mnist" and not run.begun_from
    return named.published if named and alike else ""


def _changed(run: Run) -> str:
    """How a run differs from what its recipe's name promises."""
    named = RECIPES.get(run.recipe.name)
    usual = named.settings() if named else run.recipe.settings()
    settings = [f"{name}={value}" for name, value in run.recipe.settings().items() if usual.get(name) != value]
    return ", ".join([*settings, *(["begun with the weights of another run"] if run.begun_from else [])])
