"""``inkdigit train``."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
QUICK = ("train", "softmax", "--set", "epochs=1", "--data")


def test_prints_the_folder_of_the_run_and_resumes_the_newest(invoke: Run, digits_folder: Path) -> None:
    ended = invoke(*QUICK, digits_folder)
    assert (ended.returncode, ended.stdout) == (0, "runs/softmax-1\n")
    assert "test accuracy" in ended.stderr
    assert invoke(*QUICK, digits_folder).stdout == "runs/softmax-2\n"
    for name in ("result.json", "model.onnx", "evaluation.json"):
        Path("runs/softmax-2", name).unlink()
    ended = invoke("train", "softmax", "--resume")
    assert (ended.returncode, ended.stdout) == (0, "runs/softmax-2\n")
    assert Path("runs/softmax-2/model.onnx").exists()
    assert invoke("train", "softmax", "--resume", "--out", "runs/softmax-1").stdout == "runs/softmax-1\n"


def test_options_and_json(invoke: Run, digits_folder: Path) -> None:
    options = ("--seed", 7, "--set", "lr=0.5", "--out", "here", "--device", "cpu", "--log", "tensorboard", "--json")
    ended = invoke(*QUICK, digits_folder, *options)
    values = json.loads(ended.stdout)
    relied_upon = {"run", "recipe", "seed", "epochs", "seconds", "validation_accuracy", "test_accuracy"}
    assert relied_upon <= set(values)
    assert (values["run"], values["recipe"], values["seed"], values["epochs"]) == ("here", "softmax", 7, 1)
    assert 0 <= values["validation_accuracy"] <= 1
    assert 0 <= values["test_accuracy"] <= 1
    assert values["seconds"] >= 0
    begun = json.loads(Path("here/run.json").read_text())
    assert (begun["seed"], begun["recipe"]["lr"]) == (7, 0.5)
    assert any(Path("here/tensorboard").iterdir())


@pytest.mark.parametrize("name", ["run.json", "state.safetensors"])
def test_a_run_folder_that_is_damaged(name: str, fails: Callable[..., str], trained_run: Path) -> None:
    shutil.copytree(trained_run, "half")
    Path("half/result.json").unlink()
    damaged = Path("half", name)
    damaged.write_bytes(damaged.read_bytes()[:100])
    assert "train again" in fails(4, "train", "lenet", "--resume", "--out", "half")


def test_a_run_folder_that_is_missing(fails: Callable[..., str]) -> None:
    assert "no such folder" in fails(4, "train", "lenet", "--resume", "--out", "gone")


def test_a_folder_in_use_is_left_alone(fails: Callable[..., str], digits_folder: Path, trained_run: Path) -> None:
    assert "not empty" in fails(2, *QUICK, digits_folder, "--out", trained_run)


def cut_gzip(folder: Path) -> None:
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:2000])


def lie_in_the_header(folder: Path) -> None:
    path = folder / "train-labels-idx1-ubyte"
    content = bytearray(path.read_bytes())
    content[4:8] = (10**6).to_bytes(4, "big")
    path.write_bytes(content)


def tell_of_more_labels(folder: Path) -> None:
    path = folder / "train-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:4] + (239).to_bytes(4, "big") + bytes(239))


def lose_a_file(folder: Path) -> None:
    (folder / "t10k-labels-idx1-ubyte").unlink()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (cut_gzip, "damaged gzip data"),
        (lie_in_the_header, "the header promises 1000000 values"),
        (tell_of_more_labels, "found 240 train images and 239 labels"),
        (lose_a_file, "nor t10k-labels"),
    ],
)
def test_damaged_data_are_told_and_nothing_is_written(
    spoil: Callable[[Path], None], words: str, fails: Callable[..., str], digits_folder: Path
) -> None:
    shutil.copytree(digits_folder, "data")
    spoil(Path("data"))
    assert words in fails(4, *QUICK, "data")
    assert not Path("runs").exists()


def test_no_network_and_no_data(fails: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INKDIGIT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr("inkdigit.data.sources.MNIST_MIRRORS", ("http://127.0.0.1:9/",))
    line = fails(3, "train", "softmax")
    assert "no mirror gave it" in line
    assert "set INKDIGIT_DATA" in line
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize(("number", "words"), [(28, "No space left on device"), (13, "Permission denied")])
def test_a_disk_that_takes_nothing(
    number: int, words: str, fails: Callable[..., str], digits_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, words)

    monkeypatch.setattr("os.fsync", fail)
    assert words in fails(3, *QUICK, digits_folder)
    assert not [path for path in Path().rglob("*") if path.is_file()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_training_saves_and_tells_how_to_go_on(
    number: signal.Signals, digits_folder: Path, tmp_path: Path, fails: Callable[..., str]
) -> None:
    command = [sys.executable, "-m", "inkdigit", "train", "softmax", "--data", str(digits_folder)]
    command += ["--set", "steps=1000000", "--set", "log_every=5000", "--out", "run"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=tmp_path, **pipes) as process:  # type: ignore[call-overload]
        deadline = time.monotonic() + 60
        while not (tmp_path / "run" / "metrics.csv").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.2)
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert stdout == ""
    assert "saved; go on with: inkdigit train softmax --out run --resume" in stderr.splitlines()[-1]
    assert "Traceback" not in stderr
    assert (tmp_path / "run" / "state.safetensors").exists()
    assert not (tmp_path / "run" / "model.onnx").exists()
    assert not list((tmp_path / "run").rglob(".*"))
    assert "--resume" in fails(4, "evaluate", "run")
    assert "--resume" in fails(4, "export", "run", "--to", "onnx")


def test_processes_that_cannot_share_a_batch(fails: Callable[..., str], digits_folder: Path) -> None:
    told = fails(2, "train", "lenet", "--processes", 3, "--data", digits_folder, "--out", "shared")
    assert "found batches of 4 for 3 processes" in told
    assert not Path("shared").exists()
