"""One run trained by several processes: each learns from its share of every batch, and all take the same step.

As in Goyal et al., "Accurate, large minibatch SGD", 2017, but for the batch, which stays as the recipe has it.
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

COMMAND = (sys.executable, "-P", "-m", "inkdigit.learning.helper")

MAX_PROCESSES = 256

WAIT = timedelta(days=1)
"""What the first process does alone may take long; one that is no more is found at once, whatever this says."""

POLL_S = 0.05
"""Between two looks whether all are there."""

INTERFACE = "GLOO_SOCKET_IFNAME"

END_S = 5.0
"""A process that was killed is known to be so within this time."""

Batch = TypeVar("Batch")


@dataclass(frozen=True)
class Group:
    """The processes that train a run, as one of them sees it; one alone has nothing to do for it.

    Attributes:
        rank: which of them this is; the first, 0, is the one that measures, logs and saves.
        size: how many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def threads(self) -> int | None:
        """How many this process may use; None is as many as it has."""
        return max(1, count_cores() // self.size) if self.size > 1 else None

    def share(self, n: int) -> slice:
        """Which of the n images of a batch this process learns from.

        All have as many, so that the mean of their means is the batch's; where n cannot be divided, some is seen twice.
        """
        each = -(-n // self.size)
        first = self.rank * (n - each) // max(self.size - 1, 1)
        return slice(first, first + each)

    def average(self, model: nn.Module) -> None:
        """Makes gradients and running statistics the mean over all processes.

        Not by ``DistributedDataParallel``, which orders its sums anew after the first step: a resumed run would round
        otherwise than one that was never stopped.

        Raises:
            RuntimeError: another process is no more.
        """
        if self.size == 1:
            return
        tensors = [weight.grad for weight in model.parameters() if weight.grad is not None]
        tensors += [statistic for statistic in model.buffers() if statistic.is_floating_point()]
        sizes = [tensor.numel() for tensor in tensors]
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(flat)
        flat /= self.size
        for tensor, mean in zip(tensors, flat.split(sizes), strict=True):  # type: ignore[no-untyped-call]
            tensor.copy_(mean.view(tensor.shape))

    def seeded(self, batches: Iterable[Batch], step: int, seed: int, generator: Generator) -> Iterator[Batch]:
        """Yields batches, from that step on; before each, chance begins anew in each process, and differs among them.

        So the state of the first process is all that a resumed run needs.
        """
        if self.size == 1:
            yield from batches
            return
        each = iter(batches)
        for number in itertools.count(step):
            chance = int(np.random.SeedSequence((seed, number, self.rank)).generate_state(1, np.uint64)[0] >> 1)
            torch.default_generator.manual_seed(chance)
            generator.manual_seed(chance)
            try:
                batch = next(each)
            except StopIteration:
                return
            yield batch

    def extend(self, digits: Dataset, make: Callable[[Dataset], Dataset]) -> Dataset:
        """What is made of digits: by the first process, for all of them, since it may take minutes.

        Raises:
            RuntimeError: another process is no more.
        """
        if self.size == 1:
            return make(digits)
        made = make(digits) if self.rank == 0 else digits
        images, labels = (self._from_first(torch.from_numpy(part.copy())) for part in (made.images, made.labels))
        return replace(made, images=images.numpy(), labels=labels.numpy())

    def _from_first(self, tensor: Tensor) -> Tensor:
        """The first process's (n, …), in all of them; that of the others tells but type and sides."""
        n = torch.tensor(len(tensor))
        dist.broadcast(n, 0)
        held = tensor if self.rank == 0 else tensor.new_empty((int(n), *tensor.shape[1:]))
        dist.broadcast(held, 0)
        return held


ALONE = Group()


def check_processes(processes: int, recipe: Recipe, device: torch.device) -> None:
    """Looks whether so many processes can share the batches of a recipe.

    Raises:
        UsageError: they cannot.
    """
    if not (isinstance(processes, int) and 1 <= processes <= MAX_PROCESSES):
        raise UsageError(f"found processes={processes!r}, expected 1 to {MAX_PROCESSES}")
    if processes == 1:
        return
    if recipe.members > 1:
        raise UsageError(f"found processes={processes} for {recipe.name}, whose networks train side by side")
    if device.type != "cpu":
        raise UsageError(f"found processes={processes} on a GPU, which one fills; expected 1, or the device cpu")
    if recipe.batch_size is not None and recipe.batch_size < processes:
        raise UsageError(f"found batches of {recipe.batch_size} for {processes} processes, expected an image for each")


@contextmanager
def gathered(folder: Path, processes: int) -> Iterator[Group]:
    """The group that trains the run in a folder, of which this process is the first; the others are started, and ended.

    Raises:
        EnvironmentFault: one of them is no more, as where memory is short.
    """
    if processes == 1:
        yield Group()
        return
    with TemporaryDirectory(prefix="inkdigit-") as temporary:
        place = Path(temporary) / "store"
        with _helpers(folder, place, processes) as helpers:
            try:
                _await(helpers, place)
                with joined(place, 0, processes) as group:
                    yield group
            except RuntimeError as error:
                if not (reason := _find_fault(helpers)):
                    raise
                raise EnvironmentFault(
                    f"a process that trained with this one {reason}, as where memory is short; give the machine more, "
                    "or train with fewer --processes"
                ) from error


@contextmanager
def joined(place: Path, rank: int, size: int) -> Iterator[Group]:
    """The group that meets at a file, joined as one of it; waits until all are there."""
    store = open_store(place, size)
    store.set(_sign(rank), "")
    with _over_loopback():
        dist.init_process_group("gloo", store=store, rank=rank, world_size=size, timeout=WAIT)
    try:
        yield Group(rank, size)
    finally:
        dist.destroy_process_group()


@contextmanager
def _helpers(folder: Path, place: Path, processes: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """All processes of a group but the first; in the end they are killed, since there is nothing that they would save.

    Each is in a session of its own: Ctrl-C goes to all of a terminal's, and is for the process that saves.
    """
    commands = [[*COMMAND, str(folder), str(place), str(rank)] for rank in range(1, processes)]
    helpers: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            helpers.append(subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True))  # noqa: S603 - our own
        yield helpers
    finally:
        for helper in helpers:
            helper.kill()
            with helper:  # waits, and closes its pipe
                pass


def open_store(place: Path, size: int) -> Any:
    """What the processes leave each other word in."""
    return dist.FileStore(str(place), size)  # type: ignore[attr-defined] # not exported in so many words


def _sign(rank: int) -> str:
    return f"here {rank}"


def _await(helpers: Sequence[subprocess.Popen[bytes]], place: Path) -> None:
    """Waits until each of them is about to join, since joining would wait for one that never comes."""
    store = open_store(place, len(helpers) + 1)
    for rank, helper in enumerate(helpers, 1):
        while not store.check([_sign(rank)]):
            if helper.poll() is not None:
                raise RuntimeError("it ended before it joined")
            time.sleep(POLL_S)


def _find_fault(helpers: Sequence[subprocess.Popen[bytes]]) -> str:
    """How the first of them that failed did; nothing where all are at work."""
    deadline = time.monotonic() + END_S
    while time.monotonic() < deadline:
        for helper in helpers:
            if code := helper.poll():
                return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        time.sleep(POLL_S)
    return ""


@contextmanager
def _over_loopback() -> Iterator[None]:
    """Has Gloo take the loopback interface: by itself it looks up the host's name, which not every container can."""
    names = [name for _, name in socket.if_nameindex() if name.startswith("lo")]
    if not names or INTERFACE in os.environ:
        yield
        return
    os.environ[INTERFACE] = names[0]
    try:
        yield
    finally:
        os.environ.pop(INTERFACE, None)
