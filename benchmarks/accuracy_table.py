"""What ``accuracy.py`` found, for people."""

from collections.abc import Mapping, Sequence
from typing import Any


def print_table(results: Mapping[str, Any]) -> None:
    """Prints the runs, their mean, what picking would have gained, the wrong digits and the doubted labels."""
    n = results["test_n"]
    print(f"\n{results['recipe']}, {results['data']}; each epoch chosen on held-out digits, tested on {n:,}")
    _print_runs(results["runs"])
    _print_whole(results)
    _print_picking(results["picking"])
    _print_digits(results)


def _print_runs(runs: Sequence[Mapping[str, Any]]) -> None:
    print("seed  parameters  seconds  epoch  validation     test  95 % interval       wrong")
    for run in runs:
        print(f"{run['seed']:>4}  {run['parameters']:>10,}  {run['seconds']:>7.0f}  {run['kept_epoch']:>5g}  "
              f"{run['validation_accuracy']:>10.2%}  {run['test_accuracy']:>7.2%}  "
              f"{_interval(run['test_accuracy_interval'])}  {run['wrong']:>5}")  # fmt: skip


def _print_whole(results: Mapping[str, Any]) -> None:
    """What several runs come to, as a mean and together."""
    over, runs = results["over_seeds"], results["runs"]
    sd = "" if over["sd"] is None else f" ± {100 * over['sd']:.3f} (sd)"
    print(f"\nmean over {len(runs)} seeds {100 * over['mean']:.3f} %{sd}, 95 % interval {_interval(over['interval'])}")
    wholes = {f"average of the {len(runs)} runs": results["average_of_runs"]}
    if results["ensemble"]:
        wholes[f"ensemble {results['ensemble']['name'] or ''}".strip()] = results["ensemble"]
    for name, whole in wholes.items():
        print(f"{name} {whole['accuracy']:.2%}, 95 % interval {_interval(whole['interval'])}, {whole['wrong']} wrong")


def _print_picking(choices: Sequence[Mapping[str, Any]]) -> None:
    print(f"\n{'what is told of the same runs':<66}{'accuracy':>9}   gain in points")
    for choice in choices:
        gain = "clean" if choice["gain_points"] is None else f"{choice['gain_points']:+.3f}"
        print(f"{choice['chosen']:<66}{100 * choice['accuracy']:>7.3f} %   {gain}")


def _print_digits(results: Mapping[str, Any]) -> None:
    runs, wrong, doubts = len(results["runs"]), results["wrong"], results["doubts"]
    judge = "the ensemble" if results["ensemble"] else "the average of the runs"
    print(f"\n{len(wrong)} test digits still wrong by {judge}: number, label → answer, confidence, wrong runs")
    for digit in wrong:
        print(f"{digit['index']:>6}  {_reading(digit)}  {digit['wrong_runs']} of {runs}")
    print(f"\n{len(doubts)} labels that every run contradicts and is sure of it: split, number, votes for the answer")
    for doubt in doubts:
        print(f"{doubt['split']:<16}  {doubt['index']:>6}  {_reading(doubt)}  {doubt['votes']} of {runs}")


def _reading(digit: Mapping[str, Any]) -> str:
    return f"{digit['label']} → {digit['answer']}  {digit['confidence']:>6.1%}"


def _interval(interval: Sequence[float]) -> str:
    low, high = interval
    return f"{low:.2%} to {high:.2%}"
