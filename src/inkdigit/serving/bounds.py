"""What a server does at most, and how long. Each bound is a field; ``inkdigit serve --set name=value`` changes it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from inkdigit.errors import UsageError, unknown
from inkdigit.machine import count_cores
from inkdigit.preparation.load import MAX_PIXELS

MOST = {"max_pixels": MAX_PIXELS, "max_memory_bytes": 2**50, "unread_s": 10**6}
"""Bounds that cannot be raised beyond: no larger picture is decoded anywhere, and the kernel's numbers have an end."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Bounds of a server; names that end in ``_s`` are seconds.

    Attributes:
        max_body_bytes: size of one request's body; beyond, 413.
        max_held_bytes: size of all bodies that are in memory at once; beyond, 503.
        max_pixels: pixels of one picture, by its header, before it is decoded; beyond, 413.
        max_memory_bytes: memory a reading may add to its process; beyond, the picture is refused; the process stays.
        max_batch: pictures of one batch request; beyond, 413.
        readers: processes that read, each with one thread.
        queue: readings that wait for a process; beyond, 503 with Retry-After.
        header_s: from the connection, or the last answer on it, to the end of a request's header; beyond, it is closed.
        body_s: from the header to the end of the body; beyond, 408.
        read_s: decoding and reading one picture; beyond, its process is killed and the picture refused.
        answer_s: from the header until the answer is sent; beyond, 503, or the end of the connection.
        unread_s: that a client may leave what it was sent unread; beyond, the connection is closed.
        shutdown_s: that accepted requests have to finish after SIGTERM.
        start_s: that a process may take to open its models.
    """

    max_body_bytes: int = 8 * 2**20
    max_held_bytes: int = 64 * 2**20
    max_pixels: int = 24_000_000
    max_memory_bytes: int = 2**30
    max_batch: int = 32
    readers: int = field(default_factory=count_cores)
    queue: int = 64
    header_s: float = 5
    body_s: float = 10
    read_s: float = 10
    answer_s: float = 20
    unread_s: float = 8
    shutdown_s: float = 8
    start_s: float = 60


def override(bounds: Bounds, settings: Iterable[str]) -> Bounds:
    """Bounds with ``name=value`` settings applied.

    Raises:
        UsageError: not ``name=value``, an unknown name, or a value that is no bound.
    """
    for setting in settings:
        name, _, value = setting.partition("=")
        if not value:
            raise UsageError(f"found '{setting}', expected name=value, such as queue=32")
        known = [bound.name for bound in fields(bounds)]
        if name not in known:
            raise unknown("bound", name, known)
        changes: dict[str, Any] = {name: _parse(name, value)}
        bounds = replace(bounds, **changes)
    if bounds.max_held_bytes < bounds.max_body_bytes:
        raise UsageError(
            f"found max_held_bytes={bounds.max_held_bytes}, expected at least max_body_bytes={bounds.max_body_bytes}: "
            "a request would wait for room for ever"
        )
    return bounds


def _parse(name: str, value: str) -> int | float:
    """A bound: seconds more than 0, or a whole number from 1."""
    try:
        number = float(value) if name.endswith("_s") else int(value)
    except ValueError:
        number = 0
    most = MOST.get(name, math.inf)
    if not 0 < number <= most or number == math.inf:
        expected = "seconds, more than 0" if name.endswith("_s") else "a whole number from 1"
        limit = f", at most {most:,}" if most < math.inf else ""
        raise UsageError(f"found {name}={value}, expected {expected}{limit}")
    return number
