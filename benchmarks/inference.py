"""Networks in ONNX Runtime, as inkdigit runs them, beside PyTorch as trained: throughput, latency, cold start.

usage: python -m benchmarks.inference [RECIPE …] [--out FILE.json]

PyTorch runs eagerly, in evaluation and inference mode, with scaling and softmax; inkdigit is ``OnnxClassifier``, with
its checks of images and answers; ``ratio`` sets these two side by side. Beside them stand PyTorch with channels-last
weights, and ONNX Runtime alone, on whole batches, with its optimisation of the graph and without. ``reader`` is the
shipped network, which computes with 8-bit integers in all but PyTorch's columns, and ``reader-float`` it in floats; the
others have fresh weights, which cost the same.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.cold_start import measure_starts
from benchmarks.figures import add_out, write_figures
from benchmarks.inference_sides import (
    INKDIGIT,
    PYTORCH,
    SIDES,
    Network,
    draw_noise,
    load_network,
    open_sides,
    save_for_torch,
)
from numpy.typing import NDArray

from inkdigit.learning.graph import PARITY
from inkdigit.learning.models import MODELS
from inkdigit.learning.recipes import RECIPES
from inkdigit.machine import describe_machine, is_busy
from inkdigit.reading.weights import DEFAULT, FLOATS

NETWORKS = (DEFAULT, FLOATS, "lenet", "convnet", "cnn", "keras-cnn")
BATCHES = (1, 10, 100, 1000)
WANTED = {1: 8, 1000: 3}
"""How many times as fast as PyTorch an answer should be, by the number of images."""

THREADS = {"1": 1, "all": 0}
"""By name; 0 lets either library choose."""

ROUNDS = 5
CELL_S = 1.0
"""A row takes about as long as this, and longer where five calls of each side do."""

MAX_CALLS = 100
PAUSE_S = 0.02
"""Threads of either library wait for more work in a loop, for some milliseconds, and would be in the other's way."""

NETWORK_S, STARTS_S = 20, 25
"""About how long a network takes, and all the starts."""

Sides = Mapping[str, Callable[[], object]]


def time_in_turns(sides: Sides, rounds: int = ROUNDS, cell_s: float = CELL_S) -> dict[str, float]:
    """Median seconds of a call of each side, in turns, so that whatever else happens on the machine meets them all.

    Args:
        sides: what to call, by name.
        rounds: of all sides.
        cell_s: about how many seconds all calls may take; each side is called once a round in any case.
    """
    once_s = sum(_time(work, 2)[1] for work in sides.values())  # the first call warms up
    calls = max(1, min(MAX_CALLS, int(cell_s / rounds / once_s)))
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, work in sides.items():
            time.sleep(PAUSE_S)
            seconds[name] += _time(work, calls)
    return {name: statistics.median(each) for name, each in seconds.items()}


def _time(work: Callable[[], object], calls: int) -> list[float]:
    seconds = []
    for _ in range(calls):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return seconds


def measure_network(name: str, network: Network, batches: Sequence[int] = BATCHES) -> list[dict[str, Any]]:
    """A row for each number of threads and of images; milliseconds for all of its images.

    Raises:
        SystemExit: the sides answer differently, so that their seconds must not be compared.
    """
    everything, rows = torch.get_num_threads(), []
    images = draw_noise(max(batches))
    for label, threads in THREADS.items():
        torch.set_num_threads(threads or everything)
        answers = open_sides(network, threads)
        for n in batches:
            batch = images[:n]
            check_same(name, {side: answer(batch) for side, answer in answers.items()}, network.parity)
            times = time_in_turns({side: partial(answer, batch) for side, answer in answers.items()})
            row = {"network": name, "threads": label, "images": n, "ratio": times[PYTORCH] / times[INKDIGIT]}
            rows.append(row | {f"{side} (ms)": 1000 * seconds for side, seconds in times.items()})
            print(format_row(rows[-1]), flush=True)
    torch.set_num_threads(everything)
    return rows


def check_same(name: str, answers: Mapping[str, NDArray[np.float32]], parity: float = PARITY) -> None:
    """Ends the program where one side's probabilities lie further from PyTorch's than they may."""
    for side, answer in answers.items():
        difference = float(np.abs(answer - answers[PYTORCH]).max())
        if not difference <= parity:
            sys.exit(f"{name}: {side} differs from PyTorch by {difference:.1e}; their seconds must not be compared")


def format_row(row: Mapping[str, Any]) -> str:
    """A line of the table."""
    times = "".join(f"{row[f'{side} (ms)']:>14.3f}" for side in SIDES)
    wanted = f" of {WANTED[row['images']]}" if row["images"] in WANTED and row["threads"] == "all" else ""
    return f"{row['network']:<12}{row['threads']:>7}{row['images']:>8}{times}{row['ratio']:>8.1f} x{wanted}"


def _announce(names: Sequence[str]) -> bool:
    """Says how long it will take; whether the machine is busy."""
    minutes = (NETWORK_S * len(names) + STARTS_S) / 60
    print(f"{', '.join(names)}: about {minutes:.1f} min on two cores", flush=True)
    if busy := is_busy():
        print("this machine is at work on something else: the seconds will be too many", flush=True)
    sides = "".join(f"{side:>14}" for side in SIDES)
    print(f"\n{'network':<12}{'threads':>7}{'images':>8}{sides}{'ratio':>8}     (medians, ms)", flush=True)
    return busy


def _print_starts(name: str, starts: Mapping[str, Mapping[str, float]]) -> None:
    print(f"\na fresh process with {name}, until its first answer (medians, ms)")
    for side, steps in starts.items():
        print(f"{side:<8}", "   ".join(f"{step} {1000 * seconds:.1f}" for step, seconds in steps.items()))


def main() -> None:
    """Measures and prints tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help=f"by default {', '.join(NETWORKS)}")
    add_out(parser)
    arguments = parser.parse_args()
    names = arguments.recipes or list(NETWORKS)
    known = [FLOATS, *(name for name, recipe in RECIPES.items() if recipe.model in MODELS)]
    if unknown := [name for name in names if name not in known]:
        parser.error(f"found {', '.join(unknown)}, expected some of {', '.join(known)}")
    busy = _announce(names)
    with tempfile.TemporaryDirectory() as folder:
        networks = {name: load_network(name, Path(folder)) for name in names}
        rows = [row for name, network in networks.items() for row in measure_network(name, network)]
        first, saved = networks[names[0]], Path(folder) / "weights.pt"
        save_for_torch(first, saved)
        starts = measure_starts({"torch": saved, "onnx": first.path})
    _print_starts(names[0], starts)
    machine = {**describe_machine(), "threads": torch.get_num_threads(), "busy": busy}
    results = {"machine": machine, "rows": rows, "starts": {"network": names[0], "seconds": starts}}
    write_figures(results, arguments.out)


if __name__ == "__main__":
    main()
