"""The loop: what it leaves, how it stops, how it goes on."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from inkdigit import DataError, EnvironmentFault, Interrupted, OnnxClassifier, UsageError, load_dataset, train
from inkdigit.data.dataset import Dataset
from inkdigit.evaluation.evaluate import evaluate
from inkdigit.learning import engine
from inkdigit.learning.export import export_runs
from inkdigit.learning.optim import SCHEDULES
from inkdigit.learning.recipes import RECIPES
from inkdigit.learning.run import Run
from inkdigit.learning.signals import Interruption

SHORT = ["protocol=held-out", "epochs=3", "batch_size=8", "augment.rotate=10", "augment.shift=1", "log_every=7"]


def final_weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(sorted((folder / "weights").iterdir())[-1])


def assert_same_weights(left: Path, right: Path) -> None:
    one, other = final_weights(left), final_weights(right)
    assert one.keys() == other.keys()
    for name in one:
        assert torch.equal(one[name], other[name]), name


def test_a_run_leaves_everything(trained_run: Path, digits_folder: Path) -> None:
    names = {path.name for path in trained_run.iterdir()}
    expected = {"run.json", "result.json", "metrics.csv", "state.safetensors", "weights", "model.onnx"}
    assert names == expected | {"evaluation.json", "curves.png"}
    result = json.loads((trained_run / "result.json").read_text())
    assert result["test_accuracy"] > 0.95
    assert result["epochs"] == 6
    assert len(list((trained_run / "weights").iterdir())) == 6
    classifier = OnnxClassifier(trained_run / "model.onnx")
    assert evaluate(classifier, load_dataset(str(digits_folder), "test")).accuracy == result["test_accuracy"]
    assert classifier.metadata["test_accuracy"] == result["test_accuracy"]
    assert "run" not in classifier.metadata


def test_the_log_has_a_line_per_round_with_validation(trained_run: Path) -> None:
    rows = list(csv.DictReader((trained_run / "metrics.csv").read_text().splitlines()))
    validated = [row for row in rows if row["validation_accuracy"]]
    assert [float(row["epoch"]) for row in validated] == [1, 2, 3, 4, 5, 6]
    losses = [float(row["train_loss"]) for row in rows]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(("protocol", "kept"), [("held-out", 56), ("first-tutorial", 56), ("all", 84)])
def test_the_protocol_keeps_the_best_watched_epoch_or_the_last(
    protocol: str, kept: int, digits_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accuracies = iter([0.5, 0.9, 0.7])
    monkeypatch.setattr("inkdigit.learning.classify.predict", lambda _: Rigged(next(accuracies)))
    settings = [*SHORT, f"protocol={protocol}", "batch_size=8" if protocol == "held-out" else "batch_size=9"]
    result = train("lenet", data=str(digits_folder), out=tmp_path / "r", settings=settings)
    steps = sorted(int(path.stem[5:]) for path in (tmp_path / "r" / "weights").iterdir())
    assert result["best_step"] == steps[1 if kept == 56 else 2]
    chosen = load_file(tmp_path / "r" / "weights" / f"step-{result['best_step']:07d}.safetensors")
    exported = load_file(export_runs([tmp_path / "r"], "safetensors"))
    assert all(torch.equal(chosen[name], exported[name]) for name in chosen)
    assert (result["validation_accuracy"] is None) == (protocol == "all")
    assert (result["temperature"] == 1.0) == (protocol == "all")
    row = list(csv.DictReader((tmp_path / "r" / "metrics.csv").read_text().splitlines()))[-1]
    assert bool(row["test_accuracy"]) == (protocol == "all")
    assert bool(row["validation_accuracy"]) == (protocol != "all")


class Rigged:
    """Predictions that are right as often as they are told to be."""

    def __init__(self, accuracy: float) -> None:
        self.accuracy = accuracy

    def __eq__(self, labels: object) -> np.ndarray:  # type: ignore[override]
        return np.array([self.accuracy])

    __hash__ = None  # type: ignore[assignment]


def test_the_same_seed_gives_the_same_weights_and_another_others(digits_folder: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train("lenet", data=str(digits_folder), out=tmp_path / name, seed=seed, settings=SHORT)
    assert_same_weights(tmp_path / "a", tmp_path / "b")
    with pytest.raises(AssertionError):
        assert_same_weights(tmp_path / "a", tmp_path / "c")


LARGER = ["protocol=held-out", "epochs=3", "batch_size=16", "log_every=7"]


@pytest.mark.parametrize(
    ("recipe", "stop_after"), [*(("lenet", step) for step in (1, 5, 28, 40)), ("cnn", 20), ("keras-cnn", 17)]
)
def test_an_interrupted_run_goes_on_bit_for_bit(
    recipe: str, stop_after: int, digits_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = SHORT if recipe == "lenet" else LARGER  # the others in other memory, precision and optimiser
    train(recipe, data=str(digits_folder), out=tmp_path / "whole", settings=settings)
    signalled: list[int] = []
    original = engine.update

    def interrupt(*arguments: Any, **options: Any) -> tuple[Tensor, Tensor, Tensor]:
        signalled.append(len(signalled))
        if len(signalled) == stop_after:
            os.kill(os.getpid(), signal.SIGINT)
        return original(*arguments, **options)

    monkeypatch.setattr("inkdigit.learning.train.update", interrupt)
    with pytest.raises(Interrupted, match=f"stopped after step {stop_after} of ") as caught:
        train(recipe, data=str(digits_folder), out=tmp_path / "parts", settings=settings)
    assert caught.value.exit_code == 130
    assert not (tmp_path / "parts" / "model.onnx").exists()
    train(recipe, out=tmp_path / "parts", resume=True)
    assert_same_weights(tmp_path / "whole", tmp_path / "parts")
    assert log_without_seconds(tmp_path / "parts") == log_without_seconds(tmp_path / "whole")


def test_a_signal_that_comes_between_two_looks_is_heard_when_the_state_is_saved(
    digits_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Late(Interruption):
        looks = 0

        @property
        def signal_number(self) -> int | None:
            self.looks += 1
            return signal.SIGINT if self.looks > 1 else None

        @signal_number.setter
        def signal_number(self, number: int | None) -> None:
            pass

    monkeypatch.setattr("inkdigit.learning.train.Interruption", Late)
    with pytest.raises(Interrupted, match="stopped after step 2 of "):
        train("lenet", data=str(digits_folder), out=tmp_path / "r", settings=SHORT)
    assert (tmp_path / "r" / "state.safetensors").exists()


def log_without_seconds(folder: Path) -> list[dict[str, str]]:
    rows = csv.DictReader((folder / "metrics.csv").read_text().splitlines())
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def test_a_killed_run_goes_on_bit_for_bit(
    digits_folder: Path, tmp_path: Path, run_cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """SIGKILL in the middle of an epoch, resumed by the command line."""
    options = ["--data", str(digits_folder), "--set", "epochs=40", "--set", "batch_size=4"]
    code = "import inkdigit.learning.train as t; t.CHECKPOINT_S = 0.05; from inkdigit.cli import main; main()"
    command = [sys.executable, "-c", code, "train", "lenet", *options, "--out", str(tmp_path / "parts")]
    state = tmp_path / "parts" / "state.safetensors"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not state.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)
        process.kill()
    assert process.returncode == -signal.SIGKILL, "it was to be killed before it was done"
    assert state.exists()
    assert not (tmp_path / "parts" / "result.json").exists()
    resumed = run_cli("train", "lenet", "--resume", "--out", tmp_path / "parts")
    assert resumed.returncode == 0, resumed.stderr
    whole = run_cli("train", "lenet", *options, "--out", tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    assert_same_weights(tmp_path / "whole", tmp_path / "parts")


def test_a_run_killed_before_its_first_checkpoint_starts_again(digits_folder: Path, tmp_path: Path) -> None:
    train("softmax", data=str(digits_folder), out=tmp_path / "a", settings=["epochs=1"])
    for name in ("state.safetensors", "result.json", "model.onnx"):
        (tmp_path / "a" / name).unlink()
    before = final_weights(tmp_path / "a")
    train("softmax", out=tmp_path / "a", resume=True)
    assert all(torch.equal(before[name], value) for name, value in final_weights(tmp_path / "a").items())


def test_a_run_begun_from_another_does_not_begin_afresh_without_its_state(
    trained_run: Path, digits_folder: Path, tmp_path: Path
) -> None:
    settings = [*SHORT, "epochs=1"]
    train("lenet", data=str(digits_folder), out=tmp_path / "a", settings=settings, begun_from=trained_run)
    for name in ("state.safetensors", "result.json"):
        (tmp_path / "a" / name).unlink()
    with pytest.raises(DataError, match="stopped before its first checkpoint, train again"):
        train("lenet", out=tmp_path / "a", resume=True)


@pytest.mark.parametrize("schedule", ["constant", "one-cycle"])
def test_the_rate_follows_its_schedule(schedule: str, digits_folder: Path, tmp_path: Path) -> None:
    settings = ["steps=12", f"schedule={schedule}", "lr=0.3", "log_every=1", "protocol=held-out"]
    train("softmax", data=str(digits_folder), out=tmp_path / "a", settings=settings)
    rows = csv.DictReader((tmp_path / "a" / "metrics.csv").read_text().splitlines())
    expected = [0.3 * SCHEDULES[schedule](step / 12) for step in range(12)]
    assert [float(row["lr"]) for row in rows] == pytest.approx(expected, rel=1e-4)


def test_a_folder_that_another_process_takes_meanwhile_is_left_to_it(digits_folder: Path, tmp_path: Path) -> None:
    def take(_: str) -> None:
        train("softmax", data=str(digits_folder), out=tmp_path / "a", seed=1, settings=["epochs=1"])

    with pytest.raises(UsageError, match="not empty; choose another folder"):
        train("softmax", data=str(digits_folder), out=tmp_path / "a", settings=["epochs=2"], announce=take)
    assert Run.open(tmp_path / "a").seed == 1


def test_a_dataset_may_be_named_in_another_way(trained_run: Path, digits_folder: Path) -> None:
    same = f"{digits_folder}/../{digits_folder.name}/."
    assert train("lenet", out=trained_run, data=same, resume=True)["test_accuracy"] > 0.95


def test_resuming_a_finished_run_tells_its_result(trained_run: Path) -> None:
    before = (trained_run / "model.onnx").stat().st_mtime_ns
    assert train("lenet", out=trained_run, resume=True)["test_accuracy"] > 0.95
    assert (trained_run / "model.onnx").stat().st_mtime_ns == before


def test_the_result_of_a_finished_run_is_told_without_its_digits(trained_run: Path, tmp_path: Path) -> None:
    shutil.copytree(trained_run, tmp_path / "r")
    values = json.loads((tmp_path / "r" / "run.json").read_text())
    (tmp_path / "r" / "run.json").write_text(json.dumps(values | {"data": str(tmp_path / "gone")}))
    assert train("lenet", out=tmp_path / "r", resume=True)["test_accuracy"] > 0.95


@pytest.mark.parametrize("resume", [False, True])
def test_no_name_is_not_mnist(resume: bool, trained_run: Path, tmp_path: Path) -> None:
    """As of an unset variable of the shell."""
    with pytest.raises((UsageError, DataError), match="unknown dataset ''"):
        train("lenet", data="", out=trained_run if resume else tmp_path / "r", resume=resume)


def test_a_diverging_loss_stops_with_its_step(digits_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the loss is (nan|inf) at step \d+"):
        train("mlp", data=str(digits_folder), out=tmp_path / "r", settings=["lr=1e30", "steps=50"])


def test_the_step_that_diverged_is_told_and_not_the_one_that_noticed(
    digits_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []

    def update(*arguments: Any, **options: Any) -> tuple[Tensor, Tensor, Tensor]:
        steps.append(len(steps))
        loss, logits, labels = engine.update(*arguments, **options)
        return (loss if len(steps) < 3 else loss * float("nan")), logits, labels

    monkeypatch.setattr("inkdigit.learning.train.update", update)
    with pytest.raises(DataError, match="the loss is nan at step 3:"):
        train("lenet", data=str(digits_folder), out=tmp_path / "r", settings=SHORT)


def test_a_last_step_that_diverges_is_noticed(digits_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the loss is nan at step 1"):
        train("mlp", data=str(digits_folder), out=tmp_path / "r", settings=["lr=1e30", "steps=1"])
    assert not (tmp_path / "r" / "result.json").exists()


def test_a_logger_named_twice_listens_once(digits_folder: Path, tmp_path: Path) -> None:
    train("softmax", data=str(digits_folder), out=tmp_path / "r", settings=["epochs=1"], loggers=("csv", "csv"))
    assert len((tmp_path / "r" / "metrics.csv").read_text().splitlines()) == 2


def test_full_batch_recipes_count_steps(digits_folder: Path, tmp_path: Path) -> None:
    settings = ["steps=20", "log_every=5", "lr=0.0001"]
    result = train("mlp", data=str(digits_folder), out=tmp_path / "r", settings=settings)
    assert (result["steps"], result["epochs"]) == (20, 20)
    assert len(list((tmp_path / "r" / "weights").iterdir())) == 4


def test_bfloat16_trains(digits_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inkdigit.learning.precision.computes_bfloat16", lambda _: True)
    settings = ["epochs=6", "precision=bfloat16", "batch_size=8", "lr=0.01"]
    assert train("lenet", data=str(digits_folder), out=tmp_path / "r", settings=settings)["test_accuracy"] > 0.9


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"recipe": "lenett"}, UsageError, "did you mean 'lenet'"),
        ({"device": "tpu"}, UsageError, "unknown device"),
        ({"loggers": ("csw",)}, UsageError, "did you mean 'csv'"),
        ({"data": "mnits"}, UsageError, "did you mean 'mnist'"),
        ({"settings": ["lr=x"]}, UsageError, "expected a number"),
        ({"settings": ["lr=inf"]}, UsageError, "a number more than 0"),
        ({"settings": ["optimizer.foo=3"]}, UsageError, "cannot be built"),
        ({"settings": ["crops=0.1"], "data": "none/such"}, UsageError, "an eleventh"),
        ({"recipe": "mlp", "settings": ["model.hidden=-3"]}, UsageError, "cannot be built"),
        ({"recipe": "mlp", "settings": "model.hidden=1,000"}, UsageError, "is empty; expected widths of at least 1"),
        ({"loggers": "csw"}, UsageError, "did you mean 'csv'"),
        ({"seed": "1"}, UsageError, "found seed '1', expected 0 to"),
        ({"recipe": "convnet", "settings": ["optimizer.foreach=true"]}, UsageError, "cannot be built"),
        ({"settings": ["model=vgg", "model.widths=4,4,4,4,4,4"]}, UsageError, "cannot take a step"),
        ({"settings": ["optimizer=adam", "optimizer.betas=0.9,0.99,0.5"]}, UsageError, "cannot"),
        (
            {"settings": ["optimizer=adam", "optimizer.fused=false", "optimizer.capturable=true"]},
            UsageError,
            "cannot take a step: If capturable",
        ),
        ({"settings": ["model=vgg", "model.depths=1000000000,2,3"]}, UsageError, "blocks, expected at most 100"),
        ({"seed": 2**63}, UsageError, "expected 0 to"),
        ({"seed": -1}, UsageError, "expected 0 to"),
        ({"seed": 2**61, "settings": ["members=4"]}, UsageError, "expected 0 to 2305843009213693951"),
        ({"resume": True}, DataError, "no such folder"),
    ],
)
def test_wrong_arguments_leave_no_folder(
    options: dict[str, object], error: type[Exception], words: str, digits_folder: Path, tmp_path: Path
) -> None:
    arguments = {"recipe": "softmax", "data": str(digits_folder), "out": tmp_path / "r", **options}
    with pytest.raises(error, match=words):
        train(**arguments)  # type: ignore[arg-type]
    assert not (tmp_path / "r").exists()


class Pair(nn.Linear):
    def forward(self, x: Tensor) -> Any:
        return (x, x)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(784, 9)), r"whose output is \(2, 9\) for 2 inputs, expected \(2, 10\)"),
        (nn.Sequential(nn.Conv2d(1, 10, 3)), r"whose output is \(2, 10, 26, 26\)"),
        (Pair(1, 1), "cannot take a step: 'tuple' object has no attribute"),
    ],
    ids=["nine classes", "maps", "two outputs"],
)
def test_a_network_that_gives_no_logits_is_found_before_it_trains(
    network: nn.Module, words: str, digits_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inkdigit.learning.train.build_model", lambda *_: network)
    with pytest.raises(UsageError, match=words):
        train("softmax", data=str(digits_folder), out=tmp_path / "r")
    assert not (tmp_path / "r").exists()


def test_a_missing_compiler_leaves_no_folder(
    digits_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("InvalidCxxCompiler: none\n\nSet TORCHDYNAMO_VERBOSE=1")

    monkeypatch.setattr(torch, "compile", fail)
    with pytest.raises(EnvironmentFault, match=r"torch\.compile does not work here \(InvalidCxxCompiler"):
        train("softmax", data=str(digits_folder), out=tmp_path / "r", settings=["compiled=true"])
    assert not (tmp_path / "r").exists()


def test_ctrl_c_before_the_first_step_stops_at_once(
    digits_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Crops may take minutes to cut, and there is nothing to save yet."""

    def interrupt(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("inkdigit.learning.classify.add_crops", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train("softmax", data=str(digits_folder), out=tmp_path / "r")


def test_two_processes_do_not_train_in_one_folder(digits_folder: Path, tmp_path: Path) -> None:
    run = Run(tmp_path / "r", RECIPES["softmax"], 0, str(digits_folder), load_dataset(str(digits_folder)).sha256)
    with run.held():
        with pytest.raises(UsageError, match="another process trains there"):
            train("softmax", data=str(digits_folder), out=tmp_path / "r")
        assert not list((tmp_path / "r").iterdir())


def test_cuda_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EnvironmentFault, match="--device cpu"):
        train("softmax", device="cuda", out=tmp_path / "r")


def test_a_folder_in_use_is_not_overwritten(trained_run: Path, digits_folder: Path) -> None:
    with pytest.raises(UsageError, match="not empty"):
        train("lenet", data=str(digits_folder), out=trained_run)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"recipe": "softmax"}, "begun with recipe=lenet;"),
        ({"seed": 5}, "begun with seed=0;"),
        ({"settings": ["lr=0.5"]}, r"begun with protocol=held-out, epochs=6, .*lr=0.01;"),
        ({"recipe": replace(RECIPES["lenet"], lr=0.5)}, r"begun with protocol=held-out, epochs=6, .*lr=0.01;"),
    ],
)
def test_a_run_goes_on_only_as_it_was_begun(trained_run: Path, options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        train(**{"recipe": "lenet", "out": trained_run, "resume": True, **options})  # type: ignore[arg-type]


def test_a_run_goes_on_with_its_digits_wherever_they_lie_now(
    trained_run: Path, digits_folder: Path, tmp_path: Path
) -> None:
    run, moved = tmp_path / "run", tmp_path / "moved"
    shutil.copytree(trained_run, run)
    shutil.copytree(digits_folder, moved)
    values = json.loads((run / "run.json").read_text()) | {"data": "digits"}  # as typed in a folder that is left
    (run / "run.json").write_text(json.dumps(values))
    (run / "result.json").unlink()
    with pytest.raises(DataError, match=r"trained on digits, which cannot be had .*--data"):
        train("lenet", out=run, resume=True)
    assert train("lenet", out=run, resume=True, data=moved)["data"] == str(moved)
    assert Run.open(run).data == str(moved)


def test_a_run_goes_on_with_no_other_digits(trained_run: Path) -> None:
    with pytest.raises(DataError, match="optdigits holds other digits than the run was trained on"):
        train("lenet", out=trained_run, resume=True, data="optdigits")


def test_changed_data_are_noticed(trained_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(trained_run, tmp_path / "r")
    (tmp_path / "r" / "result.json").unlink()
    monkeypatch.setattr(Dataset, "sha256", "0" * 64)
    with pytest.raises(DataError, match="holds other digits than"):
        train("lenet", out=tmp_path / "r", resume=True)
