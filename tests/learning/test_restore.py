"""A model file gives back the network that was written into it, or one line that says why not."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from inkdigit.classifier import OnnxClassifier
from inkdigit.errors import DataError
from inkdigit.learning import restore as module
from inkdigit.learning.export import export_runs
from inkdigit.learning.graph import WEIGHTS, write_metadata
from inkdigit.learning.models import build_model
from inkdigit.learning.predict import Deployed, TorchClassifier
from inkdigit.learning.restore import restore
from inkdigit.learning.run import Run
from inkdigit.learning.scaling import SCALINGS
from inkdigit.reading.weights import FLOATS, SHIPPED

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)


def test_the_network_of_a_run_comes_back(trained_run: Path) -> None:
    restored, run = restore(trained_run / "model.onnx"), Run.open(trained_run)
    expected = load_file(run.weights(run.result()["best_step"]))
    found = restored.model.state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert (restored.name, restored.recipe) == ("lenet", run.recipe)
    assert len(restored.sha256) == 64


def test_the_shipped_reader_comes_back() -> None:
    restored, classifier = restore(SHIPPED[FLOATS]), OnnxClassifier(SHIPPED[FLOATS])
    temperature = classifier.metadata["temperature"]
    ours = TorchClassifier(Deployed(restored.model, SCALINGS[restored.recipe.scaling], temperature))(IMAGES)
    np.testing.assert_allclose(ours, classifier(IMAGES), atol=1e-4)
    assert restored.recipe.classes == ours.shape[1] == 11


@pytest.fixture
def changed(trained_run: Path, tmp_path: Path) -> Callable[..., str]:
    """The error that the run's model gives after a change of its metadata and its graph."""

    def fault(change: Callable[[onnx.ModelProto], None] = lambda _: None, **metadata: Any) -> str:
        proto = onnx.load(trained_run / "model.onnx")
        change(proto)
        path = tmp_path / "m.onnx"
        onnx.save(proto, path)
        write_metadata(path, metadata)
        with pytest.raises(DataError) as caught:
            restore(path)
        assert str(caught.value).startswith(f"{path}: ")
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return fault


def settings(folder: Path, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((folder / "run.json").read_text())["recipe"]
    return values | changes


def rename(proto: onnx.ModelProto) -> None:
    """Weights go by other names, as in the file of another program."""
    for tensor in proto.graph.initializer:
        tensor.name = tensor.name.replace(WEIGHTS, "w.")
    for node in proto.graph.node:
        names = [name.replace(WEIGHTS, "w.") for name in node.input]
        del node.input[:]
        node.input.extend(names)


def test_a_file_of_another_program(changed: Callable[..., str]) -> None:
    assert "found no weights named deployed.model.… among" in changed(rename)


@pytest.mark.parametrize("value", [None, "a text", 3])
def test_a_file_that_tells_no_recipe(value: Any, changed: Callable[..., str]) -> None:
    assert "found no recipe in it, expected a classifier that 'inkdigit train'" in changed(settings=value)


def test_a_recipe_of_another_network(changed: Callable[..., str], trained_run: Path) -> None:
    assert "of another network than the recipe's" in changed(settings=settings(trained_run, model="softmax"))
    options = {"model": "vgg", "model_options": {"width": 3}}
    assert "not a network of this version" in changed(settings=settings(trained_run, **options))
    assert "not a recipe of this version" in changed(settings={"name": "lenet"})


def test_a_recipe_of_a_huge_network_is_never_built(
    changed: Callable[..., str], trained_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its 40 GB would be there before anybody saw that the weights are others."""
    built: list[torch.device] = []

    def build(name: str, options: dict[str, Any]) -> nn.Module:
        model = build_model(name, options)
        built.append(next(model.parameters()).device)
        return model

    monkeypatch.setattr(module, "build_model", build)
    huge = {"model": "mlp", "model_options": {"hidden": [100_000, 100_000]}}
    assert "of another network than the recipe's" in changed(settings=settings(trained_run, **huge))
    assert built == [torch.device("meta")]
    deep = {"model": "mlp", "model_options": {"hidden": [1] * 10_000}}
    assert "letters, expected at most 20,000" in changed(settings=settings(trained_run, **deep))


@pytest.mark.parametrize("depths", [[10**5, 2, 3], [-(10**5), 10**5, 3], [60, 60, 3], [float("nan"), 2, 3], "12", 3])
def test_a_recipe_of_endless_blocks_is_not_begun(depths: Any, changed: Callable[..., str], trained_run: Path) -> None:
    deep = {"model": "vgg", "model_options": {"depths": depths}}
    assert "not a network of this version (model vgg cannot be" in changed(settings=settings(trained_run, **deep))


def test_a_recipe_that_is_not_the_files_own(changed: Callable[..., str], trained_run: Path) -> None:
    words = "its recipe and weights make another network than its own"
    assert words in changed(settings=settings(trained_run, scaling="signed"))
    assert words in changed(temperature=9.0)
    assert words in changed(temperature="warm")
    assert words in changed(temperature=10**400)


def test_a_recipe_whose_network_takes_no_digit(
    changed: Callable[..., str], trained_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("Given input size: (2x1x1). Output size is too small")

    monkeypatch.setattr(module, "check_parity", refuse)
    assert "another network than its own (Given input size" in changed(settings=settings(trained_run))


def test_weights_in_other_files_are_not_read(changed: Callable[..., str], tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(os.urandom(24))

    def point(proto: onnx.ModelProto) -> None:
        """A further weight, which the graph does not use, so that ONNX Runtime may overlook it."""
        extra = proto.graph.initializer.add(name=f"{WEIGHTS}extra", dims=[6], data_type=onnx.TensorProto.FLOAT)
        extra.data_location = onnx.TensorProto.EXTERNAL
        extra.external_data.add(key="location", value=str(secret))

    message = changed(point)
    assert "names other files" in message or "cannot be opened" in message


def test_integers_are_not_gone_on_with(trained_run: Path, tmp_path: Path) -> None:
    path = export_runs([trained_run], "int8", tmp_path / "m.onnx")
    with pytest.raises(DataError, match="computes with 8-bit integers, expected the floats"):
        restore(path)


def test_a_locator_is_no_classifier() -> None:
    with pytest.raises(DataError, match="a locator, which finds digits on pages; expected a classifier"):
        restore(SHIPPED["locator"])
