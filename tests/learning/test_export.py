"""One file from a run."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

from inkdigit.classifier import INPUT, OnnxClassifier
from inkdigit.data.dataset import load_dataset
from inkdigit.errors import DataError, UsageError
from inkdigit.learning.export import export_runs
from inkdigit.learning.models import build_model
from inkdigit.learning.scaling import SCALINGS

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)


def test_onnx_of_a_run_is_its_model(trained_run: Path, tmp_path: Path) -> None:
    path = export_runs([trained_run], "onnx", tmp_path / "m.onnx")
    np.testing.assert_array_equal(OnnxClassifier(path)(IMAGES), OnnxClassifier(trained_run / "model.onnx")(IMAGES))
    metadata = OnnxClassifier(path).metadata
    result = json.loads((trained_run / "result.json").read_text())
    for key in ("recipe", "seed", "test_accuracy", "temperature", "test_sha256"):
        assert metadata[key] == result[key]
    assert metadata["classes"] == list("0123456789")
    assert len(metadata["train_sha256"]) == 64


def test_a_plain_read_pays_nothing_for_feature_maps(trained_run: Path) -> None:
    session = onnxruntime.InferenceSession(trained_run / "model.onnx", providers=["CPUExecutionProvider"])
    assert [output.name for output in session.get_outputs()] == ["probabilities"]
    classifier = OnnxClassifier(trained_run / "model.onnx")
    features = classifier.run_features(IMAGES)
    assert {name: maps.shape for name, maps in features.items()} == {
        "features:conv1": (5, 6, 24, 24),
        "features:conv2": (5, 16, 8, 8),
    }
    weights = load_file(trained_run / "weights" / f"step-{classifier.metadata['best_step']:07d}.safetensors")
    x = SCALINGS["standard"](torch.from_numpy(IMAGES).float())[:, None]
    expected = nn.functional.conv2d(x, weights["conv1.weight"], weights["conv1.bias"])
    np.testing.assert_allclose(features["features:conv1"], expected, atol=1e-4)


def test_safetensors_holds_the_weights(trained_run: Path) -> None:
    path = export_runs([trained_run], "safetensors")
    assert path == trained_run / "model.safetensors"
    with safe_open(path, "pt") as file:
        card = {key: json.loads(value) for key, value in file.metadata().items()}
    told = OnnxClassifier(trained_run / "model.onnx").metadata
    assert card == {key: told[key] for key in card}
    assert {"settings", "temperature", "classes"} < set(card)
    build_model(card["settings"]["model"], card["settings"]["model_options"]).load_state_dict(load_file(path))
    path.unlink()


def test_int8_of_a_run_reads_alike_and_says_the_same_of_itself(trained_run: Path, tmp_path: Path) -> None:
    path = export_runs([trained_run], "int8", tmp_path / "m.onnx")
    there, here = OnnxClassifier(trained_run / "model.onnx"), OnnxClassifier(path)
    digits = load_dataset(there.metadata["data"], "test").images
    assert 0 < np.abs(here(digits) - there(digits)).max() < 0.1
    assert here.metadata.keys() == there.metadata.keys()
    assert (here(digits).argmax(1) == there(digits).argmax(1)).mean() > 0.95
    convolutions = [node for node in onnx.load(path).graph.node if node.op_type == "Conv"]
    assert convolutions[1].input[1].endswith("DequantizeLinear_Output")


def test_int8_tells_how_well_it_reads_itself(trained_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(trained_run, tmp_path / "run")
    result = json.loads((run / "result.json").read_text())
    (run / "result.json").write_text(json.dumps({**result, "test_accuracy": 0.5, "test_n": 1}))
    classifier, test = OnnxClassifier(export_runs([run], "int8")), load_dataset(result["data"], "test")
    right = float((classifier(test.images).argmax(1) == test.labels).mean())
    assert (classifier.metadata["test_accuracy"], classifier.metadata["test_n"]) == (right, len(test))
    assert right != 0.5
    assert OnnxClassifier(export_runs([run], "onnx")).metadata["test_accuracy"] == 0.5


def test_int8_lies_in_the_run_unless_told(trained_run: Path) -> None:
    path = export_runs([trained_run], "int8")
    assert path == trained_run / "model-int8.onnx"
    path.unlink()


def test_int8_needs_the_digits_that_the_run_was_trained_on(trained_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(trained_run, tmp_path / "run")
    values = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**values, "data": str(tmp_path / "gone")}))
    with pytest.raises(DataError, match="which cannot be had"):
        export_runs([run], "int8")
    assert not (run / "model-int8.onnx").exists()
    export_runs([run], "int8", data=values["data"])
    assert OnnxClassifier(run / "model-int8.onnx").metadata["test_accuracy"] > 0.9


def test_errors(trained_run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'onnx'"):
        export_runs([trained_run], "onxx")
    with pytest.raises(DataError, match="no such folder"):
        export_runs([tmp_path / "none"], "onnx")


def test_input_is_named() -> None:
    assert INPUT == "images"
