"""The task of most recipes: which digit does an image show?"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from inkdigit.classifier import BATCH_SIZE
from inkdigit.data.dataset import Dataset
from inkdigit.evaluation.calibrate import fit_temperature
from inkdigit.evaluation.evaluate import Evaluation, evaluate
from inkdigit.evaluation.metrics import nll, predict
from inkdigit.learning.engine import prepare
from inkdigit.learning.graph import Samples, export_classifier
from inkdigit.learning.loader import Batches
from inkdigit.learning.predict import Deployed, TorchClassifier
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.recipe import Recipe
from inkdigit.learning.run import Run, write_json
from inkdigit.learning.scaling import SCALINGS
from inkdigit.synthesis.crops import add_crops
from inkdigit.synthesis.outliers import add_outliers
from inkdigit.synthesis.variants import vary

SAMPLED = 512
"""Digits that tell how far a network's values reach, with what its recipe adds to them."""


def stream(recipe: Recipe, training: Dataset, seed: int, device: torch.device, generator: Generator) -> Batches:
    """Shuffled batches of the training digits, and of what the recipe adds to them."""
    extended = _extend(training, recipe, seed)
    per_epoch = -(-len(extended) // (recipe.batch_size or len(extended)))
    return Batches(
        extended, recipe.batch_size, seed=seed, device=device,
        prepare=partial(prepare, recipe=recipe, generator=generator),
        once=not recipe.augment and recipe.total_steps(per_epoch) > per_epoch,  # else no image is seen again
    )  # fmt: skip


def _extend(digits: Dataset, recipe: Recipe, seed: int) -> Dataset:
    """Digits varied as a recipe says, and what it adds to them."""
    return add_outliers(add_crops(vary(digits, recipe.variants, seed), recipe.crops, seed), recipe.outliers, seed)


def judge(logits: Tensor, labels: Tensor, recipe: Recipe) -> tuple[Tensor, Tensor, Tensor]:
    """Cross entropy; logits (b, classes) and labels (b,) as they are."""
    return functional.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing), logits, labels


def deploy(model: nn.Module, recipe: Recipe, temperature: float = 1.0) -> Deployed:
    """A recipe's network, as it is asked what a digit image shows."""
    return Deployed(model, SCALINGS[recipe.scaling], temperature, shifts=recipe.shifts)


def watch(model: nn.Module, recipe: Recipe, watched: Dataset) -> tuple[float, float]:
    """Mean negative log likelihood and accuracy on digits, which are looked at once: shifts would take five times."""
    probabilities = TorchClassifier(deploy(model, replace(recipe, shifts=0)))(watched.images)
    accuracy = float((predict(probabilities) == watched.labels).mean())
    return nll(probabilities, watched.labels), accuracy


def conclude(run: Run, model: nn.Module, watched: Dataset, test: Dataset) -> dict[str, Any]:
    """Fits the temperature and evaluates on the test digits."""
    temperature, evaluation = measure(deploy(model, run.recipe), run.recipe.protocol, watched, test)
    write_json(run.evaluation, evaluation.to_dict())
    return {
        "test_accuracy": evaluation.accuracy,
        "test_accuracy_interval": list(evaluation.accuracy_interval),
        "test_n": evaluation.n,
        "temperature": temperature,
    }


def measure(deployed: Deployed, protocol: str, watched: Dataset, test: Dataset) -> tuple[float, Evaluation]:
    """The temperature that suits the watched digits, and how the test digits are read with it.

    Where the watched digits are those that measure, no temperature is fitted: that would be choosing by the test set.
    """
    probabilities = TorchClassifier(deployed)(watched.images)
    temperature = fit_temperature(probabilities, watched.labels) if PROTOCOLS[protocol].is_apart else 1.0
    return temperature, evaluate(TorchClassifier(deployed.at(temperature)), test)


def sample(recipe: Recipe, training: Dataset, seed: int) -> Samples:
    """Some of what a recipe's network learns from, as its model is given it."""
    digits = replace(training, images=training.images[:SAMPLED], labels=training.labels[:SAMPLED])
    images = _extend(digits, recipe, seed).images
    return np.array_split(images, -(-len(images) // BATCH_SIZE))


def export(run: Run, result: Mapping[str, Any], model: nn.Module, path: Path, samples: Samples) -> None:
    """Writes a model: uint8 (n, 28, 28) → probabilities."""
    deployed = deploy(model, run.recipe, result["temperature"])
    export_classifier(deployed, path, metadata=run.card(result), samples=samples)
