"""A trained network → one file: ONNX for reading it anywhere, safetensors for PyTorch."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from inkdigit.errors import unknown
from inkdigit.learning.checkpoint import load_weights, save_weights
from inkdigit.learning.models import build_model
from inkdigit.learning.run import Run
from inkdigit.learning.tasks import TASKS


def export_run(folder: Path, to: str, out: Path | None = None) -> Path:
    """Writes the chosen weights of a finished run as one file, and returns its path.

    Raises:
        UsageError: an unknown format.
        DataError: the run is missing, unfinished or damaged.
    """
    if to not in EXPORTS:
        raise unknown("export format", to, EXPORTS)
    run = Run.open(folder)
    result = run.result()
    model = build_model(run.recipe.model, run.recipe.model_options)
    load_weights(run.weights(result["best_step"]), model)
    path = out or run.folder / f"model.{to}"
    EXPORTS[to](run, result, model, path)
    return path


def _onnx(run: Run, result: Mapping[str, Any], model: nn.Module, path: Path) -> None:
    TASKS[run.recipe.task].export(run, result, model, path)


def _safetensors(run: Run, result: Mapping[str, Any], model: nn.Module, path: Path) -> None:  # noqa: ARG001
    save_weights(path, model)


EXPORTS: Mapping[str, Callable[[Run, Mapping[str, Any], nn.Module, Path], None]] = {
    "onnx": _onnx,
    "safetensors": _safetensors,
}
