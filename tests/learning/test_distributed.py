"""Several processes that train one run: what each sees, and that they learn as one."""

import csv
import itertools
import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Generator, Tensor

from inkdigit import EnvironmentFault, Interrupted, UsageError, load_dataset, train
from inkdigit.learning import distributed, engine
from inkdigit.learning.distributed import ALONE, Group, check_processes
from inkdigit.learning.recipe import override
from inkdigit.learning.recipes import RECIPES

CPU = torch.device("cpu")

PLAIN = ["protocol=held-out", "epochs=2", "batch_size=16", "log_every=5"]
"""Nothing in it is by chance."""

WILD = [*PLAIN, "batch_size=12", "model=vgg", "model.widths=4,4,4", "model.classes=11",
        "outliers.line=0.2", "augment.rotate=10", "augment.noise=4"]  # fmt: skip
"""All that is by chance, and running statistics: dropout, augmentation, batch norm, images that are drawn."""


def final_weights(folder: Path) -> dict[str, Tensor]:
    return load_file(sorted((folder / "weights").iterdir())[-1])


def read_log(folder: Path) -> list[dict[str, str]]:
    rows = csv.DictReader((folder / "metrics.csv").read_text().splitlines())
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


@pytest.mark.parametrize(
    ("n", "size", "each"), [(128, 2, 64), (128, 3, 43), (7, 3, 3), (3, 3, 2), (2, 2, 2), (1, 4, 1), (60_000, 7, 8572)]
)
def test_shares_are_equal_and_miss_no_image(n: int, size: int, each: int) -> None:
    shares = [range(n)[Group(rank, size).share(n)] for rank in range(size)]
    assert {len(share) for share in shares} == {each}
    assert set(itertools.chain(*shares)) == set(range(n))


def test_one_alone_has_all_and_leaves_chance_as_it_is() -> None:
    assert range(5)[ALONE.share(5)] == range(5)
    before = torch.get_rng_state()
    assert list(ALONE.seeded(iter("abc"), 0, 0, Generator())) == ["a", "b", "c"]
    assert torch.equal(torch.get_rng_state(), before)
    assert ALONE.threads is None


def test_chance_depends_on_step_seed_and_process_alone() -> None:
    def draw(rank: int, step: int, seed: int) -> list[float]:
        generator = Generator()
        drawn = []
        for _ in Group(rank, 2).seeded(range(step, 4), step, seed, generator):
            drawn += [float(torch.rand(())), float(torch.rand((), generator=generator))]
        return drawn

    whole = draw(0, 0, 7)
    assert len(set(whole)) == 8
    torch.rand(3)
    assert draw(0, 2, 7) == whole[4:]
    assert not set(draw(1, 0, 7)) & set(whole)
    assert not set(draw(0, 0, 8)) & set(whole)


def test_cores_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "count_cores", lambda: 8)
    assert [Group(0, size).threads for size in (2, 3, 16)] == [4, 2, 1]


@pytest.mark.parametrize(
    ("processes", "recipe", "settings", "device", "words"),
    [
        (0, "lenet", [], "cpu", "found processes=0, expected 1 to 256"),
        (257, "mlp", [], "cpu", "found processes=257, expected 1 to 256"),
        (2, "best-ensemble", [], "cpu", "whose networks train side by side"),
        (2, "lenet", [], "cuda", "on a GPU, which one fills"),
        (5, "lenet", [], "cpu", "found batches of 4 for 5 processes"),
        (4, "lenet", [], "cpu", "found batches of 4 for 4 processes, .* 2 or more for each"),
        (3, "cnn", [], "cpu", "found batches of 64 for 3 processes, expected a number that they can share"),
    ],
)
def test_what_cannot_be_shared(processes: int, recipe: str, settings: list[str], device: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        check_processes(processes, override(RECIPES[recipe], settings), torch.device(device))


def test_a_group_of_somebody_else_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    with pytest.raises(UsageError, match="is in use already"):
        check_processes(2, RECIPES["lenet"], CPU)
    check_processes(1, RECIPES["lenet"], CPU)


def test_what_is_made_of_the_digits_is_made_once(digits_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digits, sent = load_dataset(str(digits_folder)), list[Tensor]()
    made = replace(digits, images=255 - digits.images[:7], labels=digits.labels[:7])
    monkeypatch.setattr(distributed, "_wait", lambda work: work)
    monkeypatch.setattr(torch.distributed, "broadcast", lambda tensor, *_, **__: sent.append(tensor.clone()))
    assert Group(0, 2).extend(digits, lambda _: made).sha256 == made.sha256
    monkeypatch.setattr(torch.distributed, "broadcast", lambda tensor, *_, **__: tensor.copy_(sent.pop(0)))
    received = Group(1, 2).extend(digits, lambda _: pytest.fail("made twice"))
    assert received.sha256 == made.sha256
    assert not sent


def test_two_processes_learn_what_one_learns(digits_folder: Path, tmp_path: Path) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    train("lenet", data=str(digits_folder), out=alone, settings=PLAIN)
    train("lenet", data=str(digits_folder), out=together, settings=PLAIN, processes=2)
    one, other = final_weights(alone), final_weights(together)
    for name in one:
        torch.testing.assert_close(other[name], one[name], rtol=1e-4, atol=1e-5)
    assert json.loads((together / "run.json").read_text())["processes"] == 2
    assert [row["step"] for row in read_log(together)] == [row["step"] for row in read_log(alone)]
    assert [path.name for path in sorted(together.iterdir())] == [path.name for path in sorted(alone.iterdir())]


def test_running_means_are_those_of_whole_batches(digits_folder: Path, tmp_path: Path) -> None:
    settings = [*PLAIN, "steps=1", "model=vgg", "model.widths=4,4,4", "model.dropout=0"]
    for name, processes in (("alone", 1), ("together", 2)):
        train("softmax", data=str(digits_folder), out=tmp_path / name, settings=settings, processes=processes)
    one, other = final_weights(tmp_path / "alone"), final_weights(tmp_path / "together")
    name = next(name for name in one if name.endswith("running_mean"))
    assert one[name].abs().max() > 1e-3
    torch.testing.assert_close(other[name], one[name], rtol=1e-4, atol=0)


def test_a_group_that_was_stopped_goes_on_bit_for_bit(
    digits_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three, since sums of two numbers are the same in any order."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    options: dict[str, Any] = {"data": str(digits_folder), "settings": WILD, "processes": 3}
    train("softmax", out=whole, **options)
    original, steps = engine.update, itertools.count(1)

    def interrupt(*arguments: Any, **given: Any) -> tuple[Tensor, Tensor, Tensor]:
        if next(steps) == 7:
            os.kill(os.getpid(), signal.SIGINT)
        return original(*arguments, **given)

    monkeypatch.setattr("inkdigit.learning.train.update", interrupt)
    with pytest.raises(Interrupted, match="stopped after step 7 of "):
        train("softmax", out=parts, **options)
    with pytest.raises(UsageError, match="was begun with processes=3;"):
        train("softmax", out=parts, resume=True, processes=2)
    train("softmax", out=parts, resume=True)
    one, other = final_weights(whole), final_weights(parts)
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert read_log(parts) == read_log(whole)


JOINED = """
import os, pathlib, sys, time
from inkdigit.learning.distributed import join
join(pathlib.Path(sys.argv[2]), int(sys.argv[3]), 2)
"""

ONE_OF_THREE = "import os, sys, time; os.kill(os.getpid(), 9) if sys.argv[3] == '1' else time.sleep(600)"


@pytest.mark.parametrize(
    ("code", "processes", "words"),
    [
        (ONE_OF_THREE, 4, "was killed by signal 9, as where memory is short"),
        ("import os; os.write(1, b'no such folder'); os._exit(1)", 2, "ended: no such folder$"),
        (f"{JOINED}os._exit(5)", 2, "ended: code 5$"),
    ],
)
def test_a_process_that_is_no_more_is_told(
    code: str, processes: int, words: str, *, digits_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributed, "COMMAND", (sys.executable, "-c", code))
    with pytest.raises(EnvironmentFault, match=f"that trained with this one {words}"):
        train("lenet", data=str(digits_folder), out=tmp_path / "run", settings=PLAIN, processes=processes)
    assert not torch.distributed.is_initialized()


def test_a_run_whose_group_broke_goes_on(digits_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "COMMAND", (sys.executable, "-S", "-c", "raise SystemExit(1)"))
    settings = [*PLAIN, "batch_size=6"]  # three cannot share the four of the recipe
    with pytest.raises(EnvironmentFault):
        train("lenet", data=str(digits_folder), out=tmp_path / "run", settings=settings, processes=3)
    monkeypatch.undo()
    train("lenet", out=tmp_path / "run", resume=True, processes=3)
    assert (tmp_path / "run" / "model.onnx").exists()


def test_ctrl_c_is_heard_while_another_process_is_stuck() -> None:
    class Stuck:
        looks = 0

        def wait(self, _: object) -> None:
            self.looks += 1
            if self.looks == 3:
                os.kill(os.getpid(), signal.SIGINT)
            raise RuntimeError("Operation timed out!")

        def is_completed(self) -> bool:
            return self.looks > 5

    with pytest.raises(KeyboardInterrupt):
        distributed._wait(Stuck())


def test_a_group_with_a_process_that_is_stuck_is_left(
    digits_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(distributed, "COMMAND", (sys.executable, "-c", f"{JOINED}time.sleep(600)"))
    monkeypatch.setattr(distributed, "_wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train("lenet", data=str(digits_folder), out=tmp_path / "run", settings=PLAIN, processes=2)
    assert not torch.distributed.is_initialized()


def test_a_fault_of_ones_own_stays_what_it_is(
    digits_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("mine")

    monkeypatch.setattr("inkdigit.learning.train.update", fail)
    with pytest.raises(RuntimeError, match="mine"):
        train("lenet", data=str(digits_folder), out=tmp_path / "run", settings=PLAIN, processes=2)
    assert capfd.readouterr() == ("", "")
