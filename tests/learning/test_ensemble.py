"""Several networks, averaged into one model."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest

from inkdigit import load_dataset, train
from inkdigit.classifier import OnnxClassifier
from inkdigit.errors import DataError, UsageError
from inkdigit.evaluation.evaluate import evaluate
from inkdigit.learning import locate
from inkdigit.learning.ensemble import average
from inkdigit.learning.export import export_runs
from inkdigit.learning.figures import show
from inkdigit.learning.restore import restore
from inkdigit.learning.run import Run
from inkdigit.learning.trained import load_network
from inkdigit.locator import OnnxLocator
from inkdigit.session import PAGES, open_session

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
QUICK = ["protocol=held-out", "epochs=2", "batch_size=16", "lr=0.01"]


@pytest.fixture(scope="module")
def runs(digits_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two networks of different kinds, which scale their pixels differently."""
    folder = tmp_path_factory.mktemp("members")
    for name in ("lenet", "softmax"):
        train(name, data=str(digits_folder), out=folder / name, settings=QUICK)
    return [folder / "lenet", folder / "softmax"]


@pytest.fixture(scope="module")
def ensemble(digits_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two LeNets, with seed 1."""
    folder = tmp_path_factory.mktemp("runs") / "two"
    train("lenet", data=str(digits_folder), out=folder, seed=1, settings=[*QUICK, "members=2"])
    return folder


def test_the_model_says_the_mean_at_its_own_temperature(runs: list[Path], tmp_path: Path) -> None:
    path = export_runs(runs, "onnx", tmp_path / "both.onnx")
    model = OnnxClassifier(path)
    mean = np.mean([OnnxClassifier(run / "model.onnx")(IMAGES) for run in runs], 0)
    expected = mean ** (1 / model.metadata["temperature"])
    np.testing.assert_allclose(model(IMAGES), expected / expected.sum(1, keepdims=True), atol=1e-5)


def test_the_model_tells_what_it_is(runs: list[Path], tmp_path: Path, digits_folder: Path) -> None:
    model = OnnxClassifier(export_runs(runs, "onnx", tmp_path / "both.onnx"))
    results = [json.loads((run / "result.json").read_text()) for run in runs]
    assert model.metadata["name"] == model.metadata["recipe"] == "lenet+softmax"
    assert model.metadata["parameters"] == sum(result["parameters"] for result in results)
    assert [member["recipe"] for member in model.metadata["members"]] == ["lenet", "softmax"]
    assert model.metadata["test_accuracy"] == evaluate(model, load_dataset(str(digits_folder), "test")).accuracy
    assert next(iter(model.run_features(IMAGES))) == "features:members.0.model.conv1"


def test_a_run_of_members_is_what_its_members_export_to(ensemble: Path, tmp_path: Path) -> None:
    members = [ensemble / "members" / str(number) for number in range(2)]
    assert [Run.open(member).seed for member in members] == [2, 3]
    path = export_runs(members, "onnx", tmp_path / "again.onnx")
    expected = OnnxClassifier(ensemble / "model.onnx")(IMAGES)
    np.testing.assert_array_equal(OnnxClassifier(path)(IMAGES), expected)
    np.testing.assert_array_equal(
        OnnxClassifier(export_runs([ensemble], "onnx", tmp_path / "whole.onnx"))(IMAGES), expected
    )
    result = json.loads((ensemble / "result.json").read_text())
    assert result["seed"] == 1
    assert result["run"] == str(ensemble)
    assert [member["seed"] for member in result["members"]] == [2, 3]
    assert {path.name for path in ensemble.iterdir()} == {
        "run.json", "result.json", "model.onnx", "evaluation.json", "curves.png", "members",
    }  # fmt: skip


def test_a_run_of_members_is_called_by_its_own_name_seed_and_recipe(ensemble: Path, tmp_path: Path) -> None:
    exported = [export_runs([ensemble], to, tmp_path / to) for to in ("onnx", "int8")]
    for path in (ensemble / "model.onnx", *exported):
        card = OnnxClassifier(path).metadata
        assert (card["name"], card["recipe"], card["seed"], card["settings"]["members"]) == ("lenet", "lenet", 1, 2)
        assert len(card["members"]) == 2


def test_digits_that_are_elsewhere_now_are_named(ensemble: Path, digits_folder: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(ensemble, tmp_path / "two")
    for path in moved.rglob("run.json"):
        path.write_text(json.dumps({**json.loads(path.read_text()), "data": str(tmp_path / "gone")}))
    with pytest.raises(DataError, match="name a dataset with --data"):
        export_runs([moved], "onnx", tmp_path / "new.onnx")
    path = export_runs([moved], "onnx", tmp_path / "new.onnx", data=str(digits_folder))
    assert OnnxClassifier(path).metadata["test_sha256"] == load_dataset(str(digits_folder), "test").sha256


def test_integers_say_nearly_the_same(ensemble: Path, digits_folder: Path, tmp_path: Path) -> None:
    path = export_runs([ensemble], "int8", tmp_path / "m.onnx")
    digits = load_dataset(str(digits_folder), "test").images
    assert 0 < np.abs(OnnxClassifier(path)(digits) - OnnxClassifier(ensemble / "model.onnx")(digits)).max() < 0.1
    graph = onnx.load(path).graph
    sources = {output: node.op_type for node in graph.node for output in node.output}
    layers = [node for node in graph.node if node.op_type in ("Conv", "Gemm")]
    floats = [node for node in layers if sources.get(node.input[1]) != "DequantizeLinear"]
    assert len(floats) == 4 < len(layers), "the first layer and the last of each"


def test_locators_are_averaged(
    locator_run: Path, digits_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WATCHED_PAGES", "TEST_PAGES", "SAMPLED_PAGES"):
        monkeypatch.setattr(locate, name, 4)
    other = tmp_path / "other"
    train(
        "locator", data=str(digits_folder), out=other, seed=1,
        settings=["steps=6", "batch_size=4", "log_every=3", "model.widths=4,8,12", "model.depths=1,1,1"],
    )  # fmt: skip
    path = export_runs([locator_run, other], "onnx", tmp_path / "both.onnx")
    page = np.random.default_rng(0).integers(0, 256, (1, 50, 71), dtype=np.uint8)
    each = [
        open_session(model).run(None, {PAGES: page}) for model in (locator_run / "model.onnx", other / "model.onnx")
    ]
    for found, first, second in zip(open_session(path).run(None, {PAGES: page}), *each, strict=True):
        np.testing.assert_allclose(found, (first + second) / 2, atol=1e-5)
        assert np.abs(first - second).max() > 1e-3
    assert [member["seed"] for member in OnnxLocator(path).metadata["members"]] == [Run.open(locator_run).seed, 1]
    rounded = export_runs([locator_run, other], "int8", tmp_path / "m.onnx")
    assert OnnxLocator(rounded).metadata["members"] == OnnxLocator(path).metadata["members"]


def test_what_does_not_go_together_is_refused(
    runs: list[Path], locator_run: Path, digits_folder: Path, tmp_path: Path
) -> None:
    train("softmax", data=str(digits_folder), out=tmp_path / "all", settings=["protocol=all", "epochs=1"])
    with pytest.raises(UsageError, match="expected runs of one task, of the same classes, data and protocol"):
        export_runs([runs[0], tmp_path / "all"], "onnx", tmp_path / "new.onnx")
    with pytest.raises(UsageError, match="found 2 networks and --to safetensors, expected --to onnx or int8"):
        export_runs(runs, "safetensors", tmp_path / "new.safetensors")
    with pytest.raises(UsageError, match=r"lenet \(classify, .*\(locate, .*expected runs of one task"):
        export_runs([runs[0], locator_run], "onnx", tmp_path / "new.onnx")
    with pytest.raises(UsageError, match=r"found one twice in .*, expected each run once"):
        export_runs([runs[0], runs[1] / ".." / "lenet"], "onnx", tmp_path / "new.onnx")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all"]


def test_a_run_is_not_averaged_with_its_member(ensemble: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="found one twice"):
        export_runs([ensemble, ensemble / "members" / "0"], "onnx", tmp_path / "new.onnx")


def test_an_average_is_not_one_network(ensemble: Path) -> None:
    with pytest.raises(UsageError, match=r"averages 2 networks, expected one; take .*members.0"):
        load_network(Run.open(ensemble))
    with pytest.raises(UsageError, match=r"averages 2 networks, expected one; take .*members.0"):
        show("curves", ensemble)
    with pytest.raises(DataError, match="averages several networks, expected one"):
        restore(ensemble / "model.onnx")
    with pytest.raises(UsageError, match="averages 2 networks"):
        average([Run.open(ensemble)], ensemble / "never.onnx")


def test_a_member_that_is_gone_is_missed(ensemble: Path, tmp_path: Path) -> None:
    shutil.copytree(ensemble, tmp_path / "two")
    shutil.rmtree(tmp_path / "two" / "members" / "1")
    with pytest.raises(DataError, match="no such folder"):
        export_runs([tmp_path / "two"], "onnx", tmp_path / "new.onnx")
