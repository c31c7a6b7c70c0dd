"""Work shared among processes: what answers there is made of the standard library, which any process can import."""

import operator
import os
from collections.abc import Iterator
from functools import partial

import pytest

from inkdigit import EnvironmentFault
from inkdigit.reading.processes import AHEAD, map_in_processes

DOUBLE = partial(partial, operator.mul, 2)
"""Called in a process, it gives what doubles."""


@pytest.mark.parametrize("together", [1, 3])
def test_answers_come_in_order_and_items_are_taken_as_they_are_needed(together: int) -> None:
    taken = []
    n = 10 * AHEAD

    def items() -> Iterator[int]:
        for number in range(n):
            taken.append(number)
            yield number

    answers = map_in_processes(DOUBLE, items(), 2, together=together)
    assert not taken
    assert next(answers) == 0
    assert len(taken) == 2 * AHEAD * together < n
    assert list(answers) == [2 * number for number in range(1, n)]


def test_other_processes_answer() -> None:
    (place,) = map_in_processes(partial(partial, os.path.realpath), ["/proc/self"], 1)
    assert place != os.path.realpath("/proc/self")


def test_what_an_answer_raises_is_raised_here() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(map_in_processes(partial(partial, int), ["1", "one"], 1))


def test_a_process_that_dies_is_told_in_one_line() -> None:
    with pytest.raises(EnvironmentFault, match="a process that read died") as caught:
        list(map_in_processes(partial(partial, os._exit), [1], 2))
    assert "\n" not in str(caught.value)
