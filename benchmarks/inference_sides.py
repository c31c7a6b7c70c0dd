"""The same network for PyTorch and for ONNX Runtime: what ``inference.py`` times side by side."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from inkdigit.classifier import INPUT, OUTPUT, OnnxClassifier
from inkdigit.images import SIZE, Images
from inkdigit.learning.classify import deploy
from inkdigit.learning.graph import PARITY, QUANTIZED_PARITY, export_classifier
from inkdigit.learning.models import build_model
from inkdigit.learning.predict import Deployed
from inkdigit.learning.recipe import Recipe
from inkdigit.learning.recipes import RECIPES
from inkdigit.learning.restore import restore
from inkdigit.reading.weights import DEFAULT, FLOATS, find_model

PYTORCH, CHANNELS_LAST, INKDIGIT, ALONE, PLAIN = SIDES = (
    "PyTorch", "channels-last", "inkdigit", "ORT alone", "not optimised",
)  # fmt: skip
"""PyTorch with weights as they are built, and in the other layout; then ONNX Runtime as inkdigit runs it, alone on
whole batches, and alone without its optimisation of the graph."""

Answer: TypeAlias = Callable[[Images], NDArray[np.float32]]


@dataclass(frozen=True)
class Network:
    """One network for either side.

    Attributes:
        recipe: that it is built by.
        deployed: for PyTorch.
        path: its ``model.onnx``.
        parity: how far its answers may lie from PyTorch's.
    """

    recipe: Recipe
    deployed: Deployed
    path: Path
    parity: float = PARITY


def load_network(name: str, folder: Path) -> Network:
    """The shipped reader, for PyTorch in floats, or a recipe's network with fresh weights, exported into a folder."""
    if name in (DEFAULT, FLOATS):
        floats = find_model(FLOATS)
        restored, temperature = restore(floats), float(OnnxClassifier(floats).metadata["temperature"])
        deployed = deploy(restored.model, restored.recipe, temperature).eval()
        return Network(restored.recipe, deployed, find_model(name), PARITY if name == FLOATS else QUANTIZED_PARITY)
    torch.manual_seed(0)
    path, recipe = folder / f"{name}.onnx", RECIPES[name]
    deployed = deploy(build_model(recipe.model, recipe.model_options), recipe)
    export_classifier(deployed, path, metadata={})
    return Network(recipe, deployed.eval(), path)


def draw_noise(n: int) -> Images:
    """Images of noise, uint8 (n, 28, 28): what they show changes no time."""
    return np.random.default_rng(0).integers(0, 256, (n, SIZE, SIZE), dtype=np.uint8)


def save_for_torch(network: Network, path: Path) -> None:
    """Writes the weights as PyTorch's own tutorials do, with what it takes to build the network around them."""
    saved = {
        "model": network.recipe.model,
        "model_options": dict(network.recipe.model_options),
        "scaling": network.recipe.scaling,
        "temperature": network.deployed.temperature,
        "weights": network.deployed.model.state_dict(),
    }
    torch.save(saved, path)


def open_sides(network: Network, threads: int) -> Mapping[str, Answer]:
    """What answers, by the names in ``SIDES``.

    Args:
        network: of all of them.
        threads: for ONNX Runtime, which chooses where it is 0; PyTorch's are the whole process's.
    """
    levels = onnxruntime.GraphOptimizationLevel
    answers = (
        _run_eagerly(network.deployed),
        _run_eagerly(copy.deepcopy(network.deployed).to(memory_format=torch.channels_last)),  # type: ignore[call-overload]
        OnnxClassifier(network.path, threads=threads),
        _run_alone(network.path, threads, levels.ORT_ENABLE_ALL),
        _run_alone(network.path, threads, levels.ORT_DISABLE_ALL),
    )
    return dict(zip(SIDES, answers, strict=True))


def _run_eagerly(deployed: Deployed) -> Answer:
    def run(images: Images) -> NDArray[np.float32]:
        with torch.inference_mode():
            return np.asarray(deployed(torch.from_numpy(images)).numpy())

    return run


def _run_alone(path: Path, threads: int, level: Any) -> Answer:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.graph_optimization_level = threads, level
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda images: np.asarray(session.run([OUTPUT], {INPUT: images})[0])
