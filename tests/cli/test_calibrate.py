import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inkdigit.calibrate import Proposed
from inkdigit.learning.graph import write_metadata
from inkdigit.locator import OnnxLocator
from inkdigit.reading.joining import Joining
from inkdigit.reading.weights import SHIPPED


@pytest.fixture
def locator(tmp_path: Path) -> Path:
    """A locator's run, as far as calibration looks at it."""
    folder = tmp_path / "run"
    folder.mkdir()
    shutil.copy(SHIPPED["locator"], folder / "model.onnx")
    return folder


def test_writes_the_joining_into_the_locator(
    invoke: Callable[..., Any], locator: Path, digits_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted = Joining(0.5, -0.2, 0.61)
    asked: list[int] = []

    def collect(_finder: object, digits: object, n: int) -> Proposed | None:
        asked.append(n)
        return None

    monkeypatch.setattr("inkdigit.calibrate.collect", collect)
    monkeypatch.setattr("inkdigit.calibrate.fit", lambda _: fitted)
    monkeypatch.setattr("inkdigit.calibrate.choose_threshold", lambda *_: fitted.threshold)
    before = OnnxLocator(locator / "model.onnx").metadata
    ended = invoke("calibrate", locator, "--data", digits_folder, "--pages", 30)
    assert ended.returncode == 0, ended
    assert "0.610" in ended.stdout
    assert asked == [30]
    after = OnnxLocator(locator / "model.onnx")
    assert Joining.of(after) == fitted
    assert {**before, "joining": None} == {**after.metadata, "joining": None}


def test_a_classifier_is_no_locator(fails: Callable[..., str]) -> None:
    assert "expected a locator" in fails(4, "calibrate", SHIPPED["reader"])


def test_the_shipped_locator_is_left_as_it_is(fails: Callable[..., str]) -> None:
    before = SHIPPED["locator"].read_bytes()
    assert "found the shipped 'locator'" in fails(2, "calibrate", "locator")
    assert SHIPPED["locator"].read_bytes() == before


def test_nor_is_it_written_into_by_its_path(fails: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").symlink_to(SHIPPED["locator"])
    for path in (SHIPPED["locator"], tmp_path / "mine.onnx"):
        assert "found the shipped" in fails(2, "calibrate", path)


def test_what_cannot_be_fitted_is_one_line_and_changes_nothing(
    fails: Callable[..., str], locator: Path, digits_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores, probabilities = np.full((9, 10), 0.1, np.float32), np.full((9, 11), 1 / 11, np.float32)
    no_digits = Proposed(scores, probabilities, np.full(9, 10), np.ones(9, np.float32))
    monkeypatch.setattr("inkdigit.calibrate.collect", lambda *_: no_digits)
    before = (locator / "model.onnx").read_bytes()
    assert "train it longer" in fails(4, "calibrate", locator, "--data", digits_folder)
    assert (locator / "model.onnx").read_bytes() == before


@pytest.mark.parametrize("knows", ["locator", "model"])
def test_what_knows_the_held_out_digits_is_refused(
    knows: str, fails: Callable[..., str], locator: Path, trained_run: Path, digits_folder: Path
) -> None:
    model = locator.parent / "model.onnx"
    shutil.copy(trained_run / "model.onnx", model)
    path = {"locator": locator / "model.onnx", "model": model}[knows]
    write_metadata(path, {"data": str(digits_folder), "train_sha256": "all of them"})
    line = fails(4, "calibrate", locator, "--model", model, "--data", digits_folder)
    assert f"{path}: learnt from other digits of {digits_folder} than those that are not held out" in line


def test_there_must_be_such_a_run(fails: Callable[..., str]) -> None:
    assert "no such folder" in fails(4, "calibrate", "runs/locator-9")
