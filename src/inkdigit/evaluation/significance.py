"""Is one classifier better than another, or was it chance?"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigit.errors import missing_extra
from inkdigit.evaluation.metrics import wilson_interval

ALPHA = 0.05


@dataclass(frozen=True)
class PairTest:
    """Two classifiers on the same images.

    Attributes:
        first: a name.
        second: another.
        only_first: images that the first alone reads right.
        only_second: images that the second alone reads right.
        p: the probability of a difference at least as large if both were equally good.
        p_adjusted: the same, adjusted for all tests made together: the one to judge by.
    """

    first: str
    second: str
    only_first: int
    only_second: int
    p: float
    p_adjusted: float

    @property
    def words(self) -> str:
        """The finding in a sentence."""
        if self.p_adjusted >= ALPHA:
            return f"no significant difference between {self.first} and {self.second}"
        better, worse = (self.first, self.second) if self.only_first > self.only_second else (self.second, self.first)
        return f"{better} is better than {worse}"

    @property
    def alone(self) -> tuple[int, int]:
        """Images that one of them alone reads right, in the order in which the finding names them."""
        counts = self.only_first, self.only_second
        return counts if self.p_adjusted >= ALPHA else (max(counts), min(counts))


def mcnemar(first: str, second: str, right: NDArray[np.bool_], other_right: NDArray[np.bool_]) -> PairTest:
    """The exact test of McNemar 1947 on the images that one of two classifiers alone reads right, bool (n,) each."""
    only_first, only_second = int((right & ~other_right).sum()), int((other_right & ~right).sum())
    n = only_first + only_second
    p = float(_stats().binomtest(only_first, n).pvalue) if n else 1.0
    return PairTest(first, second, only_first, only_second, p, p)


def adjust(tests: Sequence[PairTest]) -> list[PairTest]:
    """Adjusts tests made together: in 19 of 20 such tables no difference is found by chance alone (Holm 1979)."""
    order = sorted(range(len(tests)), key=lambda index: tests[index].p)
    adjusted, least = list(tests), 0.0
    for rank, index in enumerate(order):
        least = max(least, min(1.0, (len(tests) - rank) * tests[index].p))
        adjusted[index] = replace(tests[index], p_adjusted=least)
    return adjusted


def mean_interval(accuracies: Sequence[float], n: int) -> tuple[float, float]:
    """The 95 % confidence interval of a mean accuracy, 0..1.

    Over several seeds it is Student's, from how much they differ; of a single run it is Wilson's, from its n images.
    """
    if len(accuracies) == 1:
        return wilson_interval(round(accuracies[0] * n), n)
    mean, sd = statistics.mean(accuracies), statistics.stdev(accuracies)
    half = float(_stats().t.ppf(0.975, len(accuracies) - 1)) * sd / len(accuracies) ** 0.5
    return max(0.0, mean - half), min(1.0, mean + half)


def _stats() -> Any:  # scipy has no types
    try:
        from scipy import stats  # noqa: PLC0415 - an extra
    except ImportError:
        raise missing_extra("learn", "scipy") from None
    return stats
