"""The network inside a model file, rebuilt in PyTorch."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from inkdigit.classifier import OnnxClassifier
from inkdigit.errors import DataError, InkdigitError, UsageError
from inkdigit.learning.checkpoint import check_shapes, fill_weights
from inkdigit.learning.classify import deploy
from inkdigit.learning.graph import WEIGHTS, check_parity
from inkdigit.learning.models import build_model
from inkdigit.learning.recipe import Recipe

EXPECTED = "expected a classifier that 'inkdigit train' or 'inkdigit export' wrote"

MAX_SETTINGS = 20_000
"""Characters of a recipe; ours have 1,600 at most. Each layer that it lists takes time to build, even on ``meta``."""


@dataclass(frozen=True)
class Restored:
    """What a model file holds.

    Attributes:
        name: of its recipe.
        sha256: of the file.
        recipe: how it was trained.
        model: its network, on the CPU.
    """

    name: str
    sha256: str
    recipe: Recipe
    model: nn.Module


def restore(path: Path) -> Restored:
    """Builds the network of a model file by the recipe in it, with the weights in it.

    Raises:
        DataError: no model of digit images, an average of several, or one without recipe or weights; or the network
            built from them does not compute what the file computes.
    """
    metadata = OnnxClassifier(path).metadata
    if "members" in metadata:
        raise DataError(f"{path}: averages several networks, expected one")
    content = path.read_bytes()
    recipe, weights = _recipe(metadata, path), read_weights(content, path)
    with torch.device("meta"):  # where tensors have shapes but no values, however large the recipe makes them
        sketch = _build(recipe, path)
    check_shapes(sketch, _counters(sketch) | weights, path)
    model = _build(recipe, path)
    fill_weights(model, _counters(model) | weights, path)
    try:
        temperature = float(metadata.get("temperature", 1.0))
        check_parity(deploy(model, recipe, temperature).eval(), content)
    except (InkdigitError, TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise DataError(f"{path}: its recipe and weights make another network than its own ({error})") from error
    return Restored(recipe.name, hashlib.sha256(content).hexdigest(), recipe, model)


def _recipe(metadata: Mapping[str, Any], path: Path) -> Recipe:
    settings = metadata.get("settings")
    if not isinstance(settings, dict):
        raise DataError(f"{path}: found no recipe in it, {EXPECTED}")
    if (size := len(json.dumps(settings))) > MAX_SETTINGS:
        raise DataError(f"{path}: found a recipe of {size:,} letters, expected at most {MAX_SETTINGS:,}")
    return Recipe.from_dict(settings, str(path))


def _build(recipe: Recipe, path: Path) -> nn.Module:
    try:
        return build_model(recipe.model, recipe.model_options)
    except UsageError as error:
        raise DataError(f"{path}: not a network of this version ({error}); train again") from error


def _counters(model: nn.Module) -> dict[str, Tensor]:
    """The counters of a network, which advance in training and are not in a graph."""
    return {name: value for name, value in model.state_dict().items() if not value.is_floating_point()}


def read_weights(content: bytes, path: Path) -> dict[str, Tensor]:
    """The weights in the bytes of a model file, by their names in the network.

    Raises:
        DataError: there are none by these names, or they are rounded to integers, damaged or in another file.
    """
    graph = onnx.load_model_from_string(content).graph
    if any(node.op_type == "QuantizeLinear" for node in graph.node):
        raise DataError(
            f"{path}: computes with 8-bit integers, expected the floats that they were made of; of the shipped reader "
            "these are 'reader-float'"
        )
    found = graph.initializer
    weights = [tensor for tensor in found if tensor.name.startswith(WEIGHTS)]
    if not weights:
        raise DataError(f"{path}: found no weights named {WEIGHTS}… among {len(found)}, {EXPECTED}")
    if any(onnx.external_data_helper.uses_external_data(tensor) for tensor in weights):  # which would be read
        raise DataError(f"{path}: names other files for its weights, {EXPECTED}")
    try:
        return {tensor.name.removeprefix(WEIGHTS): _tensor(tensor) for tensor in weights}
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}: holds damaged weights ({error}); export it again") from error


def _tensor(tensor: onnx.TensorProto) -> Tensor:
    return torch.from_numpy(np.array(onnx.numpy_helper.to_array(tensor)))
