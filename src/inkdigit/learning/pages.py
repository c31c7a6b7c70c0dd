"""Batches of generated pages, drawn by other processes while the network learns."""

import gc
import math
import signal
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as Numbered

from inkdigit.errors import EnvironmentFault, first_line
from inkdigit.learning.distributed import ALONE, Group
from inkdigit.learning.targets import Targets, draw_targets, standardize
from inkdigit.machine import count_cores
from inkdigit.synthesis.pages import Pages

AHEAD = 8
"""Batches that all processes together prefetch, 6 MB each in shared memory, of which a container has 64 MB."""

CONTRAST = 0.3
"""Standard deviation of the logarithm of a page's contrast factor: around the writing, a page may be anything."""


class PageBatches:
    """An endless stream of batches of pages, addressed by step.

    Attributes:
        per_epoch: steps that take as many pages as there are digits to write them with.
    """

    def __init__(self, pages: Pages, batch_size: int, *, device: torch.device, group: Group = ALONE) -> None:
        """Takes pages by number: step s holds those from s times the batch size on, or this process's share of them."""
        self._batches = _Batches(pages, batch_size, group.share(batch_size))
        self._device, self._processes = device, group.size
        self.per_epoch = -(-len(pages.digits) // batch_size)

    def steps(self, start: int, stop: int) -> Iterator[tuple[Tensor, Targets]]:
        """Yields standardised pages (b, 1, h, w) and their targets, of the steps from start to stop."""
        workers = min(-(-(count_cores() - 1) // self._processes), 8)
        if workers:
            gc.collect()  # freed in a fork, a discarded model would wait for threads that do not exist there
        loader: DataLoader[Any] = DataLoader(
            self._batches, batch_size=None, sampler=range(start, stop), num_workers=workers,
            prefetch_factor=max(1, AHEAD // workers) if workers else None, worker_init_fn=_leave_signals,
            generator=torch.Generator(),  # else it would draw from the global one, whose state a run saves
        )  # fmt: skip
        try:
            for x, targets in loader:
                yield x.to(self._device), targets.to(self._device)
        except RuntimeError as error:
            if "DataLoader worker" not in str(error):
                raise
            raise EnvironmentFault(
                f"a process that draws pages died ({first_line(error)}); "
                "give the machine more memory, or its container more in /dev/shm, and resume"
            ) from error


class _Batches(Numbered[tuple[Tensor, Targets]]):
    """Batches by number, as PyTorch's loader asks for them."""

    def __init__(self, pages: Pages, batch_size: int, share: slice) -> None:
        self._pages, self._batch_size, self._places = pages, batch_size, range(batch_size)[share]

    def __getitem__(self, step: int) -> tuple[Tensor, Targets]:
        side = self._pages.side
        random = np.random.default_rng((self._pages.seed, step, self._places[0]))
        x = np.zeros((len(self._places), 1, side, side), np.float32)
        targets = []
        for place, number in enumerate(self._places):
            page = self._pages[step * self._batch_size + number]
            height, width = page.grey.shape
            left, top = int(random.integers(side - width + 1)), int(random.integers(side - height + 1))
            contrast = math.exp(random.normal(0, CONTRAST))
            x[place, 0, top : top + height, left : left + width] = contrast * standardize(page.grey)
            targets.append(draw_targets(page, (left, top), side))
        return torch.from_numpy(x), Targets.stack(targets)


def _leave_signals(_worker: int) -> None:
    """Ignores Ctrl-C and SIGTERM, which schedulers send to all: the process that can save still needs pages."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    torch.set_num_threads(1)
