"""The shipped models, and the way from what a user calls a model to its file."""

import os
from collections.abc import Mapping
from pathlib import Path

from inkdigit.errors import DataError, unknown

DEFAULT = "reader"
LOCATOR = "locator"

FLOATS = "reader-float"
"""The default's network before its weights became integers: learning goes on with this one."""

SHIPPED: Mapping[str, Path] = {path.stem: path for path in sorted(Path(__file__).parent.glob("*.onnx"))}


def find_model(model: str | os.PathLike[str]) -> Path:
    """The file of a model.

    Args:
        model: the name of shipped weights, a run's folder, or an .onnx file.

    Raises:
        UsageError: none of these; the nearest name is told.
        DataError: no such folder, or that of a run that has no model yet.
    """
    name, path = os.fspath(model), Path(model)
    if name in SHIPPED:
        return SHIPPED[name]
    if name and path.is_dir():
        if not (path / "model.onnx").is_file():
            raise DataError(
                f"{path}: found no model.onnx in it, expected the folder of a finished run; go on with one that was "
                f"stopped: inkdigit train RECIPE --out {path} --resume"
            )
        return path / "model.onnx"
    if path.suffix == ".onnx" or (name and path.exists()):
        return path
    if path.name != name:
        raise DataError(f"{path}: no such folder or file; expected a run, which 'inkdigit train' prints, or its model")
    raise unknown("model", name, SHIPPED)
