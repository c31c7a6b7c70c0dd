"""Handwritten digits: learn them from MNIST, read them from any picture.

The public names are loaded on first use: ``import inkdigit`` pulls in neither torch nor ONNX Runtime.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Otherwise ONNX Runtime records its use on disk and reports it home. It reads this variable only on import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if TYPE_CHECKING:
    from inkdigit.classifier import Classifier, OnnxClassifier
    from inkdigit.data.dataset import Dataset, load_dataset
    from inkdigit.errors import (
        DataError,
        EnvironmentFault,
        ImageError,
        InkdigitError,
        Interrupted,
        UsageError,
    )
    from inkdigit.evaluation.evaluate import Evaluation, evaluate
    from inkdigit.learning.figures import show
    from inkdigit.learning.train import train
    from inkdigit.preparation.box import Box
    from inkdigit.reading.explain import Explanation
    from inkdigit.reading.inputs import find_pictures
    from inkdigit.reading.reader import Reader, read
    from inkdigit.reading.result import Reading

_HOMES = {
    "Box": "inkdigit.preparation.box",
    "Classifier": "inkdigit.classifier",
    "DataError": "inkdigit.errors",
    "Dataset": "inkdigit.data.dataset",
    "EnvironmentFault": "inkdigit.errors",
    "Evaluation": "inkdigit.evaluation.evaluate",
    "Explanation": "inkdigit.reading.explain",
    "ImageError": "inkdigit.errors",
    "InkdigitError": "inkdigit.errors",
    "Interrupted": "inkdigit.errors",
    "OnnxClassifier": "inkdigit.classifier",
    "Reader": "inkdigit.reading.reader",
    "Reading": "inkdigit.reading.result",
    "UsageError": "inkdigit.errors",
    "evaluate": "inkdigit.evaluation.evaluate",
    "find_pictures": "inkdigit.reading.inputs",
    "load_dataset": "inkdigit.data.dataset",
    "read": "inkdigit.reading.reader",
    "show": "inkdigit.learning.figures",
    "train": "inkdigit.learning.train",
}

__all__ = [
    "Box",
    "Classifier",
    "DataError",
    "Dataset",
    "EnvironmentFault",
    "Evaluation",
    "Explanation",
    "ImageError",
    "InkdigitError",
    "Interrupted",
    "OnnxClassifier",
    "Reader",
    "Reading",
    "UsageError",
    "evaluate",
    "find_pictures",
    "load_dataset",
    "read",
    "show",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'inkdigit' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
