"""Batches: seeded, whole, addressable by step."""

import itertools

import numpy as np
import pytest
import torch

from inkdigit.data.dataset import Dataset
from inkdigit.learning import loader
from inkdigit.learning.distributed import Group
from inkdigit.learning.loader import Batches

CPU = torch.device("cpu")


def dataset(n: int = 10) -> Dataset:
    images = np.arange(n, dtype=np.uint8)[:, None, None] * np.ones((1, 28, 28), np.uint8)
    return Dataset("numbers", "train", images, np.arange(n, dtype=np.int64) % 10)


def seen(batches: Batches, start: int, stop: int) -> list[list[int]]:
    return [images[:, 0, 0, 0].tolist() for images, _ in batches.steps(start, stop)]


def test_an_epoch_holds_every_image_once_and_the_last_batch_is_smaller() -> None:
    batches = Batches(dataset(), 4, seed=0, device=CPU)
    assert batches.per_epoch == 3
    epoch = seen(batches, 0, 3)
    assert [len(batch) for batch in epoch] == [4, 4, 2]
    assert sorted(itertools.chain(*epoch)) == list(range(10))


def test_images_stay_with_their_labels() -> None:
    for images, labels in Batches(dataset(), 3, seed=1, device=CPU).steps(0, 8):
        assert images.dtype == torch.uint8
        assert images.shape[1:] == (1, 28, 28)
        assert images[:, 0, 5, 5].tolist() == labels.tolist()


def test_a_step_holds_the_same_images_whatever_came_before() -> None:
    batches = Batches(dataset(), 4, seed=7, device=CPU)
    whole = seen(batches, 0, 12)
    assert seen(Batches(dataset(), 4, seed=7, device=CPU), 5, 12) == whole[5:]


def test_epochs_and_seeds_differ_in_order() -> None:
    batches = Batches(dataset(), 10, seed=0, device=CPU)
    small = Batches(dataset(), 5, seed=0, device=CPU)
    other = Batches(dataset(), 5, seed=1, device=CPU)
    assert seen(small, 0, 2) != seen(small, 2, 4)
    assert seen(small, 0, 2) != seen(other, 0, 2)
    assert seen(batches, 0, 1) == [list(range(10))]


@pytest.mark.parametrize("batch_size", [4, None])
def test_processes_of_a_group_take_their_share_of_each_batch(batch_size: int | None) -> None:
    alone = seen(Batches(dataset(12), batch_size, seed=0, device=CPU), 0, 3)
    first, second = (
        seen(Batches(dataset(12), batch_size, seed=0, device=CPU, group=Group(i, 2)), 0, 3) for i in (0, 1)
    )
    assert [one + other for one, other in zip(first, second, strict=True)] == alone
    prepared = Batches(dataset(12), 4, seed=0, device=CPU, group=Group(1, 2), prepare=lambda images: images + 1)
    assert seen(prepared, 0, 1) == [
        [value + 1 for value in seen(Batches(dataset(12), 4, seed=0, device=CPU), 0, 1)[0][2:]]
    ]


def test_the_whole_set_comes_in_its_own_order() -> None:
    batches = Batches(dataset(), None, seed=0, device=CPU)
    assert batches.per_epoch == 1
    assert seen(batches, 0, 2) == [list(range(10))] * 2


def test_the_dataset_is_not_touched() -> None:
    numbers = dataset()
    for images, _ in Batches(numbers, None, seed=0, device=CPU).steps(0, 1):
        images.zero_()
    assert numbers.images[9, 0, 0] == 9


def double(images: torch.Tensor) -> torch.Tensor:
    return images.float() * 2


def test_preparing_once_and_for_each_batch_gives_the_same() -> None:
    once = Batches(dataset(), 4, seed=3, device=CPU, prepare=double, once=True)
    each = Batches(dataset(), 4, seed=3, device=CPU, prepare=double)
    for (x, labels), (other, same) in zip(once.steps(0, 6), each.steps(0, 6), strict=True):
        assert torch.equal(x, other)
        assert x[:, 0, 0, 0].tolist() == (2 * labels).tolist() == (2 * same).tolist()


def test_what_is_prepared_once_is_prepared_once_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "PREPARED_AT_ONCE", 4)
    calls: list[int] = []

    def count(images: torch.Tensor) -> torch.Tensor:
        calls.append(len(images))
        return double(images)

    ((x, labels),) = Batches(dataset(), None, seed=0, device=CPU, prepare=count, once=True).steps(0, 1)
    assert calls == [4, 4, 2]
    assert x[:, 0, 0, 0].tolist() == (2 * labels).tolist()
