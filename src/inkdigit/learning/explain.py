"""What only a run or torch can show: augmented digits, and the kernels of a run's checkpoints."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, nn

from inkdigit.errors import DataError, UsageError
from inkdigit.images import Images
from inkdigit.learning.augment import augment
from inkdigit.learning.checkpoint import load_weights
from inkdigit.learning.models import build_model
from inkdigit.learning.run import Run


@dataclass(frozen=True)
class Kernels:
    """The kernels of one convolution after each checkpoint.

    Attributes:
        layer: its name within the network.
        steps: of the checkpoints.
        values: float32 (checkpoints, k, h, w), k = channels out x channels in.
    """

    layer: str
    steps: tuple[int, ...]
    values: NDArray[np.float32]


def collect_kernels(run: Run) -> Kernels:
    """Reads the kernels of the first convolution from every checkpoint of a run.

    Raises:
        UsageError: the network has no convolution, or the run averages several networks.
        DataError: the run has no checkpoints, or damaged ones.
    """
    run.check_single()
    model = build_model(run.recipe.model, run.recipe.model_options)
    convolutions = {name: module for name, module in model.named_modules() if isinstance(module, nn.Conv2d)}
    if not convolutions:
        raise UsageError(f"{run.folder}: found no convolution in {run.recipe.model}, expected at least one")
    checkpoints = _checkpoints(run)
    name = next(iter(convolutions))
    values = []
    for path in checkpoints.values():
        load_weights(path, model)
        values.append(convolutions[name].weight.detach().flatten(0, 1).numpy().copy())  # (o, i, h, w) → (k, h, w)
    return Kernels(name, tuple(checkpoints), np.stack(values))


def _checkpoints(run: Run) -> dict[int, Path]:
    """The weights of a run by their steps, the first step first."""
    folder = run.weights(0).parent
    steps = sorted(int(path.stem[5:]) for path in folder.glob("step-*.safetensors") if path.stem[5:].isdecimal())
    if not steps:
        raise DataError(f"{folder}: found no checkpoints, expected step-*.safetensors; train again")
    return {step: run.weights(step) for step in steps}


def augment_each(
    images: Images, amounts: Mapping[str, float], *, together: bool = False, seed: int = 0
) -> dict[str, Images]:
    """Digits, uint8 (n, 28, 28), as they are, after each augmentation alone, and if wanted after all together."""
    kinds: dict[str, Mapping[str, float]] = {"as it is": {}}
    kinds |= {f"{name} {amount:g}": {name: amount} for name, amount in amounts.items()}
    if together:
        kinds["all together"] = amounts
    return {name: _augment(images, chosen, seed) for name, chosen in kinds.items()}


def _augment(images: Images, amounts: Mapping[str, float], seed: int) -> Images:
    batch = torch.from_numpy(images).float()[:, None]  # (n, 28, 28) → (n, 1, 28, 28)
    augmented = augment(batch, amounts, Generator().manual_seed(seed))
    result: Images = augmented[:, 0].round().clamp(0, 255).byte().numpy()
    return result
