"""Loss and accuracy of the steps since the last line of the log, counted in bulk."""

import math

import torch
from torch import Tensor

from inkdigit.errors import DataError
from inkdigit.learning.checkpoint import Progress

COUNTED_IMAGES = 4096
"""Images counted at a time: one argmax for a thousand small steps, and no step waits for its numbers."""


class Tally:
    """Losses and answers of steps that are not counted yet."""

    def __init__(self, progress: Progress) -> None:
        """Takes note of a run's steps."""
        self._progress = progress
        self._losses: list[Tensor] = []
        self._logits: list[Tensor] = []
        self._labels: list[Tensor] = []
        self._images = 0

    def add(self, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Takes note of the progress's last step: its mean loss, logits (b, classes) and labels (b,)."""
        self._losses.append(loss.detach())
        self._logits.append(logits.detach().clone())  # a CUDA graph writes its next ones over them
        self._labels.append(labels)
        self._images += len(labels)
        if self._images >= COUNTED_IMAGES:
            self.count()

    def count(self) -> None:
        """Brings the progress's meter up to its last step.

        Raises:
            DataError: a loss is no number.
        """
        if not self._losses:
            return
        meter, first = self._progress.meter, self._progress.step - len(self._losses) + 1
        losses = torch.stack(self._losses).tolist()
        for step, (loss, labels) in enumerate(zip(losses, self._labels, strict=True), first):
            meter.loss += finite(loss, step) * len(labels)  # one by one, so that a resumed run sums up the same
        meter.correct += int((torch.cat(self._logits).argmax(1) == torch.cat(self._labels)).sum())
        meter.images += self._images
        self._clear()

    def _clear(self) -> None:
        for kept in (self._losses, self._logits, self._labels):
            kept.clear()
        self._images = 0


def finite(loss: float, step: int) -> float:
    """Returns a loss that is finite.

    Raises:
        DataError: it is not.
    """
    if not math.isfinite(loss):
        raise DataError(
            f"the loss is {loss} at step {step}: training diverged; try a smaller learning rate with --set lr=…"
        )
    return loss
