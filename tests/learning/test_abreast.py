"""Runs side by side; the processes are played where training itself does not matter."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inkdigit.errors import DataError, EnvironmentFault, Interrupted
from inkdigit.learning.abreast import Job, count_at_once, train_abreast
from inkdigit.learning.recipe import override
from inkdigit.learning.recipes import RECIPES

SAVES = "open(out + '.begun', 'w'); sys.stdin.read(); open(out + '.saved', 'w'); sys.exit(143)\n"


def jobs(folder: Path, n: int) -> list[Job]:
    options = {"resume": False, "loggers": ["csv", "progress"]}
    return [Job(f"run {seed}", {"seed": seed, "out": str(folder / str(seed)), **options}) for seed in range(n)]


def train_two_at_once(folder: Path, n: int, told: list[str]) -> None:
    train_abreast(jobs(folder, n), 2, told.append, goes_on="do it again")


def wait_for(*paths: Path) -> None:
    deadline = time.monotonic() + 30
    while not all(path.exists() for path in paths) and time.monotonic() < deadline:
        time.sleep(0.01)


@contextmanager
def signalled(number: signal.Signals, folder: Path) -> Iterator[None]:
    """Sends a signal to this process once two runs have begun."""

    def send() -> None:
        wait_for(folder / "0.begun", folder / "1.begun")
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=send)
    thread.start()
    yield
    thread.join()


def test_a_core_each_where_one_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inkdigit.learning.abreast.count_cores", lambda: 2)
    assert [count_at_once(RECIPES["lenet"], n) for n in range(4)] == [1, 1, 2, 2]
    assert count_at_once(override(RECIPES["lenet"], ["threads=2"]), 3) == 1
    assert count_at_once(RECIPES["softmax"], 3) == 1
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert count_at_once(RECIPES["lenet"], 3) == 1
    assert count_at_once(RECIPES["lenet"], 3, "cpu") == 2


def test_no_more_at_a_time_than_are_asked_for(play: Callable[[str], None], tmp_path: Path) -> None:
    play(
        "open(out + '.work', 'w'); time.sleep(0.3)\n"
        "open(out + '.seen', 'w').write(str(sum(n.endswith('.work') for n in os.listdir(os.path.dirname(out)))))\n"
        "os.remove(out + '.work')"
    )
    told: list[str] = []
    train_two_at_once(tmp_path, 5, told)
    assert sorted(line for line in told if line.startswith("trained")) == [f"trained run {n}" for n in range(5)]
    assert max(int((tmp_path / f"{n}.seen").read_text()) for n in range(5)) <= 2


def test_one_at_a_time_may_draw_its_bar(play: Callable[[str], None], tmp_path: Path) -> None:
    play("open(out, 'w').write(' '.join(options['loggers']))")
    told: list[str] = []
    train_abreast(jobs(tmp_path, 2), 1, told.append, goes_on="")
    assert told == ["training run 0", "trained run 0", "training run 1", "trained run 1"]
    assert (tmp_path / "0").read_text() == "csv progress"
    train_two_at_once(tmp_path, 2, told)
    assert (tmp_path / "0").read_text() == "csv"
    assert told[4:6] == ["training run 0, on a core of its own", "training run 1, on a core of its own"]


def test_where_one_fails_the_other_saves_and_the_next_does_not_begin(
    play: Callable[[str], None], tmp_path: Path
) -> None:
    play(
        f"if seed == 0:\n    {SAVES}"
        "while not os.path.exists(out[:-1] + '0.begun'): time.sleep(0.01)\n"
        "os.write(1, b'digits: damaged'); sys.exit(4)"
    )
    with pytest.raises(DataError, match=r"^digits: damaged$"):
        train_two_at_once(tmp_path, 3, [])
    assert {path.name for path in tmp_path.iterdir()} == {"0.begun", "0.saved"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_has_all_of_them_save(number: signal.Signals, play: Callable[[str], None], tmp_path: Path) -> None:
    play(SAVES)
    with (
        signalled(number, tmp_path),
        pytest.raises(Interrupted, match=r"^stopped in run 0 and run 1, saved; do it again$") as caught,
    ):
        train_two_at_once(tmp_path, 3, [])
    assert caught.value.exit_code == 128 + number
    assert {path.stem for path in tmp_path.glob("*.saved")} == {"0", "1"}


def test_a_run_that_cannot_be_saved_is_not_said_to_be(play: Callable[[str], None], tmp_path: Path) -> None:
    play(
        f"if seed == 1:\n    time.sleep(0.2); {SAVES}"
        "open(out + '.begun', 'w'); sys.stdin.read(); os.write(1, b'runs: no space is left'); sys.exit(3)"
    )
    with signalled(signal.SIGINT, tmp_path), pytest.raises(EnvironmentFault, match=r"^runs: no space is left$"):
        train_two_at_once(tmp_path, 3, [])
    assert {path.stem for path in tmp_path.glob("*.saved")} == {"1"}
