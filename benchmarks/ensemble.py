"""How accurate an average of networks is, beside its members and beside averages of one kind of them.

usage: python -m benchmarks.ensemble RUN [--picture FILE.png] [--out FILE.json]

Each member's epoch was chosen on held-out training digits; those tell here, too, what the average gains. The test set
is read once by each member, and by the model that averages them all.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.accuracy import count
from benchmarks.accuracy_digits import draw_wrong, find_wrong, held_out_indices
from benchmarks.accuracy_picking import average, read_epochs
from benchmarks.accuracy_table import print_wrong

from inkdigit.classifier import OnnxClassifier
from inkdigit.data.dataset import load_dataset
from inkdigit.errors import InkdigitError
from inkdigit.evaluation.figures.sheet import check_suffix
from inkdigit.evaluation.metrics import predict
from inkdigit.files import write_atomic
from inkdigit.images import Labels, Probabilities
from inkdigit.learning.run import Run
from inkdigit.machine import describe_machine

OUT = Path(__file__).parent / "results" / "ensemble.json"


def measure(run: Run, picture: Path | None = None) -> dict[str, Any]:
    """All that is told of a finished run of several members.

    Args:
        run: as ``inkdigit train best-ensemble`` leaves it.
        picture: a file for the digits that are still wrong.

    Raises:
        DataError: a run is unfinished or damaged, or its dataset holds other digits now.
    """
    run.check_data()
    members = run.members()
    training, test = load_dataset(run.data, "train+validation"), load_dataset(run.data, "test")
    held_out = held_out_indices(training)
    model, classifiers = OnnxClassifier(run.model), [OnnxClassifier(member.model) for member in members]
    of_test = [classifier(test.images) for classifier in classifiers]
    of_held_out = [classifier(training.images[held_out]) for classifier in classifiers]
    read = model(test.images)
    wrong = find_wrong(read, of_test, test.labels)
    if picture:
        draw_wrong(test.images, wrong, picture)
    kinds: dict[str, list[int]] = {}
    for number, member in enumerate(members):
        kinds.setdefault(json.dumps(member.recipe.to_dict()["model_options"]), []).append(number)
    return {
        "machine": {**describe_machine(), "threads": torch.get_num_threads()},
        "recipe": run.recipe.name,
        "seed": run.seed,
        "data": run.data,
        "test_n": len(test),
        "held_out_n": len(held_out),
        "parameters": run.result()["parameters"],
        "seconds": run.result()["seconds"],
        "members": [_describe(member) for member in members],
        "kinds": [
            {
                "model_options": json.loads(options),
                "members": len(numbers),
                **_together(of_test, of_held_out, numbers, test.labels, training.labels[held_out]),
            }
            for options, numbers in kinds.items()
        ],
        "all": _together(of_test, of_held_out, range(len(members)), test.labels, training.labels[held_out]),
        "ensemble": count(read, test.labels),
        "wrong": [asdict(digit) for digit in wrong],
    }


def _describe(member: Run) -> dict[str, Any]:
    result = member.result()
    keys = ("seed", "parameters", "seconds", "validation_accuracy", "test_accuracy")
    (kept,) = (row.epoch for row in read_epochs(member) if row.step == result["best_step"])
    wrong = round((1 - result["test_accuracy"]) * result["test_n"])
    return {**{key: result[key] for key in keys}, "kept_epoch": kept, "wrong": wrong}


def _together(
    of_test: Sequence[Probabilities],
    of_held_out: Sequence[Probabilities],
    numbers: Sequence[int],
    labels: Labels,
    held_out_labels: Labels,
) -> dict[str, int]:
    """How many digits the average of some members reads wrong."""
    sides = {"held_out_wrong": (of_held_out, held_out_labels), "test_wrong": (of_test, labels)}
    return {
        name: int(np.count_nonzero(predict(average([of[number] for number in numbers])) != truth))
        for name, (of, truth) in sides.items()
    }


def print_table(results: Mapping[str, Any]) -> None:
    """Prints the members, the averages of each kind, and the digits that are still wrong."""
    print(f"{results['recipe']}, {results['data']}; epochs chosen on held-out digits, tested on {results['test_n']:,}")
    print("seed  parameters  seconds  held out     test  wrong")
    for member in results["members"]:
        print(f"{member['seed']:>4}  {member['parameters']:>10,}  {member['seconds']:>7.0f}  "
              f"{member['validation_accuracy']:>8.2%}  {member['test_accuracy']:>7.2%}  "
              f"{member['wrong']:>5}")  # fmt: skip
    print(f"\nwrong of {results['held_out_n']:,} held-out digits, and of the test digits")
    for kind in results["kinds"]:
        print(f"{kind['held_out_wrong']:>4}  {kind['test_wrong']:>4}  {kind['members']} of {kind['model_options']}")
    print(f"{results['all']['held_out_wrong']:>4}  {results['all']['test_wrong']:>4}  all {len(results['members'])}")
    low, high = results["ensemble"]["interval"]
    print(f"\nthe model {results['ensemble']['accuracy']:.2%}, 95 % interval {low:.2%} to {high:.2%}")
    print_wrong(results["wrong"], "the ensemble", len(results["members"]))


def main(words: Sequence[str] | None = None) -> None:
    """Measures, prints and writes it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a finished run of several members")
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="draw the digits that are still wrong")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args(words)
    try:
        if arguments.picture:
            check_suffix(arguments.picture)
        results = measure(Run.open(arguments.run), arguments.picture)
        print_table(results)
        write_atomic(arguments.out, json.dumps(results, indent=2) + "\n")
    except InkdigitError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
