"""A trained network → one file: ONNX for reading it anywhere, as floats or as integers; safetensors for PyTorch."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from inkdigit.errors import DataError, UsageError, unknown
from inkdigit.files import write_atomic
from inkdigit.learning.checkpoint import save_weights
from inkdigit.learning.ensemble import average, name_test
from inkdigit.learning.graph import Samples, write_metadata
from inkdigit.learning.run import Run
from inkdigit.learning.tasks import TASKS
from inkdigit.learning.trained import load_network
from inkdigit.locator import JOINING, OnnxLocator


def export_runs(folders: Sequence[Path], to: str, out: Path | None = None, *, data: str | None = None) -> Path:
    """Writes the chosen weights of a finished run, or the average of several, as one file, and returns its path.

    Args:
        folders: of the runs.
        to: an entry of ``EXPORTS``; an average is a graph, which safetensors cannot hold.
        out: the file; without it the format's own name in the run, or ``ensemble.onnx``.
        data: the dataset to use, as it is now, where the format or an average needs digits; without it the one that
            the runs were trained on.

    Raises:
        UsageError: an unknown format, one run twice, or runs that cannot be averaged.
        DataError: a run is missing, unfinished or damaged; or its data are not what it was trained on, and the format
            needs some.
    """
    if to not in EXPORTS:
        raise unknown("export format", to, EXPORTS)
    runs = [Run.open(folder) for folder in folders]
    _check_once(runs)
    path = out or (runs[0].folder / EXPORTS[to].file if len(runs) == 1 else Path("ensemble.onnx"))
    EXPORTS[to].write(runs, path, data)
    return path


def _check_once(runs: Sequence[Run]) -> None:
    """A network averaged with itself counts twice."""
    folders = [member.folder.resolve() for member in _members(runs)]
    if len(set(folders)) < len(folders):
        raise UsageError(f"found one twice in {' '.join(str(run.folder) for run in runs)}, expected each run once")


def _members(runs: Sequence[Run]) -> list[Run]:
    return [member for run in runs for member in run.members()]


def _onnx(runs: Sequence[Run], path: Path, data: str | None) -> None:
    _write_graph(runs, path, data, ())


def _int8(runs: Sequence[Run], path: Path, data: str | None) -> None:
    """Writes the quantised model, with test results of its own instead of those of the floats that were trained."""
    run, task = runs[0], TASKS[runs[0].recipe.task]
    training, _, test = run.load_digits(data)
    with TemporaryDirectory() as folder:
        model = Path(folder) / "model.onnx"
        _write_graph(runs, model, data, task.sample(run.recipe, training, run.seed))
        measured = {**task.measure(model, run.recipe, test), **name_test(data), "test_sha256": test.sha256}
        write_metadata(model, measured)
        write_atomic(path, model.read_bytes())


def _safetensors(runs: Sequence[Run], path: Path, data: str | None) -> None:  # noqa: ARG001
    members = _members(runs)
    if len(members) > 1:
        raise UsageError(
            f"found {len(members)} networks and --to safetensors, expected --to onnx or int8, which average"
        )
    (member,) = members
    card = {key: json.dumps(value) for key, value in member.card(member.result()).items()}
    save_weights(path, load_network(member), card)


def _write_graph(runs: Sequence[Run], path: Path, data: str | None, samples: Samples) -> None:
    members = _members(runs)
    if len(members) > 1:
        average(members, path, whole=runs[0] if len(runs) == 1 else None, data=data, samples=samples)
        return
    run, result, task = runs[0], runs[0].result(), TASKS[runs[0].recipe.task]
    deployed = task.deploy(load_network(run), run.recipe, result["temperature"])
    task.export(deployed, {**run.card(result), **_find_joining(run.model)}, path, samples)


def _find_joining(path: Path) -> dict[str, Any]:
    """How a locator already at that path is joined with a classifier, which a new export keeps; else nothing."""
    try:
        told = OnnxLocator(path).metadata if path.is_file() else {}
    except DataError:
        return {}
    return {JOINING: told[JOINING]} if JOINING in told else {}


@dataclass(frozen=True)
class Export:
    """A format.

    Attributes:
        file: its name in the run's folder.
        write: a finished run or several to average, a path, a dataset other than theirs or None → a file at that path.
    """

    file: str
    write: Callable[[Sequence[Run], Path, str | None], None]


EXPORTS: Mapping[str, Export] = {
    "onnx": Export("model.onnx", _onnx),
    "int8": Export("model-int8.onnx", _int8),
    "safetensors": Export("model.safetensors", _safetensors),
}
