"""A trained network → one file: ONNX for reading it anywhere, as floats or as integers; safetensors for PyTorch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from inkdigit.errors import UsageError, unknown
from inkdigit.learning.checkpoint import save_weights
from inkdigit.learning.ensemble import average
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.run import Run
from inkdigit.learning.tasks import TASKS
from inkdigit.learning.trained import load_network


def export_runs(folders: Sequence[Path], to: str, out: Path | None = None) -> Path:
    """Writes the chosen weights of a finished run, or the average of several, as one file, and returns its path.

    Args:
        folders: of the runs.
        to: an entry of ``EXPORTS``; an average is a graph, and no other format holds it.
        out: the file; without it the format's own name in the run, or ``ensemble.onnx``.

    Raises:
        UsageError: an unknown format, or runs that cannot be averaged.
        DataError: a run is missing, unfinished or damaged; or its data are not what it was trained on, and the format
            needs some.
    """
    if to not in EXPORTS:
        raise unknown("export format", to, EXPORTS)
    runs = [Run.open(folder) for folder in folders]
    path = out or (runs[0].folder / EXPORTS[to].file if len(runs) == 1 else Path("ensemble.onnx"))
    members = [member for run in runs for member in run.members()]
    if len(members) > 1 and to != "onnx":
        raise UsageError(f"found {len(members)} networks and --to {to}, expected --to onnx, which can average them")
    if len(members) > 1:
        average(members, path)
    else:
        EXPORTS[to].write(runs[0], runs[0].result(), load_network(runs[0]), path)
    return path


def _onnx(run: Run, result: Mapping[str, Any], model: nn.Module, path: Path) -> None:
    TASKS[run.recipe.task].export(run, result, model, path, ())


def _int8(run: Run, result: Mapping[str, Any], model: nn.Module, path: Path) -> None:
    run.check_data()
    task, (training, _, _) = TASKS[run.recipe.task], PROTOCOLS[run.recipe.protocol].load(run.data)
    task.export(run, result, model, path, task.sample(run.recipe, training, run.seed))


def _safetensors(run: Run, result: Mapping[str, Any], model: nn.Module, path: Path) -> None:  # noqa: ARG001
    save_weights(path, model)


@dataclass(frozen=True)
class Export:
    """A format.

    Attributes:
        file: its name in the run's folder.
        write: a run, its result, its network → a file at that path.
    """

    file: str
    write: Callable[[Run, Mapping[str, Any], nn.Module, Path], None]


EXPORTS: Mapping[str, Export] = {
    "onnx": Export("model.onnx", _onnx),
    "int8": Export("model-int8.onnx", _int8),
    "safetensors": Export("model.safetensors", _safetensors),
}
