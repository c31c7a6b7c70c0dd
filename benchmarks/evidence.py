"""What docs/recipes.md quotes: two comparisons, convnet's lost dropout, and mlp's misread digits.

The first article calls eval() after its first epoch and never train() again, so that dropout acts in epoch 1 alone.
The recipe ``convnet`` has no dropout instead; here the slip itself is trained, beside the package, to see what
that simplification costs.

usage: python -m benchmarks.evidence COMPARISON BFLOAT16_COMPARISON; takes about three minutes
"""

import argparse
import json
import shutil
from functools import partial
from pathlib import Path

import torch
from benchmarks.figures import write_figures
from torch import Generator, nn

from inkdigit import OnnxClassifier, load_dataset
from inkdigit.data.dataset import Dataset
from inkdigit.evaluation.history import read_history
from inkdigit.evaluation.metrics import predict
from inkdigit.learning.classify import judge
from inkdigit.learning.engine import build, prepare, tuned, update
from inkdigit.learning.loader import Batches
from inkdigit.learning.predict import Deployed, TorchClassifier
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.recipe import Recipe, override
from inkdigit.learning.recipes import RECIPES
from inkdigit.learning.scaling import SCALINGS
from inkdigit.machine import describe_machine

RESULTS = Path(__file__).parent / "results"
SEED = 0
GALLERY = 500
"""Test images among which the article on the fully connected network shows what was misread."""


def train_with_slip(recipe: Recipe, training: Dataset, watched: Dataset, test: Dataset, seed: int) -> dict[str, float]:
    """The first article as it is printed: dropout in epoch 1 alone. Returns its best epoch, as the article picks it."""
    torch.manual_seed(seed)
    generator, cpu = Generator().manual_seed(seed), torch.device("cpu")
    model, optimizer = build(recipe, cpu)
    ready = partial(prepare, recipe=recipe, generator=generator)
    batches = Batches(training, recipe.batch_size, seed=seed, device=cpu, prepare=ready)
    epochs = []
    with tuned(recipe):
        for epoch in range(recipe.epochs or 0):
            model.train(epoch == 0)
            for x, labels in batches.steps(epoch * batches.per_epoch, (epoch + 1) * batches.per_epoch):
                update(model, optimizer, x, labels, recipe, judge=judge)
            epochs.append((accuracy(model, recipe, watched), accuracy(model, recipe, test), epoch + 1))
    watched_accuracy, test_accuracy, kept_epoch = max(epochs, key=lambda epoch: epoch[0])  # the first of equals
    return {"watched_accuracy": watched_accuracy, "accuracy": test_accuracy, "kept_epoch": kept_epoch}


def accuracy(model: nn.Module, recipe: Recipe, digits: Dataset) -> float:
    """Share read right, 0..1."""
    probabilities = TorchClassifier(Deployed(model, SCALINGS[recipe.scaling]))(digits.images)
    return float((predict(probabilities) == digits.labels).mean())


def measure_slip() -> dict[str, float]:
    """The slip, once."""
    recipe = override(RECIPES["convnet"], ["model.dropout=0.4"])
    splits = PROTOCOLS[recipe.protocol].load("mnist")
    return train_with_slip(recipe, *splits, SEED)


def count_misread(comparison: Path) -> list[int]:
    """How many of the first test images each run of ``mlp`` misreads."""
    test = load_dataset("mnist", "test")
    images, labels = test.images[:GALLERY], test.labels[:GALLERY]
    folders = sorted(comparison.glob("mlp-seed-*"))
    return [int((predict(OnnxClassifier(folder / "model.onnx")(images)) != labels).sum()) for folder in folders]


def watched_by_epoch(run: Path) -> list[float]:
    """The validation accuracy after each epoch."""
    rows = read_history(run / "metrics.csv")
    return [row.validation_accuracy for row in rows if row.validation_accuracy is not None]


def main() -> None:
    """Measures, prints and writes it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("comparison", type=Path, help="the folder that inkdigit compare left")
    parser.add_argument("bfloat16", type=Path, help="the same of mlp and cnn, with precision=bfloat16")
    arguments = parser.parse_args()
    evidence = {
        "machine": describe_machine(),
        "convnet_watched_by_epoch": watched_by_epoch(arguments.comparison / "convnet-seed-0"),
        "mlp_misread_of_first_500": count_misread(arguments.comparison),
        "convnet_with_its_slip": measure_slip(),
    }
    # Not before all is measured, so that what lies there always goes together.
    for name, folder in (("recipes", arguments.comparison), ("bfloat16", arguments.bfloat16)):
        shutil.copyfile(folder / "comparison.json", RESULTS / f"{name}.json")
    write_figures(evidence, RESULTS / "evidence.json")
    print(json.dumps(evidence, indent=2))


if __name__ == "__main__":
    main()
