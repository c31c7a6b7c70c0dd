"""A process that reads: jobs come on its standard input, answers go to its standard output, in the same order.

``python -m inkdigit.serving.worker``; the server starts it, kills it when a job takes too long, and starts another.
"""

import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import BinaryIO, TypeAlias

from inkdigit.errors import InkdigitError
from inkdigit.serving.answering import Answer, Answering
from inkdigit.serving.frames import Head, pack, read

Opener: TypeAlias = Callable[[Head], tuple[Head, Callable[[Head, bytes], Answer]]]
"""From settings to cards of the models, and what answers a job."""


def open_models(settings: Head) -> tuple[Head, Callable[[Head, bytes], Answer]]:
    """The models that settings name."""
    answering = Answering(settings["models"], settings["max_pixels"])
    return answering.cards, answering.answer


def work(opener: Opener = open_models) -> None:
    """Answers jobs until there are no more.

    The first frame received holds the settings; the first one sent, the cards of the models or an error.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # systemd sends it to all: the server lets us finish
    source, sink = sys.stdin.buffer, _take_output()
    first = read(source)
    if first is None:
        return
    try:
        cards, answer = opener(first[0])
    except InkdigitError as error:
        _send(sink, {"error": str(error)}, b"")
        return
    limit_memory(first[0]["max_memory_bytes"])
    _send(sink, {"cards": cards}, b"")
    while (job := read(source)) is not None:
        code, body = answer(*job)
        _send(sink, {"code": code}, body)


def limit_memory(more: int) -> None:
    """Lets this process grow by ``more`` bytes: what asks for more gets a MemoryError, and the process lives on.

    Address space is limited rather than resident memory, since the kernel does that at once and exactly, while whatever
    watches resident memory acts too late.
    """
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - pages, the first number is all of them
        pages = int(file.read().split()[0])
    limit, hard = pages * resource.getpagesize() + more, resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)  # whoever started us allows no more
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _take_output() -> BinaryIO:
    """Keeps standard output for answers alone, and standard error for what Python writes.

    What decoders in C write is discarded: libtiff writes a page about a single damaged TIFF, and would fill the log.
    """
    sink = os.fdopen(os.dup(1), "wb")
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return sink


def _send(sink: BinaryIO, head: Head, body: bytes) -> None:
    sink.write(pack(head, body))
    sink.flush()


if __name__ == "__main__":
    work()
