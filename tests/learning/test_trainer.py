"""A process that trains, played by a few lines of Python: what it says and how it ends is what is told."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from inkdigit.errors import DataError, EnvironmentFault, InkdigitError, Interrupted, UsageError
from inkdigit.learning.trainer import Trainer, stop

Play = Callable[[str], Trainer]

SAVES = "import sys; open('begun', 'w'); sys.stdin.read(); open('saved', 'w')"


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Play:
    """Starts a process that runs this code, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def start(code: str) -> Trainer:
        monkeypatch.setattr("inkdigit.learning.trainer.COMMAND", (sys.executable, "-S", "-c", code))
        return Trainer("lenet, seed 1", {"seed": 1}, "the same command goes on")

    return start


def wait_for(path: Path) -> None:
    """Waits until something was written there."""
    deadline = time.monotonic() + 30
    while not (path.exists() and path.read_text()) and time.monotonic() < deadline:
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    """Whether a process ended; as a zombie it waits for whoever takes orphans in."""
    try:
        return " Z " in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True


def test_it_is_given_its_options(play: Play) -> None:
    play("import sys; open('options', 'w').write(sys.argv[1])").check()
    assert Path("options").read_text() == '{"seed": 1}'


@pytest.mark.parametrize(
    ("code", "words", "kind", "told"),
    [
        (2, "found a", UsageError, "found a"),
        (3, "no room", EnvironmentFault, "no room"),
        (4, "pages/ä: damaged", DataError, "pages/ä: damaged"),
        (1, "", InkdigitError, "lenet, seed 1: its process failed, see above"),
        (143, "stopped after step 1", Interrupted, "stopped in lenet, seed 1, saved; the same command goes on"),
    ],
)
def test_its_error_is_raised_here(code: int, words: str, kind: type[InkdigitError], told: str, play: Play) -> None:
    with pytest.raises(InkdigitError) as caught:
        play(f"import os; os.write(1, {words!r}.encode()); os._exit({code})").check()
    assert (type(caught.value), str(caught.value), caught.value.exit_code) == (kind, told, code)


def test_a_killed_one_is_told_and_leaves_no_process_behind(play: Play) -> None:
    child = "import time; time.sleep(600)"
    trainer = play(
        f"import os, subprocess, sys; child = subprocess.Popen([sys.executable, '-S', '-c', {child!r}])\n"
        "open('pid', 'w').write(str(child.pid)); os.kill(os.getpid(), 9)"
    )
    with pytest.raises(EnvironmentFault, match=r"^lenet, seed 1: its process was killed by signal 9, .* goes on$"):
        trainer.check()
    deadline = time.monotonic() + 30
    while not is_gone(int(Path("pid").read_text())) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert is_gone(int(Path("pid").read_text()))


def test_they_are_stopped_together_and_save(play: Play) -> None:
    trainers = [play(SAVES.replace("begun", f"begun{n}").replace("saved", f"saved{n}")) for n in range(2)]
    assert not any(trainer.has_ended() for trainer in trainers)
    stop(trainers)
    assert all(trainer.has_ended() for trainer in trainers)
    assert {path.name for path in Path().glob("saved*")} == {"saved0", "saved1"}


def test_ctrl_c_while_they_save_ends_them(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    def press_ctrl_c(_: Trainer) -> None:
        wait_for(Path("pid"))
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Trainer, "wait", press_ctrl_c)
    trainer = play("import os, sys, time; sys.stdin.read(); open('pid', 'w').write(str(os.getpid())); time.sleep(600)")
    with pytest.raises(KeyboardInterrupt):
        stop([trainer])
    assert trainer.has_ended()
    assert is_gone(int(Path("pid").read_text()))
