"""Work shared among processes: in one, Python runs on one core, however many threads it has."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any, TypeVar

from inkdigit.errors import EnvironmentFault, UsageError

Item = TypeVar("Item")
Answer = TypeVar("Answer")

AHEAD = 2
"""Parts that are taken for each process before the first answer is waited for."""


def check_processes(processes: int) -> None:
    """Checks a number of processes.

    Raises:
        UsageError: it is less than 1.
    """
    if processes < 1:
        raise UsageError(f"found {processes} processes, expected 1 or more")


def map_in_processes(
    opener: Callable[[], Callable[[Item], Answer]], items: Iterable[Item], processes: int, *, together: int = 1
) -> Iterator[Answer]:
    """Yields an answer for each item, in order, and takes no more items while one is there to be yielded.

    The processes are spawned, so they have none of this one's variables: they import the running script, which must
    therefore begin its work under ``if __name__ == "__main__":``, as ``multiprocessing`` says. If one dies, new ones go
    on with what is not answered yet.

    Args:
        opener: makes the answering function, once in each process; it is pickled, as are items and answers.
        items: taken only as they are needed.
        processes: how many.
        together: items that a process is given at once, where they and their answers are small; it waits for so many.

    Raises:
        EnvironmentFault: they die without an answer.
    """
    waiting = iter(items)
    parts: deque[list[Item]] = deque()
    pending: deque[Future[list[Answer]]] = deque()  # of the parts in their order, as far as they were given
    pool = _start(opener, processes)
    has_answered = False
    try:
        while True:
            try:
                pending += [pool.submit(_answer, part) for part in islice(parts, len(pending), None)]
                is_room = len(parts) < AHEAD * processes and not (pending and pending[0].done())
                if is_room and (part := list(islice(waiting, together))):
                    parts.append(part)
                    continue
                if not parts:
                    return
                answers = pending[0].result()
            except BrokenProcessPool as error:
                if not has_answered:
                    raise EnvironmentFault(
                        "processes that read die before they answer: they have too little memory, or were started by "
                        'a script that does not begin its work under if __name__ == "__main__":; take fewer '
                        "processes, or mend the script"
                    ) from error
                pool.shutdown()
                pool, has_answered = _start(opener, processes), False
                pending.clear()
            else:
                parts.popleft()
                pending.popleft()
                has_answered = True
                yield from answers
    finally:
        pool.shutdown(cancel_futures=True)


def _start(opener: Callable[[], Callable[[Item], Answer]], processes: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), initializer=_open, initargs=(opener,))


_ANSWERER: list[Callable[[Any], Any]] = []
"""What answers in a process of the pool, which has nothing else to keep it in."""


def _open(opener: Callable[[], Callable[[Any], Any]]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asked
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _ANSWERER[:] = [opener()]


def _end_with_parent() -> None:
    """Ends this process once its parent is gone, even if killed: its siblings would keep the queue of work open."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _answer(items: list[Any]) -> list[Any]:
    return [_ANSWERER[0](item) for item in items]
