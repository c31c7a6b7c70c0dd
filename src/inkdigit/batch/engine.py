"""Ray, as we use it."""

import logging
import os
import pickle
import re
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from inkdigit.errors import EnvironmentFault, InkdigitError, UsageError, first_line
from inkdigit.machine import count_cores
from inkdigit.signals import interruptible

SETTINGS: Mapping[str, str] = {
    "RAY_USAGE_STATS_ENABLED": "0",  # usage is reported to nobody
    "RAY_worker_niceness": "0",  # else its processes hardly get to run beside other work
}
"""Environment variables that are set unless they are set already."""

FAULT = "fault"

KNOCK_S = 5.0
"""How long to wait for a cluster to answer; Ray itself would go on trying for minutes."""

GOES_ON = "what was read is kept, and the same command goes on"


class Engine:
    """A running Ray.

    Attributes:
        cores: how many it has.
    """

    def __init__(self, ray: Any) -> None:
        """Takes the module, which is connected."""
        self._ray = ray
        self.cores = max(1, int(ray.cluster_resources().get("CPU", 1)))

    def map(self, work: Callable[..., pa.Table], parts: Sequence[pa.Table], *given: object) -> Iterator[dict[str, Any]]:
        """Yields the rows that result from parts, in any order; a part whose process dies is given to another.

        Raises:
            InkdigitError: as the work raises it.
            EnvironmentFault: the work cannot write to a disk, or Ray gives up.
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


def _attempt(part: pa.Table, work: Callable[..., pa.Table], *given: object) -> pa.Table:
    """The result of a part; our errors, and a disk's, as a row, since Ray would wrap them beyond recognition."""
    try:
        return work(part, *given)
    except InkdigitError as error:
        return _to_fault(error)
    except OSError as error:
        told = f"{error.filename or 'a file'}: {error.strerror or first_line(error)}; {GOES_ON} once this is mended"
        return _to_fault(EnvironmentFault(told))


def _to_fault(error: InkdigitError) -> pa.Table:
    return pa.table({FAULT: [pickle.dumps(error)]})


@contextmanager
def start(processes: int, address: str | None) -> Iterator[Engine]:
    """Ray, started on this machine or reached at an address, and left again.

    If the program that imports us has started it already, it is used as it is, and goes on running.

    Args:
        processes: on this machine; 0 takes every core.
        address: of a cluster, or None.

    Raises:
        UsageError: processes or an address, where Ray runs already.
        EnvironmentFault: it cannot be started or reached.
        Interrupted: by SIGINT or SIGTERM, where it does not run already.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    import ray  # noqa: PLC0415 - it reads its settings
    import ray.data  # noqa: PLC0415

    if ray.is_initialized():
        if processes or address is not None:
            raise UsageError("found Ray at work in this process, expected neither processes nor an address")
        yield Engine(ray)
        return
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # we report errors ourselves
    with interruptible(f"stopped; {GOES_ON}") as listen:
        _connect(ray, processes or count_cores(), address)
        listen()
        try:
            ray.data.DataContext.get_current().enable_progress_bars = False
            yield Engine(ray)
        finally:
            ray.shutdown()


def _hide_token() -> None:
    """Makes Ray's token readable by the user alone: whoever knows it can run anything through Ray's ports."""
    path = Path.home() / ".ray" / "auth_token"
    with suppress(OSError):  # where there is no home, Ray tells what is wrong
        path.parent.mkdir(exist_ok=True)
        with suppress(FileExistsError), open(path, "x", opener=partial(os.open, mode=0o600)) as file:
            file.write(secrets.token_hex(32))
        path.chmod(0o600)


def _connect(ray: Any, processes: int, address: str | None) -> None:
    """Starts or reaches Ray."""
    place: Mapping[str, Any] = {"address": address}
    if address is None:
        _hide_token()
        place = {"address": "local", "num_cpus": processes, "include_dashboard": False}
    else:
        _knock(address)
    try:
        ray.init(**place, log_to_driver=False, logging_level=logging.ERROR)
    except ConnectionError as error:
        raise EnvironmentFault(f"{address}: found no Ray cluster; start one with: ray start --head") from error
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise EnvironmentFault(f"Ray cannot be started or reached ({first_line(error)}); see 'ray status'") from error


def _knock(address: str) -> None:
    """Checks that something answers at an address, if it names a machine and a port."""
    named = re.fullmatch(r"(?:ray://)?([^/]+):(\d+)", address)
    if named is None:
        return
    try:
        socket.create_connection((named[1], int(named[2])), KNOCK_S).close()
    except (OSError, OverflowError) as error:
        raise EnvironmentFault(
            f"{address}: nobody answers there ({error}); see 'ray status' on that machine"
        ) from error
