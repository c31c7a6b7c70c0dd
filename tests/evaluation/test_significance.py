"""Better, or chance?"""

import numpy as np
import pytest

from inkdigit.evaluation.metrics import wilson_interval
from inkdigit.evaluation.significance import PairTest, adjust, mcnemar, mean_interval


def rights(both: int, first: int, second: int) -> tuple[np.ndarray, np.ndarray]:
    """Two classifiers that are right together, alone, and the other alone, on so many images; and both wrong on 5."""
    one = np.array([True] * both + [True] * first + [False] * second + [False] * 5)
    other = np.array([True] * both + [False] * first + [True] * second + [False] * 5)
    return one, other


def test_the_exact_test_by_hand() -> None:
    # Two-sided binomial: 2 * (1 + 6) / 2**6
    test = mcnemar("a", "b", *rights(90, 5, 1))
    assert (test.only_first, test.only_second) == (5, 1)
    assert test.p == pytest.approx(2 * 7 / 64)
    assert test.words == "no significant difference between a and b"


def test_the_better_is_named_whichever_comes_first() -> None:
    for test, words in (
        (mcnemar("a", "b", *rights(90, 20, 2)), "a is better than b"),
        (mcnemar("a", "b", *rights(90, 2, 20)), "b is better than a"),
    ):
        assert (test.words, test.alone) == (words, (20, 2))


def test_where_none_is_better_counts_stand_as_names_do() -> None:
    test = mcnemar("a", "b", *rights(90, 2, 3))
    assert (test.words, test.alone) == ("no significant difference between a and b", (2, 3))


def test_the_same_classifier_twice_does_not_differ() -> None:
    right, _ = rights(10, 3, 3)
    test = mcnemar("a", "b", right, right)
    assert test.p == 1.0
    assert "no significant difference" in test.words


def test_many_tests_ask_for_more_by_hand() -> None:
    tests = [PairTest("a", str(n), 9, 1, p, p) for n, p in enumerate((0.04, 0.01, 0.03, 0.5))]
    # From the least: 4 x .01, 3 x .03, then 2 x .04 would be less than what came before, 1 x .5
    assert [test.p_adjusted for test in adjust(tests)] == pytest.approx([0.09, 0.04, 0.09, 0.5])
    assert [test.words.startswith("a is better") for test in adjust(tests)] == [False, True, False, False]
    assert [test.p for test in adjust(tests)] == [0.04, 0.01, 0.03, 0.5]
    assert adjust([]) == []


def test_interval_of_a_mean_by_hand() -> None:
    # sd .01, t(2) = 4.303: .98 ± 4.303 * .01 / sqrt(3)
    low, high = mean_interval([0.97, 0.98, 0.99], 10_000)
    assert low == pytest.approx(0.98 - 0.02484, abs=1e-4)
    assert high == 1.0
    assert mean_interval([0.98], 10_000) == wilson_interval(9800, 10_000)
