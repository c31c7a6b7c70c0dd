"""A network → the bytes of an ONNX graph that computes the same."""

import base64
import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnx
import onnxruntime
import torch
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from torch import Tensor, nn

from inkdigit import locator
from inkdigit.classifier import FEATURE_OUTPUTS, INPUT, OUTPUT
from inkdigit.errors import DataError, InkdigitError, first_line
from inkdigit.files import write_atomic
from inkdigit.images import SIZE
from inkdigit.learning.predict import Deployed
from inkdigit.learning.quantize import folded, quantized

PARITY = 1e-4
"""The largest difference allowed between the outputs of file and network: rounding, not another network."""

QUANTIZED_PARITY = 0.1
"""The same for the probabilities or centres of a file of 8-bit integers, in the mean over samples."""

OPSET = 20

WEIGHTS = "deployed.model."
"""Prefix of the names of a classifier's weights in its graph; the name in the network follows."""

Samples: TypeAlias = Sequence[NDArray[np.uint8]]
"""Example inputs of a graph; without any it is not quantised."""


class _WithFeatures(nn.Module):
    """A deployed network that also returns the output of each of its convolutions."""

    def __init__(self, deployed: Deployed) -> None:
        super().__init__()
        self.deployed = deployed
        self.convolutions = {n: m for n, m in deployed.model.named_modules() if isinstance(m, nn.Conv2d)}

    @property
    def names(self) -> list[str]:
        return [f"features:{name}" for name in self.convolutions]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        maps: list[Tensor] = []
        # Where images are also read shifted, only the maps of the unshifted ones, which come first.
        keep = lambda *io: maps.append(io[2][: images.shape[0]])  # noqa: E731
        hooks = [c.register_forward_hook(keep) for c in self.convolutions.values()]
        probabilities = self.deployed(images)
        for hook in hooks:
            hook.remove()
        return probabilities, *maps


def export_classifier(deployed: Deployed, path: Path, *, metadata: Mapping[str, Any], samples: Samples = ()) -> None:
    """Writes ``model.onnx``: uint8 (n, 28, 28) → probabilities (n, classes).

    The feature maps are values inside the graph. As outputs they would cost every plain read 13 to 50 % (no
    fusing across them), so the file only declares them in its metadata, and a classifier makes them outputs on
    request.

    Args:
        deployed: the network.
        path: of the file.
        metadata: to store in the file.
        samples: uint8 (n, 28, 28) each; with any, the file computes with 8-bit integers.

    Raises:
        InkdigitError: the file would not compute what the network computes; nothing is written.
    """
    deployed = deployed.cpu().eval()
    whole = _WithFeatures(folded(deployed) if samples else deployed).eval()
    example = torch.zeros(2, SIZE, SIZE, dtype=torch.uint8)
    proto = _to_onnx(whole, example, {0: torch.export.Dim("n")}, INPUT, [OUTPUT, *whole.names])
    features = list(proto.graph.output)[1:]
    del proto.graph.output[1:]
    check_parity(deployed, proto.SerializeToString())
    plain = proto
    if samples:
        proto = quantized(plain, samples)
        _check_quantized(deployed, proto, samples)
    declared = base64.b64encode(_declare(features, plain, proto).SerializeToString()).decode()
    _write(proto, {**metadata, FEATURE_OUTPUTS: declared}, path)


def export_locator(deployed: nn.Module, path: Path, *, metadata: Mapping[str, Any], samples: Samples = ()) -> None:
    """Writes ``model.onnx``: pages, uint8 (1, h, w) → centres (1, 10, h/4, w/4) and boxes (1, 4, h/4, w/4).

    Args:
        deployed: the network.
        path: of the file.
        metadata: to store in the file.
        samples: pages; with any, the file computes with 8-bit integers.

    Raises:
        InkdigitError: the file would not compute what the network computes; nothing is written.
    """
    deployed = deployed.cpu().eval()
    example = torch.zeros(1, 64, 80, dtype=torch.uint8)
    free = torch.export.Dim.DYNAMIC
    network = folded(deployed) if samples else deployed
    proto = _to_onnx(network, example, {1: free, 2: free}, locator.INPUT, [locator.CENTRES, locator.BOXES])
    _check_locator(deployed, proto.SerializeToString())
    if samples:
        proto = quantized(proto, samples)
        _check_quantized(deployed, proto, samples)
    _write(proto, metadata, path)


def _declare(features: Sequence[Any], plain: onnx.ModelProto, proto: onnx.ModelProto) -> onnx.ModelProto:
    """A partial model that, appended to a graph's bytes, makes its feature maps outputs.

    Args:
        features: outputs of the plain graph.
        plain: the graph as it was exported.
        proto: the graph that is written, where a node's output may have another name.
    """
    suffix = onnx.ModelProto()
    suffix.graph.output.extend(features)
    sources = {node.output[0]: node.name for node in plain.graph.node}
    outputs = {node.name: node.output[0] for node in proto.graph.node}
    pairs = ((outputs[sources[feature.name]], feature.name) for feature in features)
    suffix.graph.node.extend(onnx.helper.make_node("Identity", [old], [new]) for old, new in pairs if old != new)
    return suffix


def _write(proto: onnx.ModelProto, metadata: Mapping[str, Any], path: Path) -> None:
    for key, value in metadata.items():
        proto.metadata_props.add(key=key, value=json.dumps(value))
    write_atomic(path, proto.SerializeToString())


def _check_locator(deployed: nn.Module, content: bytes) -> None:
    """Compares file and network on pages of noise."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    for shape in ((1, 64, 80), (1, 101, 55)):
        page = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        with torch.inference_mode():
            expected = deployed(torch.from_numpy(page))
        found = session.run([locator.CENTRES, locator.BOXES], {locator.INPUT: page})
        differences = (float(np.abs(a - b.numpy()).max()) for a, b in zip(found, expected, strict=True))
        _check_close(*differences, tolerance=PARITY)


def _check_quantized(deployed: nn.Module, proto: onnx.ModelProto, samples: Samples) -> None:
    """Compares the first outputs of graph and network on what the graph was quantised with."""
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    name, differences = session.get_inputs()[0].name, []
    with torch.inference_mode():
        for sample in samples:
            expected = deployed(torch.from_numpy(sample.copy()))  # which may be read-only
            first = expected[0] if isinstance(expected, tuple) else expected
            difference = np.abs(session.run(None, {name: sample})[0] - first.numpy())
            differences += difference.reshape(len(sample), -1).max(1).tolist()  # (n, …) → (n,)
    _check_close(float(np.mean(differences)), tolerance=QUANTIZED_PARITY)


def write_metadata(path: Path, values: Mapping[str, Any]) -> None:
    """Adds to or changes the metadata of a model file; all else stays, and the file is replaced as a whole.

    Raises:
        DataError: not a model file.
    """
    try:
        proto = onnx.load_model_from_string(path.read_bytes())
    except (OSError, DecodeError) as error:
        raise DataError(f"{path}: not a model that can be opened ({error}); export it again") from error
    kept = {entry.key: entry.value for entry in proto.metadata_props}
    del proto.metadata_props[:]
    for key, value in {**kept, **{key: json.dumps(value) for key, value in values.items()}}.items():
        proto.metadata_props.add(key=key, value=value)
    write_atomic(path, proto.SerializeToString())


def _to_onnx(
    module: nn.Module, example: Tensor, free: Mapping[int, Any], name: str, outputs: Sequence[str]
) -> onnx.ModelProto:
    """The graph of a module with one input, some of whose sides may be of any length."""
    with warnings.catch_warnings(), _quiet("torch.onnx"):
        warnings.simplefilter("ignore")  # the exporter uses what it has deprecated itself
        try:
            program = torch.onnx.export(
                module, (example,), input_names=[name], output_names=list(outputs), opset_version=OPSET,
                dynamic_shapes=(dict(free),), dynamo=True, verbose=False,
            )  # fmt: skip
        except torch.onnx.OnnxExporterError as error:
            raise InkdigitError(
                f"the network cannot be exported ({first_line(error.__cause__ or error)}): its forward may "
                "depend on no value of a tensor; mend it, and resume"
            ) from error
    if program is None:
        raise InkdigitError("the exporter returned nothing; nothing was written")
    proto: onnx.ModelProto = program.model_proto
    for told in (*proto.graph.node, *proto.graph.value_info, *proto.graph.input, *proto.graph.output, proto.graph):
        del told.metadata_props[:]  # where the source code lies on this machine
    return proto


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Silences the exporter's warnings about packages that it did not find."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def check_parity(deployed: Deployed, content: bytes) -> None:
    """Compares file and network on noise, blank and full images, one and several at once.

    Raises:
        InkdigitError: they differ.
    """
    images = np.random.default_rng(0).integers(0, 256, (16, SIZE, SIZE), dtype=np.uint8)
    images[0], images[1] = 0, 255
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        expected = deployed(torch.from_numpy(images)).numpy()
    found = session.run([OUTPUT], {INPUT: images})[0]
    alone = session.run([OUTPUT], {INPUT: images[2:3]})[0]
    _check_close(float(np.abs(found - expected).max()), float(np.abs(alone - expected[2:3]).max()), tolerance=PARITY)


def _check_close(*differences: float, tolerance: float) -> None:
    if not all(difference <= tolerance for difference in differences):  # false for NaN, too
        found = ", ".join(f"{difference:.1e}" for difference in differences)
        raise InkdigitError(f"the exported outputs differ by {found} from PyTorch's; nothing was written")
