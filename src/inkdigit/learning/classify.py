"""The task of most recipes: which digit does an image show?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from inkdigit.classifier import BATCH_SIZE, OnnxClassifier
from inkdigit.data.dataset import Dataset
from inkdigit.evaluation.calibrate import fit_temperature
from inkdigit.evaluation.evaluate import Evaluation, evaluate
from inkdigit.evaluation.metrics import nll, predict
from inkdigit.learning.distributed import Group
from inkdigit.learning.engine import prepare
from inkdigit.learning.graph import Samples, export_classifier
from inkdigit.learning.loader import Batches
from inkdigit.learning.predict import LEAST, Deployed, TorchClassifier
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.recipe import Recipe
from inkdigit.learning.scaling import SCALINGS
from inkdigit.synthesis.crops import add_crops
from inkdigit.synthesis.outliers import add_outliers
from inkdigit.synthesis.variants import vary

SAMPLED = 512
"""Digits that, with what the recipe adds to them, show the range of a network's values for quantisation."""


def stream(recipe: Recipe, training: Dataset, seed: int, generator: Generator, group: Group) -> Batches:
    """Shuffled batches of the training digits, and of what the recipe adds to them."""
    extended = group.extend(training, lambda digits: _extend(digits, recipe, seed))
    per_epoch = -(-len(extended) // (recipe.batch_size or len(extended)))
    return Batches(
        extended, recipe.batch_size, seed=seed, device=generator.device,
        prepare=partial(prepare, recipe=recipe, generator=generator),
        once=not recipe.augment and recipe.total_steps(per_epoch) > per_epoch,  # else no image is seen again
        group=group,
    )  # fmt: skip


def _extend(digits: Dataset, recipe: Recipe, seed: int) -> Dataset:
    """Digits varied as a recipe says, and what it adds to them."""
    return add_outliers(add_crops(vary(digits, recipe.variants, seed), recipe.crops, seed), recipe.outliers, seed)


def judge(logits: Tensor, labels: Tensor, recipe: Recipe, group: Group) -> tuple[Tensor, Tensor, Tensor]:  # noqa: ARG001
    """Cross entropy; passes the logits (b, classes) and labels (b,) through."""
    return functional.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing), logits, labels


def deploy(model: nn.Module, recipe: Recipe, temperature: float = 1.0) -> Deployed:
    """A recipe's network as it reads digit images, with scaling, temperature and shifts."""
    return Deployed(model, SCALINGS[recipe.scaling], temperature, shifts=recipe.shifts)


class Ensemble(nn.Module):
    """The mean of its members' probabilities, each with its own scaling and temperature."""

    def __init__(self, members: Sequence[Deployed]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, classes) of images (n, 1, 28, 28), grey values 0..255."""
        images = x[:, 0]  # (n, 1, 28, 28) → (n, 28, 28)
        each = torch.stack([member(images) for member in self.members])  # (m, n, classes)
        return each.mean(0).clamp(min=LEAST).log()  # (m, n, classes) → (n, classes)


def join(members: Sequence[Deployed]) -> Deployed:
    """Several networks as one that returns the mean of their probabilities."""
    return Deployed(Ensemble(members), SCALINGS["raw"])


def watch(model: nn.Module, recipe: Recipe, watched: Dataset) -> tuple[float, float]:
    """Mean negative log-likelihood and accuracy on digits; without shifts, which would take five times as long."""
    probabilities = TorchClassifier(deploy(model, replace(recipe, shifts=0)))(watched.images)
    accuracy = float((predict(probabilities) == watched.labels).mean())
    return nll(probabilities, watched.labels), accuracy


def conclude(
    deployed: Deployed, recipe: Recipe, watched: Dataset, test: Dataset
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fits the temperature on the watched digits, and measures how the test digits are read with it.

    Where the watched digits are the test digits, no temperature is fitted: that would be choosing by the test set.
    """
    probabilities = TorchClassifier(deployed)(watched.images)
    temperature = fit_temperature(probabilities, watched.labels) if PROTOCOLS[recipe.protocol].is_apart else 1.0
    evaluation = evaluate(TorchClassifier(deployed.at(temperature)), test)
    return {**_tell(evaluation), "temperature": temperature}, evaluation.to_dict()


def measure(path: Path, recipe: Recipe, test: Dataset) -> dict[str, Any]:  # noqa: ARG001
    """How well a model file reads the test digits."""
    return _tell(evaluate(OnnxClassifier(path), test))


def _tell(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "test_accuracy": evaluation.accuracy,
        "test_accuracy_interval": list(evaluation.accuracy_interval),
        "test_n": evaluation.n,
    }


def sample(recipe: Recipe, training: Dataset, seed: int) -> Samples:
    """Some of the images that a recipe's network learns from, in the form that its model takes."""
    chosen = np.random.default_rng(seed).permutation(len(training))[:SAMPLED]  # a folder's digits lie sorted by value
    digits = replace(training, images=training.images[chosen], labels=training.labels[chosen])
    images = _extend(digits, recipe, seed).images
    return np.array_split(images, -(-len(images) // BATCH_SIZE))


def export(deployed: Deployed, metadata: Mapping[str, Any], path: Path, samples: Samples) -> None:
    """Writes a model: uint8 (n, 28, 28) → probabilities."""
    export_classifier(deployed, path, metadata=metadata, samples=samples)
