"""One run trained by several processes: each learns from its share of every batch, and all take the same step.

As in Goyal et al., "Accurate, large minibatch SGD", 2017, except that the batch stays the size that the recipe sets.
"""

import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch import Generator, Tensor, nn

from inkdigit.data.dataset import Dataset
from inkdigit.errors import EnvironmentFault, UsageError
from inkdigit.learning.recipe import Recipe
from inkdigit.machine import count_cores

COMMAND = (sys.executable, "-P", "-m", "inkdigit.learning.rank")

MAX_PROCESSES = 256

LEAST = 2
"""Images of a batch that each process gets at least: batch norm needs more than one."""

WAIT = timedelta(days=1)
"""The longest wait for the others: the first may measure for minutes; if one dies, all others notice at once."""

LOOK = timedelta(seconds=1)
"""How often a process that waits for others checks whether it should stop."""

POLL_S = 0.05

END_S = 5.0
"""How long to look for the process that ended, in seconds."""

INTERFACE = "GLOO_SOCKET_IFNAME"

Batch = TypeVar("Batch")


class Left(RuntimeError):
    """Another process of the group has ended."""


@dataclass(frozen=True)
class Group:
    """The processes that train a run, as one of them sees it; a single process has nothing to share.

    Attributes:
        rank: which of them this is; the first, 0, is the one that measures, logs and saves.
        size: how many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def threads(self) -> int | None:
        """The most threads that this process may use; None is no limit."""
        return max(1, count_cores() // self.size) if self.size > 1 else None

    def share(self, n: int) -> slice:
        """Which of the n images of a batch this process learns from.

        All get equally many, so that the mean of their means is the batch's; where n cannot be divided, as at the end
        of an epoch, some images are in two shares.
        """
        each = max(-(-n // self.size), min(LEAST, n))
        first = self.rank * (n - each) // max(self.size - 1, 1)
        return slice(first, first + each)

    def mean(self, count: Tensor) -> Tensor:
        """The mean over all processes of what each has counted, ().

        Raises:
            Left: another process has ended.
        """
        if self.size == 1:
            return count
        total = count.float()
        _wait(dist.all_reduce(total, async_op=True))
        return total / self.size

    def average(self, model: nn.Module) -> None:
        """Replaces gradients and running statistics by their mean over all processes.

        Not with ``DistributedDataParallel``, which reorders its sums after the first step: a resumed run would round
        differently from one that was never stopped.

        Raises:
            Left: another process has ended.
        """
        if self.size == 1:
            return
        tensors = [weight.grad for weight in model.parameters() if weight.grad is not None]
        tensors += [statistic for statistic in model.buffers() if statistic.is_floating_point()]
        sizes = [tensor.numel() for tensor in tensors]
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        _wait(dist.all_reduce(flat, async_op=True))
        flat /= self.size
        for tensor, mean in zip(tensors, flat.split(sizes), strict=True):  # type: ignore[no-untyped-call]
            tensor.copy_(mean.view(tensor.shape))

    def seeded(self, batches: Iterable[Batch], step: int, seed: int, generator: Generator) -> Iterator[Batch]:
        """Yields batches, from that step on; before each, reseeds the generators, differently in each process.

        So the state of the first process is all that a resumed run needs.
        """
        if self.size == 1:
            yield from batches
            return
        each = iter(batches)
        for number in itertools.count(step):
            words = np.random.SeedSequence((seed, number, self.rank)).generate_state(2, np.uint64) >> 1
            for chance, word in zip((torch.default_generator, generator), words.tolist(), strict=True):
                chance.manual_seed(word)
            try:
                batch = next(each)
            except StopIteration:
                return
            yield batch

    def extend(self, digits: Dataset, make: Callable[[Dataset], Dataset]) -> Dataset:
        """What ``make`` makes of digits; the first process does it for all, since it may take minutes.

        Raises:
            Left: another process has ended.
        """
        if self.size == 1:
            return make(digits)
        made = make(digits) if self.rank == 0 else digits
        return replace(made, images=self._from_first(made.images), labels=self._from_first(made.labels))

    def _from_first(self, array: np.ndarray) -> np.ndarray:
        """The first process's array (n, …), in all of them; the others' own only gives the type and the other sides."""
        n = torch.tensor(len(array))
        _wait(dist.broadcast(n, 0, async_op=True))
        held = array.copy() if self.rank == 0 else np.empty((int(n), *array.shape[1:]), array.dtype)
        _wait(dist.broadcast(torch.from_numpy(held), 0, async_op=True))
        return held


ALONE = Group()


def check_processes(processes: int, recipe: Recipe, device: torch.device) -> None:
    """Checks that this many processes can share the batches of a recipe.

    Raises:
        UsageError: they cannot.
    """
    if not (isinstance(processes, int) and 1 <= processes <= MAX_PROCESSES):
        raise UsageError(f"found processes={processes!r}, expected 1 to {MAX_PROCESSES}")
    if processes == 1:
        return
    size = recipe.batch_size
    if recipe.members > 1:
        raise UsageError(f"found processes={processes} for {recipe.name}, whose networks train side by side")
    if device.type != "cpu":
        raise UsageError(f"found processes={processes} on a GPU, which one fills; expected 1, or the device cpu")
    if size is not None and (size % processes or size < LEAST * processes):
        raise UsageError(
            f"found batches of {size} for {processes} processes, expected a number that they can share, {LEAST} or "
            "more for each; set batch_size, or take other processes"
        )
    if dist.is_available() and dist.is_initialized():
        raise UsageError(f"found processes={processes} where a group of torch.distributed is in use already; leave it")


@contextmanager
def gathered(folder: Path, processes: int) -> Iterator[Group]:
    """The group that trains the run in a folder, of which this process is the first; the others are started, and ended.

    Raises:
        EnvironmentFault: one of them has ended, for example for want of memory.
    """
    if processes == 1:
        yield ALONE
        return
    with TemporaryDirectory(prefix="inkdigit-") as temporary, _leaving():
        place = Path(temporary) / "store"
        with _others(folder, place, processes) as others:
            try:
                _await(others, place)
                yield join(place, 0, processes)
            except Left as error:
                raise EnvironmentFault(f"a process that trained with this one {_find_fault(others)}") from error


@contextmanager
def _leaving() -> Iterator[None]:
    """Leaves the group in the end, after its other processes have ended: else it would wait for one that is stuck."""
    try:
        yield
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


def join(place: Path, rank: int, size: int) -> Group:
    """Joins the group that meets at a file, and waits until all are there."""
    store = _open(place, size)
    store.set(_sign(rank), "")
    with _over_loopback():
        dist.init_process_group("gloo", store=store, rank=rank, world_size=size, timeout=WAIT)
    return Group(rank, size)


def _open(place: Path, size: int) -> Any:
    """The store through which the processes of a group exchange messages."""
    return dist.FileStore(str(place), size)  # type: ignore[attr-defined] # not exported explicitly


def _sign(rank: int) -> str:
    return f"here {rank}"


def _wait(work: Any) -> None:
    """Waits for a collective operation, in short turns: signals are handled only in between."""
    while True:
        try:
            work.wait(LOOK)
        except RuntimeError as error:
            if work.is_completed():  # else it only takes longer
                raise Left(str(error)) from error
        else:
            return


@contextmanager
def _others(folder: Path, place: Path, processes: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Starts all processes of a group but the first; in the end they are killed, since they have nothing to save.

    Each is in a session of its own: Ctrl-C goes to a terminal's whole session, and is for the process that saves.
    """
    others: list[subprocess.Popen[bytes]] = []
    pipe = subprocess.PIPE
    try:
        for rank in range(1, processes):
            command = [*COMMAND, str(folder), str(place), str(rank)]
            others.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, bufsize=0, start_new_session=True))  # noqa: S603 - our own
        yield others
    finally:
        for other in others:
            other.kill()
            with other:  # waits, and closes its pipes
                pass


def _await(others: Sequence[subprocess.Popen[bytes]], place: Path) -> None:
    """Waits until all are about to join: joining itself takes milliseconds then, but has no end if one never comes."""
    store = _open(place, len(others) + 1)
    while not store.check([_sign(rank) for rank in range(1, len(others) + 1)]):
        if any(other.poll() is not None for other in others):
            raise Left("it ended before it joined")
        time.sleep(POLL_S)


def _find_fault(others: Sequence[subprocess.Popen[bytes]]) -> str:
    """How the first of them that is found to have ended did so: by its own message or its exit code."""
    deadline = time.monotonic() + END_S
    while time.monotonic() < deadline:
        for other in others:
            if (code := other.poll()) is not None:
                return _tell(other, code)
        time.sleep(POLL_S)
    return "cannot be reached; resume"


def _tell(other: subprocess.Popen[bytes], code: int) -> str:
    if code < 0:
        return f"was killed by signal {-code}, as where memory is short; give the machine more, or take fewer processes"
    words = other.stdout.read().decode(errors="replace").strip() if other.stdout else ""
    return f"ended: {words or f'code {code}'}"


@contextmanager
def _over_loopback() -> Iterator[None]:
    """Makes Gloo use the loopback interface: by default it resolves the host's name, which fails in some containers."""
    before = os.environ.get(INTERFACE)
    for name in [name for _, name in socket.if_nameindex() if name.startswith("lo")][:1]:
        os.environ[INTERFACE] = name
    try:
        yield
    finally:
        os.environ.pop(INTERFACE, None)
        if before is not None:
            os.environ[INTERFACE] = before
