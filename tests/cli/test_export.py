"""``inkdigit export``."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from inkdigit import OnnxClassifier

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_onnx(invoke: Run, trained_run: Path) -> None:
    ended = invoke("export", trained_run, "--to", "onnx", "--out", "new/lenet.onnx")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "new/lenet.onnx\n", "")
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    before = OnnxClassifier(trained_run / "model.onnx")(images)
    np.testing.assert_array_equal(OnnxClassifier("new/lenet.onnx")(images), before)


def test_safetensors_lie_in_the_run_unless_told(invoke: Run, trained_run: Path) -> None:
    shutil.copytree(trained_run, "run")
    assert invoke("export", "run", "--to", "safetensors").stdout == "run/model.safetensors\n"
    assert "conv1.weight" in load_file("run/model.safetensors")


def test_digits_that_cannot_be_had_are_named_with_data(
    invoke: Run, fails: Callable[..., str], trained_run: Path, digits_folder: Path
) -> None:
    shutil.copytree(trained_run, "run")
    told = Path("run/run.json")
    told.write_text(told.read_text().replace(str(digits_folder), "gone"))
    assert "name a dataset with --data" in fails(4, "export", "run", "--to", "int8")
    assert invoke("export", "run", "--to", "int8", "--data", digits_folder).stdout == "run/model-int8.onnx\n"


@pytest.mark.parametrize(
    ("missing", "words"), [("result.json", "the run is unfinished"), ("run.json", "no run.json"), ("weights", "step-")]
)
def test_a_run_half_written(missing: str, words: str, fails: Callable[..., str], trained_run: Path) -> None:
    shutil.copytree(trained_run, "run")
    shutil.rmtree("run/weights") if missing == "weights" else Path("run", missing).unlink()
    assert words in fails(4, "export", "run", "--to", "safetensors", "--out", "new.safetensors")
    assert not Path("new.safetensors").exists()


def test_a_place_that_cannot_be_written(fails: Callable[..., str], trained_run: Path) -> None:
    Path("file").touch()
    assert "cannot be written" in fails(3, "export", trained_run, "--to", "safetensors", "--out", "file/x.safetensors")
