"""How many parameters it takes: small networks of one recipe, over seeds, every parameter counted.

usage: python -m benchmarks.smallest [--only NAME …] [--place DIR] [--out FILE.json]

Everything was chosen on held-out training digits; each run is measured on the test set once. What is trained already
in ``--place`` is not trained again.
"""

import argparse
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.accuracy_runs import train_seeds
from benchmarks.figures import add_out, write_figures

from inkdigit.errors import InkdigitError
from inkdigit.evaluation.significance import mean_interval
from inkdigit.learning.run import Run
from inkdigit.machine import describe_machine

PLACE = Path("runs") / "smallest"

SIZES: Mapping[str, tuple[str, Sequence[str], int]] = {
    "tiny": ("smallest", ("model.widths=4,6,8", "model.depths=1,1,1"), 1),
    "smallest": ("smallest", (), 3),
    "smallest-99.5": ("smallest-99.5", (), 3),
}
"""A recipe, its settings and how many seeds, by the name of the row."""


def describe(name: str, runs: Sequence[Run]) -> dict[str, Any]:
    """A row: what the seeds of one size came to."""
    results = [run.result() for run in runs]
    accuracies = [result["test_accuracy"] for result in results]
    return {
        "name": name,
        "recipe": runs[0].recipe.name,
        "settings": list(SIZES[name][1]),
        "parameters": results[0]["parameters"],
        "seeds": [run.seed for run in runs],
        "accuracies": accuracies,
        "accuracy": statistics.mean(accuracies),
        "sd": statistics.stdev(accuracies) if len(accuracies) > 1 else None,
        "interval": mean_interval(accuracies, results[0]["test_n"]),
        "seconds": statistics.mean(result["seconds"] for result in results),
    }


def main(words: Sequence[str] | None = None) -> None:
    """Trains what is missing, prints a table, and writes it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(SIZES), default=list(SIZES), help="rows to train")
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--place", type=Path, default=PLACE, help="the folder of the runs")
    add_out(parser)
    asked = parser.parse_args(words)
    try:
        rows = []
        for name in asked.only:
            recipe, settings, seeds = SIZES[name]
            rows.append(describe(name, train_seeds(recipe, seeds, asked.data, settings, asked.place / name)))
            row = rows[-1]
            low, high = (100 * bound for bound in row["interval"])
            print(f"{name:<15}{row['parameters']:>8,} parameters  {100 * row['accuracy']:.2f} % "
                  f"[{low:.2f}, {high:.2f}]  {row['seconds']:.0f} s a seed", flush=True)  # fmt: skip
        write_figures({"machine": describe_machine(), "rows": rows}, asked.out)
    except InkdigitError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
