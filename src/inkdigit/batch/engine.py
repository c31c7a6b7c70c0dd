"""Ray, as we use it."""

import logging
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pyarrow as pa

from inkdigit.errors import EnvironmentFault, InkdigitError, Interrupted, first_line

SETTINGS: Mapping[str, str] = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nobody is told that somebody reads
    "RAY_worker_niceness": "0",  # else its processes hardly get a turn beside other work
}
"""Where the environment does not say otherwise."""

FAULT = "fault"

GOES_ON = "what was read is kept, and the same command goes on"


class Engine:
    """A Ray that runs.

    Attributes:
        cores: how many it has.
    """

    def __init__(self, ray: Any) -> None:
        """Takes the module, which is connected."""
        self._ray = ray
        self.cores = int(ray.cluster_resources().get("CPU", 1))

    def map(self, work: Callable[..., pa.Table], parts: Sequence[pa.Table], *given: object) -> Iterator[dict[str, Any]]:
        """Yields the rows that come of parts, in any order; one whose process dies is given to another.

        Raises:
            InkdigitError: as the work raises it.
            EnvironmentFault: Ray gives up.
        """
        data = self._ray.data.from_arrow(parts)
        done = data.map_batches(_attempt, fn_args=(work, *given), batch_size=None, batch_format="pyarrow")
        try:
            for row in done.iter_rows():
                if FAULT in row:
                    raise pickle.loads(row[FAULT])  # noqa: S301 - of a process of our own
                yield row
        except self._ray.exceptions.RayTaskError:
            raise  # a fault of ours, with its stack trace
        except self._ray.exceptions.RayError as error:
            raise EnvironmentFault(
                f"Ray gave up ({first_line(error)}); {GOES_ON}: give the machine more memory, or take fewer processes"
            ) from error


@contextmanager
def start(processes: int, address: str | None) -> Iterator[Engine]:
    """Ray, started on this machine or reached at an address, and left again; SIGINT and SIGTERM are ``Interrupted``.

    Where it runs already, since whoever imports us has begun it, it goes on.

    Raises:
        EnvironmentFault: it cannot be started or reached.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    import ray  # noqa: PLC0415 - it reads its settings
    import ray.data  # noqa: PLC0415

    if ray.is_initialized():
        yield Engine(ray)
        return
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what it has to say, we say
    place: Mapping[str, Any] = (
        {"num_cpus": processes, "include_dashboard": False} if address is None else {"address": address}
    )
    try:
        ray.init(**place, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise EnvironmentFault(f"Ray cannot be started or reached ({first_line(error)}); see 'ray status'") from error
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False
        with _stoppable():
            yield Engine(ray)
    finally:
        ray.shutdown()


def _attempt(part: pa.Table, work: Callable[..., pa.Table], *given: object) -> pa.Table:
    """What becomes of a part; an error of ours as a row, since Ray would wrap it beyond recognition."""
    try:
        return work(part, *given)
    except InkdigitError as error:
        return pa.table({FAULT: [pickle.dumps(error)]})


@contextmanager
def _stoppable() -> Iterator[None]:
    """Signals become ``Interrupted``: at SIGTERM Ray would end the program without a word."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    told: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        told.append(number)
        raise KeyboardInterrupt  # which nothing on the way takes for an error of the work

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(f"stopped; {GOES_ON}", told[-1] if told else signal.SIGINT) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
