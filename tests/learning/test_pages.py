"""Batches of pages by step."""

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from inkdigit.data.dataset import load_dataset
from inkdigit.errors import EnvironmentFault
from inkdigit.learning import pages as module
from inkdigit.learning.distributed import ALONE, Group
from inkdigit.learning.pages import AHEAD, CONTRAST, PageBatches
from inkdigit.learning.targets import Targets, standardize
from inkdigit.locator import STRIDE, find_peaks
from inkdigit.synthesis.pages import Pages
from inkdigit.synthesis.sheet import Page

CPU = torch.device("cpu")

Make = Callable[..., PageBatches]


@pytest.fixture
def make(digits_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes batches of three small pages, drawn by so many other processes."""
    digits = load_dataset(str(digits_folder))

    def batches(workers: int = 0, seed: int = 0, group: Group = ALONE) -> PageBatches:
        monkeypatch.setattr("inkdigit.learning.pages.count_cores", lambda: workers + 1)
        return PageBatches(Pages(digits, side=64, seed=seed), 3, device=CPU, group=group)

    return batches


def assert_same(left: tuple[Tensor, Targets], right: tuple[Tensor, Targets]) -> None:
    assert torch.equal(left[0], right[0])
    for field in fields(Targets):
        assert torch.equal(getattr(left[1], field.name), getattr(right[1], field.name)), field.name


def test_a_step_is_the_same_whatever_came_before(make: Make) -> None:
    whole = list(make().steps(0, 5))
    assert len(whole) == 5
    for start in (1, 3, 4):
        for one, other in zip(whole[start:], make().steps(start, 5), strict=True):
            assert_same(one, other)


@pytest.mark.filterwarnings("ignore:This DataLoader")  # on a machine of one core
def test_a_step_is_the_same_however_many_processes_draw(make: Make) -> None:
    alone = list(make().steps(2, 6))
    for workers in (1, 2):
        for one, other in zip(alone, make(workers).steps(2, 6), strict=True):
            assert_same(one, other)


@pytest.mark.filterwarnings("ignore:This DataLoader")
def test_no_process_that_draws_inherits_garbage(make: Make, garbage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ONNX Runtime's sessions cannot be ended there: they wait for threads of the process that made them."""
    draw = Pages.__getitem__
    monkeypatch.setattr(Pages, "__getitem__", lambda pages, number: (gc.collect(), draw(pages, number))[1])
    list(make(1).steps(0, 2))
    assert garbage.read_text() == f"{os.getpid()}\n"


@pytest.mark.filterwarnings("ignore:This DataLoader")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_for_all_processes_leaves_those_that_draw(make: Make, number: signal.Signals) -> None:
    batches = make(1).steps(0, 3 * AHEAD)
    next(batches)
    (drawing,) = multiprocessing.active_children()
    os.kill(drawing.pid or 0, number)
    assert len(list(batches)) == 3 * AHEAD - 1


@pytest.mark.filterwarnings("ignore:This DataLoader")
def test_a_process_that_is_killed_is_told_in_one_line(make: Make) -> None:
    batches = make(1).steps(0, 3 * AHEAD)
    next(batches)
    (drawing,) = multiprocessing.active_children()
    os.kill(drawing.pid or 0, signal.SIGKILL)
    with pytest.raises(EnvironmentFault, match=r"a process that draws pages died .*; give the machine more memory"):
        list(batches)


@pytest.mark.filterwarnings("ignore:This DataLoader")
def test_all_together_are_no_farther_ahead_than_one(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead: list[int] = []

    class Loader:
        def __init__(self, *_: object, num_workers: int, prefetch_factor: int, **__: object) -> None:
            ahead.append(num_workers * prefetch_factor)

        def __iter__(self) -> Iterator[object]:
            return iter(())

    monkeypatch.setattr(module, "DataLoader", Loader)
    for workers in (1, 2, 4, 8):
        list(make(workers).steps(0, 1))
    assert ahead == [AHEAD] * 4


def test_processes_of_a_group_draw_their_share_of_the_pages(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    draw = Pages.__getitem__

    def note(pages: Pages, number: int) -> Page:
        drawn.append(number)
        return draw(pages, number)

    monkeypatch.setattr(Pages, "__getitem__", note)
    shares = [next(make(group=Group(rank, 3)).steps(2, 3)) for rank in range(3)]
    assert drawn == [6, 7, 6, 7, 7, 8], "two pages each, as batch norm needs"
    assert all(len(x) == len(targets.centres) == 2 for x, targets in shares)
    whole = next(make().steps(2, 3))
    assert_same(shares[0], (whole[0][:2], Targets(**{f.name: getattr(whole[1], f.name)[:2] for f in fields(Targets)})))


@pytest.mark.parametrize(("cores", "size", "workers"), [(2, 1, 1), (2, 2, 1), (16, 1, 8), (16, 4, 4), (1, 2, 0)])
def test_processes_of_a_group_share_the_cores_that_draw(
    cores: int, size: int, workers: int, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    class Loader:
        def __init__(self, *_: object, num_workers: int, **__: object) -> None:
            seen.append(num_workers)

        def __iter__(self) -> Iterator[object]:
            return iter(())

    monkeypatch.setattr(module, "DataLoader", Loader)
    list(make(cores - 1, group=Group(0, size)).steps(0, 1))
    assert seen == [workers]


def test_steps_and_seeds_differ(make: Make) -> None:
    batches = [x for seed in (0, 1) for x, _ in make(seed=seed).steps(0, 3)]
    assert len({x.numpy().tobytes() for x in batches}) == 6


def test_it_takes_nothing_from_the_generators_of_the_run(make: Make) -> None:
    before, legacy = torch.get_rng_state(), np.random.get_state(legacy=False)  # noqa: NPY002
    list(make().steps(0, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert np.random.get_state(legacy=False)["state"]["pos"] == legacy["state"]["pos"]  # noqa: NPY002


def count_crowded(page: Page) -> int:
    """How many digits stand so near to another one of their value that both may be marked in the same cell."""
    middles = page.boxes[:, :2] + page.boxes[:, 2:] / 2
    near = (np.abs(middles[:, None] - middles).max(2) < STRIDE) & (page.labels[:, None] == page.labels)
    return int(np.triu(near, 1).any(0).sum())


def test_a_batch_holds_its_pages_somewhere_within_the_square(make: Make, digits_folder: Path) -> None:
    pages = Pages(load_dataset(str(digits_folder)), side=64)
    places = set()
    for step, (x, targets) in enumerate(make().steps(0, 20)):
        assert x.shape == (3, 1, 64, 64)
        assert x.dtype == torch.float32
        assert targets.centres.shape == (3, 10, 16, 16)
        for place in range(3):
            page = pages[3 * step + place]
            shown, expected = x[place, 0].numpy(), standardize(page.grey)
            deviation = shown[shown != 0].std() / max(expected[expected != 0].std(), 1e-6)
            assert abs(np.log(deviation)) < 5 * CONTRAST
            energy, total = (float((values**2).sum()) for values in (shown, deviation * expected))
            assert energy == pytest.approx(total, rel=0.02), "the whole page, and nothing around it"
            marked, crowded = int((targets.centres[place] == 1).sum()), count_crowded(page)
            assert len(page.labels) - crowded <= marked <= len(page.labels)
            rows, columns = np.nonzero(shown)
            places.add((rows.min(), columns.min()))
    assert len(places) > 5


def test_the_targets_lie_where_the_page_does(make: Make, digits_folder: Path) -> None:
    pages, moved = Pages(load_dataset(str(digits_folder)), side=64), set()
    for step, (x, targets) in enumerate(make().steps(0, 20)):
        for place in range(3):
            page = pages[3 * step + place]
            found = find_peaks(targets.centres[place].numpy(), targets.boxes[place].numpy())
            if len(found) != 1 or page.grey.std() < 5:
                continue
            left, top = (int(edge) for edge in np.rint(found.boxes[0, :2] - page.boxes[0, :2]))
            np.testing.assert_allclose(found.boxes[0, :2] - page.boxes[0, :2], (left, top), atol=0.01)
            height, width = page.grey.shape
            shown = x[place, 0, top : top + height, left : left + width].numpy()
            assert np.corrcoef(shown.ravel(), standardize(page.grey).ravel())[0, 1] == pytest.approx(1, abs=1e-4)
            moved.add((left, top))
    assert len(moved) > 3


def test_an_epoch_is_as_many_pages_as_digits(make: Make) -> None:
    assert make().per_epoch == -(-220 // 3)
