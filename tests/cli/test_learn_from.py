"""``inkdigit learn-from``."""

import io
import json
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from inkdigit import train
from inkdigit.learning import finetune

Run = Callable[..., subprocess.CompletedProcess[str]]


def a_bar() -> bytes:
    """A digit image as the page gives it: a standing bar."""
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 13:16] = 255
    buffer = io.BytesIO()
    PIL.Image.fromarray(image).save(buffer, "png")
    return buffer.getvalue()


@pytest.fixture
def zipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three corrections; and steps that suit a few hundred images."""
    for name, value in (("BATCH_SIZE", 16), ("LR", 3e-3), ("CORRECTIONS", 0.25)):
        monkeypatch.setattr(finetune, name, value)
    path = tmp_path / "corrections.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for n in range(3):
            archive.writestr(f"3/{n}.png", a_bar())
    return path


def test_prints_the_run_and_tells_before_and_now(
    zipped: Path, invoke: Run, trained_run: Path, digits_folder: Path
) -> None:
    ended = invoke("learn-from", zipped, "--model", trained_run, "--out", "runs/mine", "--data", digits_folder)
    assert (ended.returncode, ended.stdout) == (0, "runs/mine\n")
    held_out, corrected = ended.stderr.splitlines()
    assert held_out == "read right of digits held out: 100.00% before, 100.00% now"
    assert corrected.startswith("of the 3 corrections: 0% before, 100% now; these were learnt from")
    ended = invoke("evaluate", "runs/mine", "--data", digits_folder, "--json")
    assert json.loads(ended.stdout)["accuracy"] > 0.9


def test_digits_that_the_model_learnt_from_are_not_called_held_out(
    zipped: Path, invoke: Run, digits_folder: Path, tmp_path: Path
) -> None:
    settings = ["protocol=all", "epochs=3", "batch_size=8"]
    train("softmax", data=str(digits_folder), out=tmp_path / "knowing", settings=settings)
    ended = invoke("learn-from", zipped, "--model", "knowing", "--out", "mine", "--data", digits_folder)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.startswith(
        "read right of test digits, since the model may have learnt from any others: 100.00%"
    )
    assert "held out" not in ended.stderr


def test_json(zipped: Path, invoke: Run, trained_run: Path, digits_folder: Path) -> None:
    options = ("--model", trained_run, "--out", "mine", "--data", digits_folder, "--json")
    result = json.loads(invoke("learn-from", zipped, *options).stdout)
    assert result == json.loads(Path("mine/result.json").read_text())
    assert (result["run"], result["tuned_from"], result["corrections"]) == ("mine", "lenet", 3)


def test_digits_that_would_be_lost_are_one_line_and_no_run(
    zipped: Path, fails: Callable[..., str], trained_run: Path, digits_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetune, "LR", 10.0)  # which leaves nothing of the network
    line = fails(1, "learn-from", zipped, "--model", trained_run, "--out", "runs/mine", "--data", digits_folder)
    assert "accuracy on held-out digits would fall from 100.00% to" in line
    assert [path.name for path in Path().iterdir()] == ["corrections.zip"]


def test_what_is_missing(
    zipped: Path, fails: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "no such file" in fails(4, "learn-from", "gone.zip", "--out", "mine")
    assert "did you mean 'reader'" in fails(2, "learn-from", zipped, "--out", "mine", "--model", "raeder")
    assert "expected a classifier" in fails(4, "learn-from", zipped, "--out", "mine", "--model", "locator")
    monkeypatch.setenv("INKDIGIT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr("inkdigit.data.sources.MNIST_MIRRORS", ("http://127.0.0.1:9/",))
    assert "set INKDIGIT_DATA" in fails(3, "learn-from", zipped, "--out", "mine")
    assert not Path("mine").exists()
