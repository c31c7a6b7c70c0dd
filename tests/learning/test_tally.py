"""Steps are counted in bulk, and as if one by one."""

import pytest
import torch
from torch import Tensor

from inkdigit.errors import DataError
from inkdigit.learning.checkpoint import Progress
from inkdigit.learning.tally import COUNTED_IMAGES, Tally


def logits_for(answers: list[int]) -> Tensor:
    return torch.eye(10)[answers]


def add(tally: Tally, progress: Progress, loss: float, answers: list[int], labels: list[int]) -> None:
    progress.step += 1
    tally.add(torch.tensor(loss), logits_for(answers), torch.tensor(labels))


def test_a_step_weighs_as_much_as_its_images() -> None:
    progress = Progress()
    tally = Tally(progress)
    add(tally, progress, 1.0, [3, 4], [3, 5])
    add(tally, progress, 0.25, [1, 2, 3, 4], [1, 2, 3, 4])
    tally.count()
    meter = progress.meter
    assert (meter.loss, meter.correct, meter.images) == (3.0, 5, 6)


def test_counting_twice_counts_once() -> None:
    progress = Progress()
    tally = Tally(progress)
    add(tally, progress, 1.0, [3], [3])
    tally.count()
    tally.count()
    assert progress.meter.images == 1


def test_many_images_are_counted_without_being_asked() -> None:
    progress = Progress()
    tally = Tally(progress)
    add(tally, progress, 0.5, [7] * COUNTED_IMAGES, [7] * COUNTED_IMAGES)
    assert (progress.meter.loss, progress.meter.correct) == (0.5 * COUNTED_IMAGES, COUNTED_IMAGES)


def test_the_sum_does_not_depend_on_when_it_is_counted() -> None:
    losses = [0.1 * n for n in range(50)]
    sums = []
    for every in (1, 7, 50):
        progress = Progress()
        tally = Tally(progress)
        for n, loss in enumerate(losses, 1):
            add(tally, progress, loss, [n % 10], [0])
            if n % every == 0:
                tally.count()
        tally.count()
        sums.append(progress.meter.loss)
    assert sums[0] == sums[1] == sums[2]


def test_a_loss_that_is_no_number_is_told_with_its_step() -> None:
    progress = Progress(step=10)
    tally = Tally(progress)
    for loss in (1.0, float("nan"), 1.0):
        add(tally, progress, loss, [1], [1])
    with pytest.raises(DataError, match="the loss is nan at step 12"):
        tally.count()
