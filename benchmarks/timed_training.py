"""One training of time_to_accuracy.py, in a process of its own; prints JSON.

usage: python -m benchmarks.timed_training RECIPE_OR_PEER SEED [--data NAME] [--set NAME=VALUE …]

The clock starts when everything is imported and the digits lie in memory as uint8 arrays, and stops at the final
weights: initialisation, conversion, compilation, threads and what a run leaves on disk are timed, imports and
evaluation are not. On the CPU.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch._dynamo  # the first optimiser would import it, for a second, inside the clock
from benchmarks.speed_peers import DEVIATION, MEAN, PEERS
from torch import nn

from inkdigit.classifier import Classifier
from inkdigit.data.dataset import Dataset, load_dataset
from inkdigit.evaluation.metrics import predict
from inkdigit.learning.logs import LOGGERS
from inkdigit.learning.predict import Deployed, TorchClassifier
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.recipe import override
from inkdigit.learning.recipes import find_recipe
from inkdigit.learning.run import Run
from inkdigit.learning.scaling import SCALINGS, Scaling
from inkdigit.learning.train import fit

CPU = torch.device("cpu")
WATCHED = 100
"""Digits that inkdigit's loop validates on: so few cost nothing."""


@dataclass(frozen=True)
class Timed:
    """A network that was trained against the clock.

    Attributes:
        network: as it came out.
        seconds: of training alone.
        rounds: how often the training showed its network.
        imported: modules that were imported inside the clock; about none, else the seconds are too many.
    """

    network: nn.Module
    seconds: float
    rounds: int
    imported: int


def time_training(networks: Iterable[nn.Module], is_enough: Callable[[nn.Module], bool]) -> Timed:
    """Lets a training go on until the network that it shows is good enough, or to its end.

    The clock stands still while a network is judged.
    """
    seconds, rounds, modules = 0.0, 0, set(sys.modules)
    start = time.perf_counter()
    for network in networks:
        seconds += time.perf_counter() - start
        rounds += 1
        if is_enough(network):
            break
        start = time.perf_counter()
    return Timed(network, seconds, rounds, len(set(sys.modules) - modules))


def train_recipe(run: Run, training: Dataset) -> Iterator[nn.Module]:
    """The loop of inkdigit, as ``inkdigit train`` runs it, but that it watches next to nothing."""
    watched = replace(training, split="test", images=training.images[:WATCHED], labels=training.labels[:WATCHED])
    _, network = fit(run, training, watched, [LOGGERS["csv"]()], CPU)
    yield network


def measure_accuracy(classifier: Classifier, test: Dataset) -> float:
    """Share of the test digits read right, 0..1."""
    return float((predict(classifier(test.images)) == test.labels).mean())


def measure_accuracies(network: nn.Module, scaling: Scaling, test: Dataset) -> tuple[float, float]:
    """Shares of the test digits read right, 0..1: without and with test-time shifts."""
    plain, shifted = (TorchClassifier(Deployed(network, scaling, shifts=shifts)) for shifts in (0, 1))
    return measure_accuracy(plain, test), measure_accuracy(shifted, test)


def measure_recipe(name: str, seed: int, data: str, settings: Sequence[str]) -> dict[str, Any]:
    """Trains a recipe, then evaluates it."""
    recipe = override(find_recipe(name), settings)
    training, _, test = PROTOCOLS[recipe.protocol].load(data)
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), recipe, seed, training.name, training.sha256)
        timed = time_training(train_recipe(run, training), is_enough=lambda _: True)
    threads = recipe.threads or torch.get_num_threads()
    return _row(name, seed, timed, threads, measure_accuracies(timed.network, SCALINGS[recipe.scaling], test))


def measure_peer(name: str, seed: int, data: str) -> dict[str, Any]:
    """Trains a peer on all training digits, then evaluates it."""
    peer, scaling = PEERS[name], Scaling(255 * MEAN, 255 * DEVIATION)
    training, test = load_dataset(data, "train+validation"), load_dataset(data, "test")

    def is_enough(network: nn.Module) -> bool:
        classifier = TorchClassifier(Deployed(network, scaling))
        return peer.until is not None and measure_accuracy(classifier, test) >= peer.until

    timed = time_training(peer.train(training, seed), is_enough)
    return _row(name, seed, timed, torch.get_num_threads(), measure_accuracies(timed.network, scaling, test))


def _row(name: str, seed: int, timed: Timed, threads: int, accuracies: tuple[float, float]) -> dict[str, Any]:
    plain, shifted = accuracies
    return {
        "name": name,
        "seed": seed,
        "seconds": timed.seconds,
        "accuracy": plain,
        "accuracy_shifted": shifted,
        "rounds": timed.rounds,
        "threads": threads,
        "imported": timed.imported,
    }


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", metavar="RECIPE_OR_PEER")
    parser.add_argument("seed", type=int)
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--set", action="append", default=[], dest="settings", help="name=value, for a recipe")
    asked = parser.parse_args()
    if asked.name in PEERS:
        print(json.dumps(measure_peer(asked.name, asked.seed, asked.data)))
    else:
        print(json.dumps(measure_recipe(asked.name, asked.seed, asked.data, asked.settings)))


if __name__ == "__main__":
    main()
