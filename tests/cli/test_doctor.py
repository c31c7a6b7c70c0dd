"""``inkdigit doctor``."""

import subprocess
from collections.abc import Callable
from importlib.metadata import requires
from pathlib import Path

import pytest

from inkdigit.cli import checks
from inkdigit.errors import DataError

Run = Callable[..., subprocess.CompletedProcess[str]]


def findings(ended: subprocess.CompletedProcess[str]) -> dict[str, tuple[str, str]]:
    lines = [line.split(maxsplit=2) for line in ended.stdout.splitlines()]
    return {name: (sign, words) for sign, name, words in lines}


def test_all_is_well(invoke: Run, monkeypatch: pytest.MonkeyPatch, digits_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mnist").symlink_to(digits_folder)
    for split in ("train", "t10k"):
        assert (digits_folder / f"{split}-labels-idx1-ubyte").exists()
    monkeypatch.setenv("INKDIGIT_DATA", str(tmp_path))
    ended = invoke("doctor")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert {name: sign for name, (sign, _) in findings(ended).items()} == dict.fromkeys(checks.CHECKS, "ok")
    assert "torch" in findings(ended)["learning"][1]


def test_a_package_that_cannot_be_imported_is_found(run_wrapped: Run) -> None:
    ended = run_wrapped("sys.modules['onnxruntime'] = None", "doctor")
    assert ended.returncode == 3
    sign, words = findings(ended)["reading"]
    assert sign == "--"
    assert "onnxruntime" in words


def test_what_is_not_needed_may_be_missing(invoke: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INKDIGIT_DATA", str(tmp_path))
    more = ['no-such-package>=1; extra == "learn"', 'nor-this-one>=1; extra == "learning"']
    monkeypatch.setattr(checks, "requires", lambda name: [*(requires(name) or ()), *more])
    ended = invoke("doctor")
    assert ended.returncode == 0
    assert findings(ended)["mnist"] == ("--", f"not in {tmp_path}/mnist; fetch it with: inkdigit data mnist")
    sign, words = findings(ended)["learning"]
    assert sign == "--"
    assert "without no-such-package;" in words
    assert "pip install 'inkdigit[learn]'" in words


@pytest.mark.parametrize("error", [DataError("the model is damaged"), ImportError("no libGL"), OSError("no room")])
def test_without_reading_it_fails(error: Exception, invoke: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("inkdigit.reading.reader.read", fail)
    ended = invoke("doctor")
    assert ended.returncode == 3
    assert findings(ended)["reading"] == ("--", str(error))
    assert findings(ended).keys() == checks.CHECKS.keys(), "the other checks are still made"
