"""A file computes what its network computes, or is not written."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from inkdigit.classifier import OnnxClassifier
from inkdigit.errors import InkdigitError
from inkdigit.learning import graph
from inkdigit.learning.graph import PARITY, _check_close, export_classifier, export_locator
from inkdigit.learning.locate import Deployed as DeployedLocator
from inkdigit.learning.locate import TorchLocator
from inkdigit.learning.models import build_model
from inkdigit.learning.predict import Deployed, TorchClassifier
from inkdigit.learning.scaling import SCALINGS
from inkdigit.locator import BOXES, CENTRES, INPUT, OnnxLocator
from inkdigit.session import open_session


def tiny_locator() -> nn.Module:
    """One whose peaks stand out, so that there is something to compare."""
    torch.manual_seed(0)
    model = build_model("centres", {"widths": (4, 8, 12), "depths": (1, 1, 1)}).train()
    model(5 * torch.randn(4, 1, 64, 64))  # so that batch norm has seen something
    nn.init.constant_(model.head.bias, 0)  # type: ignore[union-attr, arg-type]
    return model.eval()


def page(height: int, width: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(height).integers(0, 256, (height, width), dtype=np.uint8)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("m") / "locator.onnx"
    export_locator(DeployedLocator(tiny_locator()), path, metadata={"name": "tiny", "steps": 3})
    return path


@pytest.mark.parametrize("shape", [(64, 80), (101, 55), (1, 1), (3, 130), (47, 46), (160, 161)])
def test_a_locator_finds_the_same_in_a_page_of_any_size(shape: tuple[int, int], exported: Path) -> None:
    session, deployed = open_session(exported), DeployedLocator(tiny_locator())
    with torch.inference_mode():
        expected = deployed(torch.from_numpy(page(*shape))[None])
    found = session.run([CENTRES, BOXES], {INPUT: page(*shape)[None]})
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.shape == theirs.shape
        assert ours.shape[2:] == tuple(-(-side // 4) for side in shape)
        np.testing.assert_allclose(ours, theirs, atol=PARITY)
    here, there = OnnxLocator(exported)(page(*shape)), TorchLocator(DeployedLocator(tiny_locator()))(page(*shape))
    assert len(here) == len(there) > 0
    np.testing.assert_allclose(here.boxes, there.boxes, rtol=0.01, atol=0.05)
    np.testing.assert_allclose(here.scores, there.scores, atol=PARITY)


@pytest.mark.parametrize("tolerance", ["PARITY", "QUANTIZED_PARITY"])
def test_a_locator_that_computes_something_else_is_not_written(
    tolerance: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"inkdigit.learning.graph.{tolerance}", -1.0)
    with pytest.raises(InkdigitError, match="nothing was written"):
        export_locator(DeployedLocator(tiny_locator()), tmp_path / "m.onnx", metadata={}, samples=[page(64, 80)[None]])
    assert not list(tmp_path.iterdir())


def test_a_locator_says_what_it_is(exported: Path) -> None:
    assert OnnxLocator(exported).metadata == {"name": "tiny", "steps": 3}


def test_a_file_does_not_tell_where_the_code_lay(exported: Path, tmp_path: Path) -> None:
    deployed = Deployed(build_model("softmax", {}), SCALINGS["raw"])
    export_classifier(deployed, tmp_path / "c.onnx", metadata={})
    for path in (exported, tmp_path / "c.onnx"):
        content = path.read_bytes()
        assert str(Path(graph.__file__).parent).encode() not in content
        assert b".py" not in content


def test_a_classifier_that_computes_something_else_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inkdigit.learning.graph.PARITY", -1.0)
    with pytest.raises(InkdigitError, match="nothing was written"):
        export_classifier(Deployed(build_model("softmax", {}), SCALINGS["unit"]), tmp_path / "m.onnx", metadata={})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("differences", [(1e-3,), (0.0, 1e-3), (float("nan"), 0.0), (0.0, float("nan"))])
def test_outputs_that_differ_or_are_no_numbers_are_refused(differences: tuple[float, ...]) -> None:
    with pytest.raises(InkdigitError, match=r"differ by .*nothing was written"):
        _check_close(*differences, tolerance=1e-4)
    _check_close(0.0, 1e-6, tolerance=1e-4)


def test_shifted_looks_are_in_the_file_and_maps_are_of_the_unshifted_one(tmp_path: Path) -> None:
    model = build_model("vgg", {"widths": (4, 4, 4)}).eval()
    images = np.random.default_rng(1).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    shifted, plain = (Deployed(model, SCALINGS["standard"], 1.3, shifts=shifts) for shifts in (1, 0))
    for name, deployed in (("shifted", shifted), ("plain", plain)):
        export_classifier(deployed, tmp_path / name, metadata={})
    classifier = OnnxClassifier(tmp_path / "shifted")
    np.testing.assert_allclose(classifier(images), TorchClassifier(shifted)(images), atol=1e-5)
    expected = OnnxClassifier(tmp_path / "plain").run_features(images)
    for name, maps in classifier.run_features(images).items():
        np.testing.assert_allclose(maps, expected[name], atol=1e-4)


def test_an_eleventh_class_is_in_the_file(tmp_path: Path) -> None:
    model = build_model("vgg", {"widths": (4, 4, 4), "classes": 11}).eval()
    export_classifier(Deployed(model, SCALINGS["unit"], 1.3), tmp_path / "m.onnx", metadata={})
    images = page(140, 28).reshape(5, 28, 28)
    found = OnnxClassifier(tmp_path / "m.onnx")(images)
    np.testing.assert_allclose(found, TorchClassifier(Deployed(model, SCALINGS["unit"], 1.3))(images), atol=1e-5)
    assert found.shape == (5, 11)


def test_a_network_that_cannot_be_exported_is_told_in_one_line(tmp_path: Path) -> None:
    class Branching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(784, 10)

        def forward(self, x: Tensor) -> Tensor:
            return self.linear(x.flatten(1)) if x.sum() > 0 else x.flatten(1)[:, :10]

    with pytest.raises(
        InkdigitError, match=r"^the network cannot be exported \(.*depend on no value of a tensor"
    ) as told:
        export_classifier(Deployed(Branching(), SCALINGS["unit"]), tmp_path / "m.onnx", metadata={})
    assert "\n" not in str(told.value)
