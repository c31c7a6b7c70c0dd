"""Work shared among processes: what answers there is made of the standard library, which any process can import."""

import operator
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

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


def test_an_answer_that_is_there_does_not_wait_for_more_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inkdigit.reading.processes.AHEAD", 30)
    taken = []

    def slowly() -> Iterator[int]:
        for number in range(30):
            time.sleep(0.3)  # a process has started long before thirty of them are there
            taken.append(number)
            yield number

    answers = map_in_processes(DOUBLE, slowly(), 1)
    assert next(answers) == 0
    assert len(taken) < 20
    answers.close()  # type: ignore[attr-defined] # a generator


def test_other_processes_answer() -> None:
    (place,) = map_in_processes(partial(partial, os.path.realpath), ["/proc/self"], 1)
    assert place != os.path.realpath("/proc/self")


def test_what_an_answer_raises_is_raised_here() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(map_in_processes(partial(partial, int), ["1", "one"], 1))


@pytest.mark.parametrize("processes", [1, 2])
def test_what_a_process_leaves_unanswered_when_it_dies_others_answer(processes: int, tmp_path: Path) -> None:
    dies_once = (
        "number if not dies or __import__('os').path.exists(mark) "
        "else __import__('os').mkdir(mark) or __import__('os')._exit(1)"
    )
    items = [{"number": n, "dies": n in (3, 8), "mark": str(tmp_path / str(n))} for n in range(10)]
    assert list(map_in_processes(partial(partial, eval, dies_once), items, processes)) == list(range(10))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["3", "8"]


def test_processes_that_die_at_each_try_are_told_in_one_line() -> None:
    with pytest.raises(EnvironmentFault, match="processes that read die before they answer") as caught:
        list(map_in_processes(partial(partial, os._exit), [1], 2))
    assert "\n" not in str(caught.value)


def test_processes_end_with_the_one_that_asked_were_it_killed() -> None:
    asking = (
        "import os, itertools\n"
        "from functools import partial\n"
        "from inkdigit.reading.processes import map_in_processes\n"
        "if __name__ == '__main__':\n"
        "    for place in map_in_processes(partial(partial, os.path.realpath), itertools.repeat('/proc/self'), 1):\n"
        "        print(place, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", asking], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        answering = process.stdout.readline().strip()
        process.kill()
    deadline = time.monotonic() + 30
    while _is_running(answering) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_running(answering)


def _is_running(place: str) -> bool:
    """Whether a process of ``/proc`` runs; one that nobody asks for its end stays there, dead."""
    try:
        with open(f"{place}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
