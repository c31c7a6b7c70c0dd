"""``inkdigit batch``: what it passes on, says and refuses; and how it stops."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.cli.test_main import HIDE

from inkdigit.batch import Tally

STOPPED_AT_THE_START = """
import signal, sys
import ray
init = ray.init
def stop(*arguments, **options):
    init(*arguments, **options)
    signal.raise_signal(signal.SIGTERM)  # Ray has put a handler of its own in the place of ours
ray.init = stop
sys.argv[0] = "inkdigit"
from inkdigit.cli import main
main()
"""

Run = Callable[..., subprocess.CompletedProcess[str]]
Fails = Callable[..., str]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What is asked for; of seven pictures two could not be read."""
    found: dict[str, Any] = {}

    def read_files(files: object, folder: Path, *, watch: Callable[[Tally], None], **more: Any) -> None:
        found.update(files=files, folder=folder, **more)
        watch(Tally(3, 4, 1))
        watch(Tally(2, 3, 1))

    monkeypatch.setattr("inkdigit.batch.read_files", read_files)
    return found


def test_what_is_asked_for_is_passed_on(asked: dict[str, Any], invoke: Run, samples: Path) -> None:
    words = [
        "--single",
        "--again",
        "--length",
        "2",
        "--min-confidence",
        "0.5",
        "--processes",
        "3",
        "--locator",
        "x.onnx",
    ]
    ended = invoke(
        "batch", samples / "seven.png", samples / "seven.png", samples / "s*l.png", "--out", "answers", *words
    )
    assert asked["files"] == [(str(samples / name), "") for name in ("seven.png", "small.png")], "each once"
    assert (asked["folder"], asked["processes"], asked["address"]) == (Path("answers"), 3, None)
    assert asked["again"]
    assert (asked["model"], asked["locator"]) == ("reader", "x.onnx")
    assert (asked["options"]["single"], asked["options"]["min_confidence"]) == (True, 0.5)
    assert asked["options"]["rules"].name == "length"
    assert (ended.returncode, ended.stdout) == (1, "answers\n")
    assert ended.stderr == "inkdigit: 7 pictures, 2 of which could not be read: see the column error\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--out", ""], "found an empty name"),
        (["-", "--out", "answers"], "found -, expected files"),
        (["smaples.zip#a.png", "--out", "answers"], "smaples.zip#a.png: found no picture there"),
        (["smaples", "--out", "answers"], "smaples: found no picture there"),
        (["empty", "--out", "answers"], "empty: found no picture there"),
        (["x.png", "--out", "answers", "--region", "1,2"], "expected x,y,w,h"),
        (["x.png", "--out", "answers", "--check", "mod97"], "unknown check 'mod97'"),
        (["x.png", "--out", "answers", "--processes", "2", "--address", "auto"], "expected one of them"),
        (["x.png", "--out", "answers", "--model", "raeder"], "did you mean 'reader'"),
    ],
)
def test_what_is_wrong_is_told_before_anything_begins(words: list[str], told: str, fails: Fails) -> None:
    Path("empty").mkdir()
    Path("x.png").touch()
    assert told in fails(2, "batch", *words, *([] if words[0] != "--out" else ["x.png"]))
    assert not Path("answers").exists()


@pytest.mark.parametrize(("package", "name"), [("ray", "ray"), ("pyarrow", "pyarrow")])
def test_a_missing_extra_names_the_pip_command(
    package: str, name: str, run_wrapped: Run, samples: Path, tmp_path: Path
) -> None:
    ended = run_wrapped(HIDE.format(package), "batch", samples, "--out", tmp_path / "answers")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == f"inkdigit: {name} is not installed; it comes with: pip install 'inkdigit[batch]'\n"


@pytest.mark.slow
def test_a_stop_while_ray_starts_is_one(samples: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", STOPPED_AT_THE_START, "batch", str(samples), "--out", str(tmp_path / "answers")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 128 + signal.SIGTERM
    assert ended.stderr.endswith("inkdigit: stopped; what was read is kept, and the same command goes on\n")
    assert list((tmp_path / "answers").iterdir()) == []


@pytest.mark.slow
def test_what_was_read_before_a_stop_is_kept(samples: Path, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    for number in range(24):
        (tmp_path / "pictures" / f"{number}.jpg").symlink_to(samples / "phone.jpg")
    answers = tmp_path / "answers"
    words = [tmp_path / "pictures", "--out", answers, "--processes", "1"]
    command = [sys.executable, "-m", "inkdigit", "batch", *map(str, words)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as reading:
        while not list(answers.glob("*.parquet")):
            assert reading.poll() is None
            time.sleep(0.02)
        reading.send_signal(signal.SIGTERM)
        assert reading.stderr
        assert "what was read is kept, and the same command goes on" in reading.stderr.read()
    assert reading.returncode == 128 + signal.SIGTERM
    kept = {path: path.stat().st_mtime_ns for path in answers.glob("*.parquet")}
    assert 0 < pq.read_table(answers).num_rows < 24
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == (f"{answers}\n", "inkdigit: 24 pictures\n")
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert sorted(pq.read_table(answers)["file"].to_pylist()) == sorted(map(str, (tmp_path / "pictures").iterdir()))
    assert os.listdir(answers) == [path.name for path in answers.glob("*.parquet")]  # noqa: PTH208 - dots, too
