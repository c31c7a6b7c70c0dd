"""A file of 8-bit integers says what its network says, in fewer bytes."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from inkdigit.classifier import OnnxClassifier
from inkdigit.errors import InkdigitError
from inkdigit.learning.graph import export_classifier, export_locator
from inkdigit.learning.locate import Deployed as DeployedLocator
from inkdigit.learning.models import build_model
from inkdigit.learning.predict import Deployed, TorchClassifier
from inkdigit.learning.quantize import folded
from inkdigit.learning.scaling import SCALINGS
from inkdigit.locator import OnnxLocator

RANDOM = np.random.default_rng(0)
IMAGES = (RANDOM.integers(0, 256, (64, 28, 28)) * (RANDOM.random((64, 28, 28)) < 0.2)).astype(np.uint8)
PAGES = [RANDOM.integers(0, 256, (1, *shape), dtype=np.uint8) for shape in ((64, 80), (101, 55), (40, 40))]


def settled(name: str, options: dict[str, object], x: torch.Tensor) -> nn.Module:
    """A network whose batch norms have seen something."""
    torch.manual_seed(0)
    model = build_model(name, options).train()
    for _ in range(50):
        model(x)
    return model.eval()


@pytest.fixture(scope="module")
def deployed() -> Deployed:
    x = torch.from_numpy(IMAGES).float()[:, None] / 255
    model = settled("vgg", {"widths": (8, 16, 16), "depths": (1, 2, 1)}, x)
    with torch.no_grad():
        model.head.weight *= 20  # type: ignore[operator, union-attr] # so that it is sure of something
    return Deployed(model, SCALINGS["unit"], 1.3)


@pytest.fixture(scope="module")
def quantized(deployed: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("m") / "int8.onnx"
    export_classifier(deployed, path, metadata={"name": "tiny"}, samples=[IMAGES])
    return path


def test_a_classifier_of_integers_says_nearly_the_same(deployed: Deployed, quantized: Path) -> None:
    expected, found = TorchClassifier(deployed)(IMAGES), OnnxClassifier(quantized)(IMAGES)
    assert len(set(expected.argmax(1).tolist())) > 1
    assert 0 < np.abs(found - expected).max() < 0.1
    assert np.abs(found - expected).mean() < 0.01


def test_convolutions_take_integers_but_for_the_first_layer_and_the_last(quantized: Path) -> None:
    graph = onnx.load(quantized).graph
    sources = {output: node.op_type for node in graph.node for output in node.output}
    told = [[sources.get(name, "weight") for name in node.input] for node in graph.node if node.op_type == "Conv"]
    assert told[0][1:] == ["weight", "weight"]
    assert all(kinds == ["DequantizeLinear"] * 3 for kinds in told[1:])
    assert len(told) == 4
    gemm = next(node for node in graph.node if node.op_type == "Gemm")
    assert [sources.get(name, "weight") for name in gemm.input[1:]] == ["weight", "weight"]
    assert [sources[node.input[0]] for node in graph.node if node.op_type == "Relu"] == ["Conv"]  # the float one's
    assert "BatchNormalization" not in {node.op_type for node in graph.node}


def test_what_the_first_layer_gives_becomes_integers_once_it_is_pooled(quantized: Path) -> None:
    graph = onnx.load(quantized).graph
    sources = {output: node for node in graph.node for output in node.output}
    takers = {name: node for node in graph.node for name in node.input}
    first, second = (node for node in graph.node if node.op_type == "MaxPool")
    assert sources[first.input[0]].op_type == "Relu"
    assert takers[first.output[0]].op_type == "QuantizeLinear"
    assert sources[second.input[0]].op_type == "DequantizeLinear"


def test_weights_keep_to_seven_bits(quantized: Path) -> None:
    values = [
        onnx.numpy_helper.to_array(tensor)
        for tensor in onnx.load(quantized).graph.initializer
        if tensor.data_type == onnx.TensorProto.INT8 and len(tensor.dims) == 4
    ]
    assert len(values) == 3
    assert all(abs(each.astype(int)).max() <= 64 for each in values)


def test_feature_maps_are_those_of_the_network(deployed: Deployed, quantized: Path) -> None:
    features, x = OnnxClassifier(quantized).run_features(IMAGES[:3]), torch.from_numpy(IMAGES[:3]).float()
    layers: nn.Sequential = folded(deployed).model.features  # type: ignore[assignment]
    x = deployed.scaling(x)[:, None]  # (n, 28, 28) → (n, 1, 28, 28)
    with torch.inference_mode():
        for place, layer in enumerate(layers):
            x = layer(x)
            if isinstance(layer, nn.Conv2d):
                difference = np.abs(features[f"features:features.{place}"] - x.numpy())
                assert difference.mean() < 0.02 * x.abs().max()
    assert len(features) == 4


def test_folding_changes_nothing_but_the_layers(deployed: Deployed) -> None:
    alike = folded(deployed)
    assert not [module for module in alike.modules() if isinstance(module, nn.BatchNorm2d)]
    assert [module for module in deployed.modules() if isinstance(module, nn.BatchNorm2d)]
    np.testing.assert_allclose(TorchClassifier(alike)(IMAGES), TorchClassifier(deployed)(IMAGES), atol=1e-5)


def test_shifted_looks_are_in_the_file(deployed: Deployed, tmp_path: Path) -> None:
    shifted = Deployed(deployed.model, deployed.scaling, shifts=1)
    export_classifier(shifted, tmp_path / "m.onnx", metadata={}, samples=[IMAGES])
    classifier = OnnxClassifier(tmp_path / "m.onnx")
    assert np.abs(classifier(IMAGES) - TorchClassifier(shifted)(IMAGES)).max() < 0.1
    assert {maps.shape[0] for maps in classifier.run_features(IMAGES[:3]).values()} == {3}


def test_a_locator_of_integers_finds_the_same_in_a_third_of_the_bytes(tmp_path: Path) -> None:
    model = settled("centres", {"widths": (8, 32, 48), "depths": (1, 1, 1)}, 5 * torch.randn(4, 1, 64, 64))
    nn.init.constant_(model.head.bias, 0)  # type: ignore[union-attr, arg-type]
    for name, samples in (("float", []), ("int8", PAGES)):
        export_locator(DeployedLocator(model), tmp_path / name, metadata={"name": "tiny"}, samples=samples)
    there, here = (OnnxLocator(tmp_path / name) for name in ("float", "int8"))
    assert here.metadata == {"name": "tiny"}
    assert (tmp_path / "int8").stat().st_size < 0.4 * (tmp_path / "float").stat().st_size
    for page in PAGES:
        assert abs(len(here(page[0])) - len(there(page[0]))) <= 0.2 * len(there(page[0])) > 0


def test_samples_that_say_nothing_of_the_network_are_no_use(deployed: Deployed, tmp_path: Path) -> None:
    samples: list[NDArray[np.uint8]] = [np.zeros((4, 28, 28), np.uint8)]
    export_classifier(deployed, tmp_path / "blank.onnx", metadata={}, samples=samples)
    blank = OnnxClassifier(tmp_path / "blank.onnx")(IMAGES)
    assert np.abs(blank - TorchClassifier(deployed)(IMAGES)).max() > 0.1


def test_integers_that_say_something_else_are_not_written(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inkdigit.learning.graph.QUANTIZED_PARITY", 1e-6)
    with pytest.raises(InkdigitError, match="nothing was written"):
        export_classifier(deployed, tmp_path / "m.onnx", metadata={}, samples=[IMAGES])
    assert not list(tmp_path.iterdir())
