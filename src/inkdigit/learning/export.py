"""A trained network → one file: ONNX for reading it anywhere, safetensors for PyTorch."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from inkdigit.errors import UsageError, unknown
from inkdigit.learning.checkpoint import save_weights
from inkdigit.learning.ensemble import average
from inkdigit.learning.run import Run
from inkdigit.learning.tasks import TASKS
from inkdigit.learning.trained import load_network


def export_runs(folders: Sequence[Path], to: str, out: Path | None = None) -> Path:
    """Writes the chosen weights of a finished run, or the average of several, as one file, and returns its path.

    Args:
        folders: of the runs.
        to: an entry of ``EXPORTS``; an average is a graph, and no other format holds it.
        out: the file; without it ``model.onnx`` or ``model.safetensors`` in the run, or ``ensemble.onnx``.

    Raises:
        UsageError: an unknown format, or runs that cannot be averaged.
        DataError: a run is missing, unfinished or damaged.
    """
    if to not in EXPORTS:
        raise unknown("export format", to, EXPORTS)
    runs = [Run.open(folder) for folder in folders]
    path = out or (runs[0].folder / f"model.{to}" if len(runs) == 1 else Path("ensemble.onnx"))
    members = [member for run in runs for member in run.members()]
    if len(members) > 1 and to != "onnx":
        raise UsageError(f"found {len(members)} networks and --to {to}, expected --to onnx, which can average them")
    if len(members) > 1:
        average(members, path)
    else:
        EXPORTS[to](runs[0], runs[0].result(), load_network(runs[0]), path)
    return path


def _onnx(run: Run, result: Mapping[str, Any], model: nn.Module, path: Path) -> None:
    TASKS[run.recipe.task].export(run, result, model, path)


def _safetensors(run: Run, result: Mapping[str, Any], model: nn.Module, path: Path) -> None:  # noqa: ARG001
    save_weights(path, model)


EXPORTS: Mapping[str, Callable[[Run, Mapping[str, Any], nn.Module, Path], None]] = {
    "onnx": _onnx,
    "safetensors": _safetensors,
}
