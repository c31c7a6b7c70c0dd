"""How soon 99 % (and 99.5 %) of MNIST's test digits are read right: inkdigit beside two peers, in turns, in one run.

usage: python -m benchmarks.time_to_accuracy [--recipes NAME …] [--peers NAME …] [--seeds N] [--out FILE.json]

The peers (``speed_peers.py``) are the notebook that is known for 99 % in 0.76 s on a laptop's GPU, timed in full, and
PyTorch's own example, timed to the end of the first epoch with 99.0 %. Each training has a fresh process, all cores,
and the clock of ``timed_training.py``: from uint8 arrays in memory to the final weights. Accuracies are told without
and with test-time shifts: the mean answer to an image and to itself moved by a pixel each way.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.figures import add_out, write_figures
from benchmarks.speed_peers import PEERS

from inkdigit.data.dataset import load_dataset
from inkdigit.errors import InkdigitError
from inkdigit.evaluation.significance import mean_interval
from inkdigit.learning.estimate import estimate_seconds
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.recipe import override
from inkdigit.learning.recipes import find_recipe
from inkdigit.machine import describe_machine, is_busy

SEEDS: Mapping[str, int] = {"fastest": 10, "fast-99.5": 3}
"""Of the recipes that are trained by default."""

OTHER_SEEDS = 3
BESIDE = "notebook"
"""The peer whose median seconds are divided by those of each: the ratio."""

AROUND_S = 8
"""A process needs so long to import, to load and to evaluate."""

COLUMNS = "{:<12}{:>5}  {:<30}{:<30}{:<27}{:>7}"

Rows = Sequence[Mapping[str, Any]]


def plan(recipes: Sequence[str], peers: Sequence[str], seeds: int | None = None) -> list[tuple[str, int]]:
    """Names and seeds in the order in which they are trained: all names by turns, as long as they have seeds left.

    Args:
        recipes: names of recipes.
        peers: names in ``PEERS``; they get as many seeds as the recipe that has most, within their own bounds.
        seeds: of each; None takes ``SEEDS``.
    """
    counts = {name: SEEDS.get(name, OTHER_SEEDS) if seeds is None else seeds for name in recipes}
    most = max(counts.values())
    counts |= {name: min(most, PEERS[name].seeds) for name in peers}
    return [(name, seed) for seed in range(most) for name, count in counts.items() if seed < count]


def measure_apart(name: str, seed: int, data: str, settings: Sequence[str]) -> dict[str, Any]:
    """One training in a fresh process; see ``timed_training.py``."""
    command = [sys.executable, "-m", "benchmarks.timed_training", name, str(seed), "--data", data]
    command += [f"--set={setting}" for setting in settings]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if ended.returncode:
        raise SystemExit(f"timed_training.py failed on {name}, seed {seed} (exit code {ended.returncode}): see above")
    row: dict[str, Any] = json.loads(ended.stdout)
    return row


def summarise(rows: Rows, n: int) -> dict[str, dict[str, Any]]:
    """What the seeds of each name come to.

    Args:
        rows: of ``timed_training.py``.
        n: test digits.
    """
    summary: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(row["name"] for row in rows):
        own = [row for row in rows if row["name"] == name]
        seconds = [row["seconds"] for row in own]
        summary[name] = {
            "seeds": len(own),
            "accuracy": _spread([row["accuracy"] for row in own], n),
            "accuracy_shifted": _spread([row["accuracy_shifted"] for row in own], n),
            "seconds": {"median": statistics.median(seconds), "min": min(seconds), "max": max(seconds)},
        }
    beside = summary.get(BESIDE)
    for figures in summary.values():
        figures["times_faster"] = beside and beside["seconds"]["median"] / figures["seconds"]["median"]
    return summary


def _spread(accuracies: Sequence[float], n: int) -> dict[str, Any]:
    sd = statistics.stdev(accuracies) if len(accuracies) > 1 else None
    return {"mean": statistics.mean(accuracies), "sd": sd, "interval": mean_interval(accuracies, n)}


def estimate(turns: Sequence[tuple[str, int]], data: str, settings: Sequence[str]) -> float:
    """Seconds that all of it will take."""
    seconds = {}
    for name in {name for name, _ in turns}:
        if name in PEERS:
            seconds[name] = PEERS[name].seconds
        else:
            recipe = override(find_recipe(name), settings)
            seconds[name] = estimate_seconds(recipe, len(PROTOCOLS[recipe.protocol].load(data)[0]))
    return sum(AROUND_S + seconds[name] for name, _ in turns)


def table(summary: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The summary's lines; accuracies in %, with the 95 % interval of their mean."""
    yield COLUMNS.format("", "seeds", "accuracy (%)", "with test-time shifts (%)", "seconds (least to most)", "ratio")
    for name, figures in summary.items():
        seconds, ratio = figures["seconds"], figures["times_faster"]
        yield COLUMNS.format(
            name,
            figures["seeds"],
            _accuracy(figures["accuracy"]),
            _accuracy(figures["accuracy_shifted"]),
            f"{seconds['median']:.2f} ({seconds['min']:.2f} to {seconds['max']:.2f})",
            f"{ratio:.1f} x" if ratio else "",
        )


def _accuracy(spread: Mapping[str, Any]) -> str:
    low, high = (100 * bound for bound in spread["interval"])
    sd = "" if spread["sd"] is None else f" ± {100 * spread['sd']:.2f}"
    return f"{100 * spread['mean']:.2f}{sd} [{low:.2f}, {high:.2f}]"


def main() -> None:
    """Measures, prints, and writes after every training, so that nothing is lost where it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", nargs="+", default=[*SEEDS], metavar="NAME", help=f"default: {' '.join(SEEDS)}")
    parser.add_argument("--peers", nargs="*", default=[*PEERS], choices=[*PEERS], help="default: all; none after it")
    parser.add_argument("--seeds", type=int, help="of each recipe; default: as in SEEDS")
    parser.add_argument("--set", action="append", default=[], dest="settings", help="name=value, for every recipe")
    parser.add_argument("--data", default="mnist", help="another dataset, to try it out: optdigits")
    add_out(parser)
    asked = parser.parse_args()
    if asked.seeds is not None and asked.seeds < 1:
        parser.error(f"found {asked.seeds} seeds, expected at least 1")
    turns = plan(asked.recipes, asked.peers, asked.seeds)
    try:
        minutes = estimate(turns, asked.data, asked.settings) / 60
    except InkdigitError as error:
        parser.error(str(error))
    print(f"{len(turns)} trainings, one at a time: about {minutes:.0f} min", flush=True)
    if is_busy():
        print("this machine is at work on something else: the seconds will be too many", flush=True)
    n, rows = len(load_dataset(asked.data, "test")), []
    for name, seed in turns:
        row = measure_apart(name, seed, asked.data, asked.settings)
        rows.append(row)
        print(f"{name}, seed {seed}: {row['seconds']:.2f} s, {row['accuracy']:.2%}, "
              f"with shifts {row['accuracy_shifted']:.2%}", flush=True)  # fmt: skip
        results = {
            "machine": describe_machine(),
            "data": asked.data,
            "settings": asked.settings,
            "peers": {peer: {"source": PEERS[peer].source, "timed": PEERS[peer].timed} for peer in asked.peers},
            "summary": summarise(rows, n),
            "trainings": rows,
        }
        write_figures(results, asked.out)
    print(*table(results["summary"]), sep="\n")


if __name__ == "__main__":
    main()
