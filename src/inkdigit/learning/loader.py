"""Batches of a dataset that lies whole on the device: no Python per image, no copy per step."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from inkdigit.data.dataset import Dataset
from inkdigit.learning.distributed import ALONE, Group

PREPARED_AT_ONCE = 4096
"""Images prepared at a time, so that intermediate results stay small."""


class Batches:
    """An endless, seeded stream of shuffled batches, addressed by step.

    Step s always holds the same images, whatever came before: that is what makes a resumed run exact. The
    last batch of an epoch is smaller where the batch size does not divide the set.

    Attributes:
        per_epoch: steps in an epoch.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int | None,
        *,
        seed: int,
        device: torch.device,
        prepare: Callable[[Tensor], Tensor] = lambda images: images,
        once: bool = False,
        group: Group = ALONE,
    ) -> None:
        """Puts a dataset on the device.

        Args:
            dataset: the images and labels.
            batch_size: images in a batch, or None for the whole set in its own order.
            seed: of the order.
            device: where to keep the images.
            prepare: turns uint8 (b, 1, 28, 28) images into those that a network takes.
            once: whether to prepare the whole set here, which is valid if nothing in it is random; else each batch.
            group: the processes that share each batch.
        """
        images = torch.from_numpy(dataset.images.copy()).to(device)[:, None]  # (n, 28, 28) → (n, 1, 28, 28)
        if once:
            images = _prepared(images, prepare)
        self._images = images
        self._prepare = prepare if not once else None
        self._labels = torch.from_numpy(dataset.labels).to(device)
        self._seed = seed
        self._group = group
        self._batch_size = batch_size or len(dataset)
        self._whole = batch_size is None or batch_size >= len(dataset)
        self.per_epoch = -(-len(dataset) // self._batch_size)

    def steps(self, start: int, stop: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yields prepared (b, 1, 28, 28) images and int64 (b,) labels of the steps from start to stop."""
        while start < stop:
            epoch, first = divmod(start, self.per_epoch)
            last = min(self.per_epoch, first + stop - start)
            yield from self._epoch(epoch, first, last)
            start += last - first

    def _epoch(self, epoch: int, first: int, last: int) -> Iterator[tuple[Tensor, Tensor]]:
        images, labels = self._images, self._labels
        if not self._whole:
            order = self._order(epoch)[first * self._batch_size : last * self._batch_size]
            images, labels = images[order], labels[order]  # once an epoch, so that a batch is a mere slice
            first, last = 0, last - first
        for batch in range(first, last):
            span = slice(batch * self._batch_size, (batch + 1) * self._batch_size)
            x, y = images[span], labels[span]
            share = self._group.share(len(y))
            yield self._prepare(x[share]) if self._prepare else x[share], y[share]

    def _order(self, epoch: int) -> Tensor:
        order = np.random.default_rng((self._seed, epoch)).permutation(len(self._labels))
        return torch.from_numpy(order).to(self._images.device)


def _prepared(images: Tensor, prepare: Callable[[Tensor], Tensor]) -> Tensor:
    """Prepares uint8 (n, 1, 28, 28) images part by part, into their place."""
    first, *rest = images.split(PREPARED_AT_ONCE)  # type: ignore[no-untyped-call]
    begun = prepare(first)
    whole = begun.new_empty(len(images), *begun.shape[1:])
    whole[: len(begun)] = begun
    for number, part in enumerate(rest, 1):
        whole[number * PREPARED_AT_ONCE :][: len(part)] = prepare(part)
    return whole
