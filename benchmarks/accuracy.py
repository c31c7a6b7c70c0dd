"""How accurate a recipe is, chosen cleanly, over seeds; what choosing on the test set would have gained; what is wrong.

usage: python -m benchmarks.accuracy RUN RUN … [--ensemble RUN_OR_MODEL.onnx] [--picture FILE.png] [--out FILE.json]
       python -m benchmarks.accuracy --train N [--recipe NAME] …

A run's epoch is chosen on held-out training digits, and the run is measured on the test set once. Here the weights of
its other epochs are, too, to tell what a choice by the test set would have made of the same runs: that is no result.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.accuracy_digits import draw_wrong, find_doubts, find_wrong, held_out_indices
from benchmarks.accuracy_picking import average, compare_choices, compare_triples, estimate_seconds, measure_epochs
from benchmarks.accuracy_runs import describe_run, find_runs, train_seeds
from benchmarks.accuracy_table import print_table
from benchmarks.figures import add_out, write_figures

from inkdigit.classifier import OnnxClassifier
from inkdigit.data.dataset import load_dataset
from inkdigit.errors import InkdigitError
from inkdigit.evaluation.figures.sheet import check_suffix
from inkdigit.evaluation.metrics import predict, wilson_interval
from inkdigit.evaluation.significance import mean_interval
from inkdigit.images import Labels, Probabilities
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.run import Run
from inkdigit.machine import describe_machine

PLACE = Path("runs") / "accuracy"


def measure(runs: Sequence[Run], ensemble: Path | None = None, picture: Path | None = None) -> dict[str, Any]:
    """All that is told of finished runs, the first seed first.

    Args:
        runs: of one recipe.
        ensemble: the model that is judged beside them; else it is their average.
        picture: a file for the digits that are still wrong.
    """
    recipe, data = runs[0].recipe, runs[0].data
    training, test = load_dataset(data, "train+validation"), load_dataset(data, "test")
    held_out = held_out_indices(training)
    classifiers = [OnnxClassifier(run.model) for run in runs]
    judged = _open_model(ensemble) if ensemble else None
    minutes = 1 + estimate_seconds(runs, len(test)) // 60
    print(f"every epoch of {len(runs)} runs on {len(test):,} digits: about {minutes:.0f} min", flush=True)
    epochs = [measure_epochs(run, test) for run in runs]
    of_runs = [classifier(test.images) for classifier in classifiers]
    read = judged(test.images) if judged else average(of_runs)
    wrong = find_wrong(read, of_runs, test.labels)
    if picture:
        draw_wrong(test.images, wrong, picture)
    of_held_out = [classifier(training.images[held_out]) for classifier in classifiers]
    doubts = [
        *find_doubts(of_runs, test.labels, test.split, np.arange(len(test))),
        *find_doubts(of_held_out, training.labels[held_out], training.split, held_out),
    ]
    return {
        "machine": {**describe_machine(), "threads": torch.get_num_threads()},
        "recipe": recipe.name,
        "data": data,
        "protocol": {recipe.protocol: PROTOCOLS[recipe.protocol].description},
        "test_n": len(test),
        "runs": [describe_run(run, of_run) for run, of_run in zip(runs, epochs, strict=True)],
        "over_seeds": summarise([run.result()["test_accuracy"] for run in runs], len(test)),
        "average_of_runs": count(average(of_runs), test.labels),
        "ensemble": {"name": judged.metadata.get("name"), **count(read, test.labels)} if judged else None,
        "picking": [asdict(choice) for choice in compare_choices(epochs) + compare_triples(of_runs, test.labels)],
        "wrong": [asdict(digit) for digit in wrong],
        "doubts": [asdict(doubt) for doubt in doubts],
    }


def summarise(accuracies: Sequence[float], n: int) -> dict[str, Any]:
    """Mean over seeds, how much they differ (None of one), and the 95 % interval of the mean; of n digits each."""
    return {
        "mean": statistics.mean(accuracies),
        "sd": statistics.stdev(accuracies) if len(accuracies) > 1 else None,
        "interval": mean_interval(accuracies, n),
    }


def count(probabilities: Probabilities, labels: Labels) -> dict[str, Any]:
    """Accuracy with its 95 % interval, and how many are wrong."""
    right = int((predict(probabilities) == labels).sum())
    return {
        "accuracy": right / len(labels),
        "interval": wilson_interval(right, len(labels)),
        "wrong": len(labels) - right,
    }


def _open_model(path: Path) -> OnnxClassifier:
    return OnnxClassifier(Run.open(path).model if path.is_dir() else path)


def _parse(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN", help="folders of finished runs, seeds of a recipe")
    parser.add_argument("--train", type=int, metavar="N", help="train N seeds instead, or what is missing of them")
    parser.add_argument("--recipe", default="best", help="to train")
    parser.add_argument("--data", default="mnist", help="to train on")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="NAME=VALUE", help="to train so")
    parser.add_argument("--place", type=Path, default=PLACE, help="the folder of the runs that are trained")
    parser.add_argument("--ensemble", type=Path, metavar="RUN_OR_MODEL.onnx", help="judge its mistakes, too")
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="draw the digits that are still wrong")
    add_out(parser)
    arguments = parser.parse_args(words)
    if bool(arguments.runs) == (arguments.train is not None):
        parser.error("expected either folders of runs, or --train N")
    if arguments.train is not None and arguments.train < 1:
        parser.error(f"found --train {arguments.train}, expected at least 1")
    return arguments


def main(words: Sequence[str] | None = None) -> None:
    """Finds or trains the runs, measures, prints and writes it."""
    arguments = _parse(words)
    try:
        if arguments.picture:
            check_suffix(arguments.picture)  # before minutes have passed
        if arguments.runs:
            runs = find_runs(arguments.runs)
        else:
            place, settings = arguments.place, arguments.settings
            runs = train_seeds(arguments.recipe, arguments.train, arguments.data, settings, place)
        results = measure(runs, arguments.ensemble, arguments.picture)
        print_table(results)
        write_figures(results, arguments.out)
    except InkdigitError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
