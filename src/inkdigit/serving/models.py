"""The models of a server: what they are called, and which files they are."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from inkdigit.errors import DataError, UsageError
from inkdigit.reading.weights import SHIPPED, find_model


def name_models(models: Iterable[str]) -> dict[str, Path]:
    """The files of models, by names that reveal nothing of this machine's folders.

    Args:
        models: names of shipped weights, runs' folders, or .onnx files.

    Raises:
        UsageError: there is no such model, or two would have one name.
        DataError: a run without a model.
    """
    found: dict[str, Path] = {}
    for model in models:
        path = find_model(model)
        name = model if model in SHIPPED else _name(path)
        if found.setdefault(name, path) != path:
            raise UsageError(f"found two models named {name!r}, expected names that differ; rename a folder")
    return found


def _name(path: Path) -> str:
    """A run's folder, or a file without its suffix."""
    whole = path.resolve()
    name = whole.parent.name if whole.name == "model.onnx" else whole.stem
    return "".join(letter for letter in name if letter.isalnum() or letter in "-_.")[:64] or "model"


def hash_model(path: Path) -> str:
    """The SHA-256 of a model's file.

    Raises:
        DataError: it cannot be read.
    """
    if not path.is_file():  # opening a pipe would wait for a writer
        raise DataError(f"{path}: cannot be read (no such file); expected a model.onnx")
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); expected a model.onnx") from error
