"""The benchmark of time to accuracy: its peers are what was published, and its clock runs when it should."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from benchmarks import speed_peers
from benchmarks.speed_peers import DEVIATION, MEAN, PEERS, build_example, build_notebook, load_example
from benchmarks.time_to_accuracy import measure_apart, plan, summarise, table
from benchmarks.timed_training import measure_accuracies, measure_peer, time_training
from torch import nn

from inkdigit.data.dataset import Dataset, load_dataset
from inkdigit.images import SIZE
from inkdigit.learning.scaling import SCALINGS, Scaling


@pytest.fixture(scope="module")
def digits(digits_folder: Path) -> Dataset:
    """Enough for six of the notebook's batches and a smaller one."""
    few = load_dataset(str(digits_folder), "train+validation")
    again = np.arange(6 * 256 + 40) % len(few)
    return replace(few, images=few.images[again], labels=few.labels[again])


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Two threads wait long for one another where other programs run."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(("build", "weights"), [(build_notebook, 215_194), (build_example, 1_199_882)])
def test_the_peers_networks_have_the_published_size(build: Callable[[], nn.Module], weights: int) -> None:
    network = build()
    assert sum(parameter.numel() for parameter in network.parameters()) == weights
    assert network(torch.zeros(2, 1, SIZE, SIZE)).exp().sum(1).tolist() == pytest.approx([1, 1])


def test_the_notebook_learns_from_each_digit_once_under_one_cycle(
    digits: Dataset, digits_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[float] = []
    seen: list[torch.Tensor] = []

    class Watched(torch.optim.Adam):
        def step(self, closure: None = None) -> None:  # type: ignore[override]
            rates.append(self.param_groups[0]["lr"])
            assert self.param_groups[0]["betas"] == (0.7, 0.9)
            super().step(closure)

    def build() -> nn.Sequential:
        network = build_notebook()
        network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].clone()))
        return network

    monkeypatch.setattr("torch.optim.Adam", Watched)
    monkeypatch.setattr(speed_peers, "build_notebook", build)
    numbered = replace(digits, images=digits.images.copy())
    numbered.images[:, 0, 0], numbered.images[:, 0, 1] = np.divmod(np.arange(len(digits)), 256)
    (network,) = speed_peers.train_notebook(numbered, 0)
    test = load_dataset(str(digits_folder), "test")
    assert measure_accuracies(network, SCALINGS["standard"], test)[0] > 0.9
    del seen[7:]  # the evaluation's
    assert [len(batch) for batch in seen] == [256] * 6 + [40]
    corner = (torch.cat(seen)[:, 0, 0, :2] * DEVIATION + MEAN) * 255
    numbers = (corner.round() @ torch.tensor([256.0, 1.0])).int().tolist()
    assert sorted(numbers) == [*range(len(digits))]
    assert numbers != sorted(numbers)
    assert max(rates) == pytest.approx(0.01, rel=0.05)
    assert rates[0] == pytest.approx(0.01 / 25)
    assert rates[-1] < 1e-6


def test_the_example_slows_down_from_epoch_to_epoch(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []

    class Watched(torch.optim.Adadelta):
        def step(self, closure: None = None) -> None:  # type: ignore[override]
            rates.append(self.param_groups[0]["lr"])

    monkeypatch.setattr("torch.optim.Adadelta", Watched)
    monkeypatch.setattr(speed_peers, "EXAMPLE_BATCH", 2)
    few = replace(digits, images=digits.images[:3], labels=digits.labels[:3])
    networks = list(PEERS["example"].train(few, 0))
    assert len(networks) == 14
    assert rates == pytest.approx([0.7**epoch for epoch in range(14) for _ in range(2)])
    assert networks[-1].training


def test_the_peers_see_the_same_pixels(digits: Dataset) -> None:
    scaling = Scaling(255 * MEAN, 255 * DEVIATION)
    wanted = scaling(torch.from_numpy(digits.images[:8]).float())
    images, _ = next(iter(load_example(digits)))
    torch.testing.assert_close(images[:8, 0], wanted, rtol=1e-5, atol=1e-5)
    images, _ = speed_peers._shuffled(digits)
    assert images.mean().item() == pytest.approx(scaling(torch.from_numpy(digits.images).float()).mean().item(), 1e-4)


class FakeClock:
    """Time passes only where a test lets it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)


@pytest.mark.parametrize(("enough_at", "rounds", "seconds"), [(1, 1, 2), (3, 3, 6), (99, 5, 10)])
def test_the_clock_stands_still_while_a_network_is_judged(
    enough_at: int, rounds: int, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, judged = FakeClock(monkeypatch), 0

    def train() -> Iterator[nn.Module]:
        for _ in range(5):
            clock.now += 2
            yield nn.Identity()

    def is_enough(_: nn.Module) -> bool:
        nonlocal judged
        clock.now += 1000
        judged += 1
        return judged == enough_at

    timed = time_training(train(), is_enough)
    assert (timed.rounds, timed.seconds) == (rounds, seconds)


def test_the_example_is_stopped_by_its_accuracy(digits_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accuracies = iter([0.98, 0.9899, 0.99, 0.99, 0.991])  # the last two when it has ended
    monkeypatch.setattr("benchmarks.timed_training.measure_accuracy", lambda *_: next(accuracies))
    row = measure_peer("example", 0, str(digits_folder))
    assert (row["rounds"], row["accuracy"], row["accuracy_shifted"]) == (3, 0.99, 0.991)


def test_all_take_turns() -> None:
    turns = plan(["fastest", "fast-99.5"], ["notebook", "example"])
    assert turns[:4] == [("fastest", 0), ("fast-99.5", 0), ("notebook", 0), ("example", 0)]
    assert turns[-2:] == [("fastest", 8), ("fastest", 9)]
    counts = {name: sum(name == other for other, _ in turns) for name, _ in turns}
    assert counts == {"fastest": 10, "fast-99.5": 3, "notebook": 5, "example": 1}
    assert plan(["fastest"], [], 2) == [("fastest", 0), ("fastest", 1)]


def _row(name: str, seconds: float, accuracy: float) -> dict[str, object]:
    return {"name": name, "seconds": seconds, "accuracy": accuracy, "accuracy_shifted": accuracy + 0.001}


def test_the_summary_is_over_seeds() -> None:
    ours = [_row("fastest", s, a) for s, a in ((1.0, 0.989), (2.0, 0.991), (9.0, 0.993))]
    summary = summarise([*ours, _row("notebook", 12.0, 0.99)], 10_000)
    fastest = summary["fastest"]
    assert fastest["seeds"] == 3
    assert fastest["seconds"] == {"median": 2.0, "min": 1.0, "max": 9.0}
    assert fastest["accuracy"]["mean"] == pytest.approx(0.991)
    assert fastest["accuracy"]["sd"] == pytest.approx(0.002)
    assert fastest["accuracy"]["interval"] == pytest.approx((0.98603, 0.99597), abs=1e-5)  # t is 4.303
    assert fastest["accuracy_shifted"]["mean"] == pytest.approx(0.992)
    assert fastest["times_faster"] == 6
    assert [" ".join(line.split()) for line in table(summary)][1:] == [
        "fastest 3 99.10 ± 0.20 [98.60, 99.60] 99.20 ± 0.20 [98.70, 99.70] 2.00 (1.00 to 9.00) 6.0 x",
        "notebook 1 99.00 [98.79, 99.18] 99.10 [98.90, 99.27] 12.00 (12.00 to 12.00) 1.0 x",
    ]


def test_without_the_notebook_there_is_no_ratio() -> None:
    summary = summarise([_row("fastest", 1.0, 0.99)], 10_000)
    assert summary["fastest"]["times_faster"] is None
    assert not [*table(summary)][1].endswith("x")


@pytest.mark.slow
def test_a_recipe_is_timed_in_a_process_of_its_own(digits_folder: Path) -> None:
    row = measure_apart("lenet", 1, str(digits_folder), ["epochs=1", "batch_size=60"])
    assert (row["name"], row["seed"], row["rounds"], row["threads"]) == ("lenet", 1, 1, 1)
    assert row["imported"] < 20, "imports are no part of the seconds"
    assert 0 < row["seconds"] < 60
