"""Which digits a run learns from, watches, and is measured on in the end; and whether the watched ones choose."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from inkdigit.data.dataset import Dataset, hold_out, load_dataset
from inkdigit.errors import DataError

CHOOSING_SHARE = 0.4
"""Share of the test set to choose by, in the first tutorial: 4,000 of MNIST's 10,000 images."""


@dataclass(frozen=True)
class Protocol:
    """How a run is measured.

    Attributes:
        description: one line.
        load: a dataset's name → the digits to learn from, to watch after every round, and to measure in the end.
        chooses: whether the round that does best on the watched digits is kept; else the last is.
        is_apart: whether the watched digits differ from those to measure on, so that a temperature may be fitted on
            them.
        holds_out: whether the watched digits are training digits that the run does not learn from.
    """

    description: str
    load: Callable[[str], tuple[Dataset, Dataset, Dataset]]
    chooses: bool
    is_apart: bool
    holds_out: bool = False


def _held_out(data: str) -> tuple[Dataset, Dataset, Dataset]:
    training, held_out = hold_out(load_dataset(data, "train+validation"))
    return training, held_out, load_dataset(data, "test")


def _all(data: str) -> tuple[Dataset, Dataset, Dataset]:
    test = load_dataset(data, "test")
    return load_dataset(data, "train+validation"), test, test


def _first_tutorial(data: str) -> tuple[Dataset, Dataset, Dataset]:
    test = load_dataset(data, "test")
    n, choosing = len(test), round(CHOOSING_SHARE * len(test))
    if not 0 < choosing < n:
        raise DataError(f"{data}: found {n} test image, expected at least two: one to choose by, one to measure by")
    # The tutorial takes MNIST's first; a folder of pictures is listed digit by digit, and its first are the low ones.
    is_listed = bool((np.diff(test.labels) >= 0).all())
    order = np.random.default_rng(0).permutation(n) if is_listed else np.arange(n)
    chosen, rest = np.sort(order[:choosing]), np.sort(order[choosing:])
    watched = replace(test, split="validation", images=test.images[chosen], labels=test.labels[chosen])
    measured = replace(test, images=test.images[rest], labels=test.labels[rest])
    return load_dataset(data, "train+validation"), watched, measured


PROTOCOLS: Mapping[str, Protocol] = {
    "held-out": Protocol(
        "learn from 11/12 of the training digits, choose the epoch on the other 1/12, test once",
        _held_out,
        chooses=True,
        is_apart=True,
        holds_out=True,
    ),
    "held-out-last": Protocol(
        "learn from 11/12 of the training digits, keep the last epoch, whatever the other 1/12 say, test once",
        _held_out,
        chooses=False,
        is_apart=True,
        holds_out=True,
    ),
    "all": Protocol(
        "learn from all training digits, watch the test set without choosing by it, keep the last epoch",
        _all,
        chooses=False,
        is_apart=False,
    ),
    "first-tutorial": Protocol(
        "learn from all training digits, choose the epoch on 40 % of the test set, test on the rest",
        _first_tutorial,
        chooses=True,
        is_apart=True,
    ),
}
"""A new protocol is a function and its entry here."""
