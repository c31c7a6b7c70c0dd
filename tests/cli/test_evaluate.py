"""``inkdigit evaluate``."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from inkdigit import load_dataset
from inkdigit.evaluation.corruptions import CORRUPTIONS
from inkdigit.learning.graph import write_metadata

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_json(invoke: Run, trained_run: Path, digits_folder: Path) -> None:
    ended = invoke("evaluate", trained_run, "--data", digits_folder, "--json")
    values = json.loads(ended.stdout)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert {"n", "accuracy", "accuracy_interval", "nll", "ece", "confusion"} <= set(values)
    assert values["n"] == 60
    low, high = values["accuracy_interval"]
    assert 0 <= low < values["accuracy"] <= high + 1e-9 <= 1 + 1e-9
    assert sum(map(sum, values["confusion"])) == 60
    assert sum(values["confusion"][i][i] for i in range(10)) == round(values["accuracy"] * 60)
    assert values["accuracy"] == json.loads((trained_run / "result.json").read_text())["test_accuracy"]


def test_words(invoke: Run, trained_run: Path, digits_folder: Path) -> None:
    ended = invoke("evaluate", trained_run / "model.onnx", "--data", digits_folder)
    assert ended.stdout.startswith("accuracy  ")
    assert "95 % interval" in ended.stdout
    assert (ended.returncode, ended.stderr) == (0, "")


def test_without_a_dataset_it_is_the_models_own(invoke: Run, trained_run: Path) -> None:
    ended = invoke("evaluate", trained_run, "--json")
    assert json.loads(ended.stdout)["n"] == 60


def test_the_models_own_dataset_may_be_gone(fails: Callable[..., str], trained_run: Path, tmp_path: Path) -> None:
    shutil.copy(trained_run / "model.onnx", tmp_path / "mine.onnx")
    write_metadata(tmp_path / "mine.onnx", {"data": "gone"})
    line = fails(4, "evaluate", tmp_path / "mine.onnx")
    assert "mine.onnx: was trained on gone, which cannot be had (unknown dataset 'gone'" in line
    assert line.endswith("name a dataset with --data")


@pytest.mark.parametrize(("split", "n"), [("train", 220), ("validation", 20), ("test", 60)])
def test_splits(split: str, n: int, invoke: Run, trained_run: Path, digits_folder: Path) -> None:
    ended = invoke("evaluate", trained_run, "--data", digits_folder, "--split", split, "--json")
    assert json.loads(ended.stdout)["n"] == n
    assert ("the model learnt from these digits" in ended.stderr) == (split == "train")


@pytest.mark.parametrize("split", ["validation", "train+validation", "test"])
def test_a_model_that_learnt_from_all_knows_the_held_out_ones(
    split: str, invoke: Run, trained_run: Path, digits_folder: Path, tmp_path: Path
) -> None:
    shutil.copy(trained_run / "model.onnx", tmp_path / "all.onnx")
    everything = load_dataset(str(digits_folder), "train+validation").sha256
    write_metadata(tmp_path / "all.onnx", {"train_sha256": everything})
    ended = invoke("evaluate", tmp_path / "all.onnx", "--data", digits_folder, "--split", split)
    assert ("the model learnt from these digits" in ended.stderr) == (split != "test")


def test_other_test_digits_than_the_run_was_measured_on_are_noted(
    invoke: Run, trained_run: Path, tmp_path: Path
) -> None:
    shutil.copy(trained_run / "model.onnx", tmp_path / "m.onnx")
    assert "own figure" not in invoke("evaluate", tmp_path / "m.onnx").stderr
    write_metadata(tmp_path / "m.onnx", {"test_sha256": "another"})
    assert "the model's own figure is of other digits" in invoke("evaluate", tmp_path / "m.onnx").stderr


@pytest.fixture
def mine(digits_folder: Path, tmp_path: Path) -> Path:
    """The test digits, as an .npz."""
    digits = load_dataset(str(digits_folder), "test")
    np.savez_compressed(tmp_path / "mine.npz", images=digits.images, labels=digits.labels.astype(np.uint8))
    return tmp_path / "mine.npz"


def test_an_npz_is_measured_as_the_same_digits_in_a_folder(
    invoke: Run, trained_run: Path, digits_folder: Path, mine: Path
) -> None:
    values, expected = (
        json.loads(invoke("evaluate", trained_run, "--data", data, "--json").stdout) for data in (mine, digits_folder)
    )
    assert {**values, "data": ""} == {**expected, "data": ""}
    assert values["data"] == str(mine)
    assert len(values["risk_coverage"]) == 6
    assert values["temperature"] > 0


def test_a_misspelt_split_is_not_blamed_on_the_data(fails: Callable[..., str], trained_run: Path) -> None:
    told = fails(2, "evaluate", trained_run, "--split", "tset")
    assert "did you mean 'test'" in told
    assert "trained on" not in told


def test_an_npz_has_one_split(fails: Callable[..., str], trained_run: Path, mine: Path) -> None:
    assert "test set as a whole" in fails(2, "evaluate", trained_run, "--data", mine, "--split", "train")
    assert "test set as a whole" in fails(2, "train", "lenet", "--data", mine, "--out", "run")
    assert not Path("run").exists()


def test_an_npz_that_is_none(fails: Callable[..., str], trained_run: Path, mine: Path) -> None:
    whole = mine.read_bytes()
    mine.write_bytes(whole[: len(whole) // 2])
    assert "damaged, or no .npz" in fails(4, "evaluate", trained_run, "--data", "mine.npz")
    np.savez(mine, images=np.random.default_rng(0).random((3, 28, 28)), labels=np.arange(3))
    assert "found images of float64 (3, 28, 28), expected uint8" in fails(4, "evaluate", trained_run, "--data", mine)
    assert "no such file" in fails(4, "evaluate", trained_run, "--data", "other.npz")


def test_corruptions(invoke: Run, trained_run: Path, mine: Path) -> None:
    ended = invoke("evaluate", trained_run, "--data", mine, "--corruptions")
    assert (ended.returncode, ended.stderr) == (0, "")
    summary, table = ended.stdout.split("\n\n")
    assert summary.startswith("accuracy  ")
    assert [line.split()[0] for line in table.splitlines()] == ["clean", "1", *CORRUPTIONS, "mean"]


def test_corruptions_as_json(invoke: Run, trained_run: Path, mine: Path) -> None:
    values = json.loads(invoke("evaluate", trained_run, "--data", mine, "--corruptions", "--json").stdout)
    assert set(values["robustness"]) == set(CORRUPTIONS)
    assert all(len(shares) == 5 for shares in values["robustness"].values())
    assert (values["robustness_n"], values["robustness_clean"]) == (60, values["accuracy"])


def test_shipped_weights_on_the_embedded_digits(invoke: Run) -> None:
    values = json.loads(invoke("evaluate", "reader", "--data", "optdigits", "--json").stdout)
    assert values["n"] == 500
    assert values["accuracy"] > 0.93


def test_no_network_and_no_data(fails: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INKDIGIT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr("inkdigit.data.sources.MNIST_MIRRORS", ("http://127.0.0.1:9/",))
    assert "no mirror gave it" in fails(3, "evaluate", "reader")


def test_data_that_are_none(fails: Callable[..., str], trained_run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "expected a folder" in fails(4, "evaluate", trained_run, "--data", "file")
    assert "found neither pictures in folders 0/" in fails(4, "evaluate", trained_run, "--data", tmp_path)


def test_a_run_half_written(fails: Callable[..., str], trained_run: Path, tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "run.json").write_bytes((trained_run / "run.json").read_bytes())
    assert "--resume" in fails(4, "evaluate", "half", "--data", "optdigits")


def test_a_locator_is_no_classifier(fails: Callable[..., str], locator_run: Path) -> None:
    said = fails(4, "evaluate", locator_run, "--data", "optdigits")
    assert said.endswith("a locator, which finds digits on pages; expected a classifier, which reads one")
