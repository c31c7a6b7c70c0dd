"""The whole state of a run, written atomically: one safetensors file, scalars as JSON in its header, no pickle."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Generator, Tensor, nn, optim

from inkdigit.errors import DataError
from inkdigit.evaluation.history import Row
from inkdigit.files import write_atomic


@dataclass
class Meter:
    """Sums since the last line of the log.

    Attributes:
        loss: over the images, nats.
        correct: images read right.
        images: how many.
    """

    loss: float = 0.0
    correct: int = 0
    images: int = 0


@dataclass
class Progress:
    """How far a run has come.

    Attributes:
        step: updates done.
        seconds: spent in training, over all sittings.
        best_step: the step whose weights are kept, the best or the last, as the protocol says.
        best_accuracy: its accuracy on the watched digits.
        meter: the sums since the last line of the log.
        history: the lines of the log.
    """

    step: int = 0
    seconds: float = 0.0
    best_step: int = 0
    best_accuracy: float = -1.0
    meter: Meter = field(default_factory=Meter)
    history: list[Row] = field(default_factory=list)


def save_weights(path: Path, model: nn.Module, metadata: Mapping[str, str] | None = None) -> None:
    """Writes a network's weights, and in the file's header what is to be known of them."""
    write_atomic(path, save(_contiguous(model.state_dict()), dict(metadata) if metadata else None))


def load_weights(path: Path, model: nn.Module) -> None:
    """Reads weights into a network of the same structure, whatever its memory format.

    Raises:
        DataError: missing, damaged, or of another structure.
    """
    tensors, _ = _read(path)
    fill_weights(model, tensors, path)


def save_state(
    path: Path, model: nn.Module, optimizer: optim.Optimizer, generator: Generator, progress: Progress
) -> None:
    """Writes everything that an exact resume needs."""
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    scalars: dict[str, Any] = {}
    for index, entry in optimizer.state_dict()["state"].items():
        for name, value in entry.items():
            target = tensors if isinstance(value, Tensor) else scalars
            target[f"optimizer.{index}.{name}"] = value
    tensors |= {f"random.{name}": value for name, value in _random_states(generator).items()}
    header = {"progress": json.dumps(asdict(progress)), "optimizer": json.dumps(scalars)}
    write_atomic(path, save(_contiguous(tensors), header))


def load_state(path: Path, model: nn.Module, optimizer: optim.Optimizer, generator: Generator) -> Progress:
    """Reads what ``save_state`` wrote into a freshly built network, optimiser and generator.

    Raises:
        DataError: missing, damaged, or of another structure.
    """
    tensors, header = _read(path)
    _check_device(tensors, generator.device, path)
    try:
        progress = json.loads(header["progress"])
        scalars = json.loads(header["optimizer"])
        fill_weights(model, _below("model.", tensors), path)
        _restore_random({name: tensors[f"random.{name}"] for name in _random_states(generator)}, generator)
        _restore_optimizer(optimizer, _below("optimizer.", tensors) | _below("optimizer.", scalars))
        history = [Row(**row) for row in progress.pop("history")]
        return Progress(meter=Meter(**progress.pop("meter")), history=history, **progress)
    except (KeyError, ValueError, TypeError, IndexError, RuntimeError) as error:
        raise DataError(f"{path}: not the state of this run on this device ({error}); train again") from error


def _check_device(tensors: Mapping[str, Tensor], device: torch.device, path: Path) -> None:
    """The state of a run on a GPU includes the GPU's random state; on another device it would go on differently."""
    begun = "cuda" if "random.cuda" in tensors else "cpu"
    if begun != device.type:
        raise DataError(f"{path}: was begun with --device {begun}, found {device.type}; resume it with that one")


def _restore_optimizer(optimizer: optim.Optimizer, values: Mapping[str, Any]) -> None:
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    for key, value in values.items():
        index, name = key.split(".", 1)
        parameter = parameters[int(index)]
        if isinstance(value, Tensor) and value.shape == parameter.shape:
            # A fused step walks memory in order: state laid out differently from its weight would train wrongly.
            value = torch.empty_like(parameter, dtype=value.dtype).copy_(value)  # noqa: PLW2901
        state.setdefault(int(index), {})[name] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _random_states(generator: Generator) -> dict[str, Tensor]:
    states = {"torch": torch.get_rng_state(), "augment": generator.get_state()}
    return states | ({"cuda": torch.cuda.get_rng_state()} if generator.device.type == "cuda" else {})


def _restore_random(states: Mapping[str, Tensor], generator: Generator) -> None:
    torch.set_rng_state(states["torch"])
    generator.set_state(states["augment"])
    if "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"])


def fill_weights(model: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Copies tensors from a file into a network of the same structure.

    Raises:
        DataError: the structure is another one.
    """
    check_shapes(model, tensors, path)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            value.copy_(tensors[name])


def check_shapes(model: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Checks that tensors from a file are those of a network, which may be a sketch without values.

    Raises:
        DataError: they are of another one.
    """
    own = {name: value.shape for name, value in model.state_dict().items()}
    if own != {name: value.shape for name, value in tensors.items()}:
        raise DataError(f"{path}: the weights are of another network than the recipe's; train again")


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; the run was stopped before its first checkpoint, train again") from None
    except (SafetensorError, OSError) as error:
        raise DataError(f"{path}: damaged ({error}); train again") from error


def _contiguous(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().cpu().contiguous() for name, value in tensors.items()}


def _below(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)}
