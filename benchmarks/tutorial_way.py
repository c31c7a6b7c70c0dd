"""Training the tutorials' way beside inkdigit's loop, in turns, in one run; and whether both learn the same.

usage: python -m benchmarks.tutorial_way [RECIPE …] [--repeats N] [--out FILE.json]

The tutorials' way is the articles' loop in PyTorch (``keras_way.py`` has the one in TensorFlow): a picture at a
time from an array to a tensor, as torchvision does it, then their batches and plain optimisers. Both sides are
timed without evaluation, on all 60,000 training digits. The losses are compared from the same weights, on the
same batches in the same order, without mirrored digits, which each side would draw for itself.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.figures import add_out, write_figures
from benchmarks.keras_way import tensorflow_version, train_apart
from benchmarks.tutorial_networks import (
    TUTORIALS,
    WHOLE_SET_STEPS,
    RandomHorizontalFlip,
    Tutorial,
    build_network,
    initial_weights,
    load_batches,
    train_tutorial,
)

from inkdigit.data.dataset import Dataset
from inkdigit.evaluation.history import Row
from inkdigit.learning.loader import Batches
from inkdigit.learning.logs import LOGGERS
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.recipe import Recipe, override
from inkdigit.learning.recipes import RECIPES
from inkdigit.learning.run import Run
from inkdigit.learning.train import fit
from inkdigit.machine import describe_machine, is_busy

SEED = 0
CPU = torch.device("cpu")
CHECK_STEPS, CHECK_MEAN = 200, 20
"""Losses are compared over so many steps, as means of so many."""

TOLERANCES = {"float32": 1e-3, "bfloat16": 1e-2}
"""The greatest relative difference of the mean loss in the end, by the recipe's precision."""


FASTER = ("mlp@bfloat16", "cnn@bfloat16")
"""Recipes in another precision than their articles', timed as well: a name, ``@``, the precision."""


def base_of(name: str) -> str:
    """The recipe's name without a precision."""
    return name.partition("@")[0]


def tutorial_of(name: str) -> Tutorial:
    """How its article trains it."""
    return TUTORIALS[base_of(name)]


def recipe_of(name: str) -> Recipe:
    """The recipe, in another precision where the name says so."""
    base, _, precision = name.partition("@")
    return override(RECIPES[base], [f"precision={precision}"] if precision else [])


def train_inkdigit(recipe: Recipe, training: Dataset) -> list[Row]:
    """The loop of inkdigit, as ``inkdigit train`` runs it, but that it watches next to nothing. Returns its log."""
    watched = replace(_first(training, 100), split="test")
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), recipe, SEED, training.name, training.sha256)
        progress, _ = fit(run, training, watched, [LOGGERS["csv"]()], CPU)
    return progress.history


def time_tutorial(name: str, training: Dataset, steps: int = WHOLE_SET_STEPS) -> float:
    """Seconds of an epoch, or of so many steps of the whole set."""
    tutorial = tutorial_of(name)
    if tutorial.optimizer is None:
        return float(train_apart(training.images, training.labels)["seconds"])
    network, batches = build_network(base_of(name), SEED), load_batches(tutorial, training, steps)
    start = time.perf_counter()
    train_tutorial(tutorial, network, batches)
    return time.perf_counter() - start


def time_inkdigit(name: str, training: Dataset, steps: int = WHOLE_SET_STEPS) -> tuple[float, float]:
    """Seconds of the same, by the loop's own clock, before it evaluates; and of all that is done once around it."""
    is_whole = recipe_of(name).batch_size is None
    recipe = override(recipe_of(name), [f"steps={steps}" if is_whole else "epochs=1"])
    start = time.perf_counter()
    seconds = train_inkdigit(recipe, training)[-1].seconds
    return seconds, time.perf_counter() - start - seconds


def time_in_turns(name: str, training: Dataset, repeats: int) -> dict[str, Any]:
    """Times inkdigit, the tutorial, inkdigit, the tutorial, …, after a short warm-up of both."""
    tutorial = tutorial_of(name)
    few = _first(training, 20 * (tutorial.batch_size or 100))
    time_inkdigit(name, few, 2)
    if tutorial.optimizer:  # TensorFlow warms up for itself
        time_tutorial(name, few, 2)
    ours, once, theirs = [], [], []
    for _ in range(repeats):
        seconds, around = time_inkdigit(name, training)
        ours.append(seconds * tutorial.timings_in_length)
        once.append(around)
        theirs.append(time_tutorial(name, training) * tutorial.timings_in_length)
    return {
        "length": tutorial.length,
        "inkdigit_s": ours,
        "inkdigit_once_s": once,
        "tutorial_s": theirs,
        "ratio": statistics.mean(theirs) / statistics.mean(ours),
        "notes_s": tutorial.notes_s,
        "beside_notes_percent": 100 * (statistics.mean(theirs) / tutorial.notes_s - 1),
    }


def compare_losses(
    name: str, training: Dataset, steps: int = CHECK_STEPS, tutorial: Tutorial | None = None
) -> dict[str, Any]:
    """Trains both ways from the same weights on the same batches; what is timed must learn the same.

    Args:
        name: of the recipe.
        training: the digits, of which as many are used as the steps need.
        steps: to compare.
        tutorial: instead of the recipe's own.
    """
    tutorial = tutorial or tutorial_of(name)
    if tutorial.batch_size is not None:
        training = _first(training, steps * tutorial.batch_size)
    recipe = replace(recipe_of(name), augment={})
    tolerance = TOLERANCES[recipe.precision]
    length = f"steps={steps}" if recipe.batch_size is None else "epochs=1"  # by epochs it validates but once
    ours = [row.train_loss for row in train_inkdigit(override(recipe, [length, "log_every=1"]), training)]
    theirs = _tutorial_losses(name, tutorial, training, len(ours))
    early = max(_deviations(ours[:CHECK_MEAN], theirs[:CHECK_MEAN], 1))  # before rounding has grown
    means = list(_deviations(ours, theirs, CHECK_MEAN))
    return {
        "precision": recipe.precision,
        "tolerance": tolerance,
        "steps": len(ours),
        "first_step": next(_deviations(ours, theirs, 1)),
        f"worst_step_of_first_{CHECK_MEAN}": early,
        f"worst_mean_of_{CHECK_MEAN}": max(means),
        f"last_mean_of_{CHECK_MEAN}": means[-1],
        "agrees": means[-1] <= tolerance,
    }


def _tutorial_losses(name: str, tutorial: Tutorial, training: Dataset, steps: int) -> list[float]:
    """The loss of each step, on inkdigit's batches."""
    order = _order(name, training, steps) if tutorial.batch_size else None
    if order and tutorial.optimizer is None:
        weights = [weight.numpy() for weight in initial_weights(base_of(name), SEED)]
        in_order = np.concatenate(order)
        return list(train_apart(training.images[in_order], training.labels[in_order], weights)["losses"])
    still = tuple(step for step in tutorial.transforms if not isinstance(step, RandomHorizontalFlip))
    batches = load_batches(replace(tutorial, transforms=still), training, steps, order)
    return train_tutorial(tutorial, build_network(base_of(name), SEED), batches)


def _order(name: str, training: Dataset, steps: int) -> list[list[int]]:
    """Which images inkdigit's loop sees at each step: its batches of a set whose labels are numbers in a row."""
    numbered = replace(training, labels=np.arange(len(training)))
    batches = Batches(numbered, recipe_of(name).batch_size, seed=SEED, device=CPU)
    return [numbers.tolist() for _, numbers in batches.steps(0, steps)]


def _deviations(ours: Sequence[float], theirs: Sequence[float], mean_of: int) -> Iterator[float]:
    """Relative differences of the means of so many steps."""
    pairs = np.array(list(zip(ours, theirs, strict=True)))  # (steps, 2)
    for start in range(0, len(pairs), mean_of):
        own, other = pairs[start : start + mean_of].mean(axis=0)
        yield float(abs(own / other - 1))


def _first(dataset: Dataset, n: int) -> Dataset:
    return replace(dataset, images=dataset.images[:n], labels=dataset.labels[:n])


def _announce(names: Sequence[str], repeats: int) -> None:
    timed_s = sum(tutorial.notes_s / tutorial.timings_in_length for tutorial in map(tutorial_of, names))
    minutes = (1.5 * repeats * timed_s + 25 * len(names)) / 60  # inkdigit's own need at most half; then the losses
    print(f"{', '.join(names)}: about {minutes:.0f} min on two cores", flush=True)
    if is_busy():
        print("this machine is at work on something else: the seconds will be too many", flush=True)


def _print_timing(name: str, timing: Mapping[str, Any]) -> None:
    ours, theirs = (" ".join(f"{s:.1f}" for s in timing[side]) for side in ("inkdigit_s", "tutorial_s"))
    print(f"{name:<12} {timing['length']:<11} inkdigit {ours:<16} tutorial {theirs:<18} {timing['ratio']:5.1f} x"
          f"   notes {timing['notes_s']:g} s, {timing['beside_notes_percent']:+.0f} %", flush=True)  # fmt: skip


def _print_losses(name: str, losses: Mapping[str, Any]) -> None:
    worst, last = losses[f"worst_mean_of_{CHECK_MEAN}"], losses[f"last_mean_of_{CHECK_MEAN}"]
    early, verdict = losses[f"worst_step_of_first_{CHECK_MEAN}"], "agree" if losses["agrees"] else "DIFFER"
    print(f"{name:<12} {losses['steps']} steps   losses {verdict}: {last:.1e} in the last mean of {CHECK_MEAN}, "
          f"{losses['tolerance']:g} allowed ({losses['precision']}); {early:.1e} at worst in the first {CHECK_MEAN} "
          f"steps, {worst:.1e} in a mean", flush=True)  # fmt: skip


def main() -> None:
    """Times and compares; ends with 1 where the losses differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = (*TUTORIALS, *FASTER)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help=f"of {', '.join(known)}; all by default")
    parser.add_argument("--repeats", type=int, default=2, help="timings of each side; 0 compares the losses alone")
    add_out(parser)
    arguments = parser.parse_args()
    names = arguments.recipes or known
    if unknown := [name for name in names if name not in known]:
        parser.error(f"found {', '.join(unknown)}, expected some of {', '.join(known)}")
    _announce(names, arguments.repeats)
    results: dict[str, Any] = {"machine": describe_machine(), "timings": {}, "losses": {}}
    training, _, _ = PROTOCOLS["all"].load("mnist")
    for name in names:
        results["losses"][name] = compare_losses(name, training)
        _print_losses(name, results["losses"][name])
        if arguments.repeats:
            results["timings"][name] = time_in_turns(name, training, arguments.repeats)
            _print_timing(name, results["timings"][name])
        results["machine"]["tensorflow"] = tensorflow_version()
        write_figures(results, arguments.out)
    if not all(losses["agrees"] for losses in results["losses"].values()):
        sys.exit("the losses differ: the two sides do not learn the same, and their seconds must not be compared")


if __name__ == "__main__":
    main()
