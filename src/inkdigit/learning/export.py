"""A trained network → one file: ONNX for reading it anywhere, safetensors for PyTorch."""

import base64
import json
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from inkdigit.classifier import FEATURE_OUTPUTS, INPUT, OUTPUT
from inkdigit.errors import InkdigitError, unknown
from inkdigit.files import write_atomic
from inkdigit.images import SIZE
from inkdigit.learning.checkpoint import load_weights, save_weights
from inkdigit.learning.models import build_model
from inkdigit.learning.predict import Deployed
from inkdigit.learning.run import Run
from inkdigit.learning.scaling import SCALINGS, Scaling

PARITY = 1e-4
"""The probabilities of file and network may differ by so much: rounding, not another network."""

OPSET = 20


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
        hooks = [c.register_forward_hook(lambda *io: maps.append(io[2])) for c in self.convolutions.values()]
        probabilities = self.deployed(images)
        for hook in hooks:
            hook.remove()
        return probabilities, *maps


def export_onnx(
    model: nn.Module, scaling: Scaling, temperature: float, path: Path, *, metadata: Mapping[str, Any]
) -> None:
    """Writes ``model.onnx``: uint8 (n, 28, 28) → probabilities (n, classes).

    The feature maps are values inside the graph. As outputs they would cost every plain read 13 to 50 % (no
    fusing across them), so the file declares them in its metadata alone, and a classifier makes them outputs
    when they are asked for.

    Raises:
        InkdigitError: the file would not compute what the network computes; nothing is written.
    """
    deployed = Deployed(model, scaling, temperature).cpu().eval()
    proto = _to_onnx(deployed)
    feature_outputs = onnx.ModelProto()
    feature_outputs.graph.output.extend(list(proto.graph.output)[1:])
    del proto.graph.output[1:]
    declared = base64.b64encode(feature_outputs.SerializeToString()).decode()
    for key, value in {**metadata, FEATURE_OUTPUTS: declared}.items():
        proto.metadata_props.add(key=key, value=json.dumps(value))
    content = proto.SerializeToString()
    _check_parity(deployed, content)
    write_atomic(path, content)


def _to_onnx(deployed: Deployed) -> onnx.ModelProto:
    whole = _WithFeatures(deployed).eval()
    example = torch.zeros(2, SIZE, SIZE, dtype=torch.uint8)
    with warnings.catch_warnings(), _quiet("torch.onnx"):
        warnings.simplefilter("ignore")  # the exporter's own code is behind its own deprecations
        program = torch.onnx.export(
            whole, (example,), input_names=[INPUT], output_names=[OUTPUT, *whole.names], opset_version=OPSET,
            dynamic_shapes=({0: torch.export.Dim("n")},), dynamo=True, verbose=False,
        )  # fmt: skip
    if program is None:
        raise InkdigitError("the exporter returned nothing; nothing was written")
    proto: onnx.ModelProto = program.model_proto
    return proto


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Without the exporter's word on every package that it did not find."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _check_parity(deployed: Deployed, content: bytes) -> None:
    """Compares file and network on noise, blank and full images, one and several at once."""
    images = np.random.default_rng(0).integers(0, 256, (16, SIZE, SIZE), dtype=np.uint8)
    images[0], images[1] = 0, 255
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        expected = deployed(torch.from_numpy(images)).numpy()
    found = session.run([OUTPUT], {INPUT: images})[0]
    alone = session.run([OUTPUT], {INPUT: images[2:3]})[0]
    difference = max(np.abs(found - expected).max(), np.abs(alone - expected[2:3]).max())
    if not difference <= PARITY:
        raise InkdigitError(
            f"the exported probabilities differ by {difference:.1e} from PyTorch's; nothing was written"
        )


def export_run(folder: Path, to: str, out: Path | None = None) -> Path:
    """Writes the chosen weights of a finished run as one file, and returns its path.

    Raises:
        UsageError: an unknown format.
        DataError: the run is missing, unfinished or damaged.
    """
    if to not in EXPORTS:
        raise unknown("export format", to, EXPORTS)
    run = Run.open(folder)
    result = run.result()
    model = build_model(run.recipe.model, run.recipe.model_options)
    load_weights(run.weights(result["best_step"]), model)
    path = out or run.folder / f"model.{to}"
    EXPORTS[to](run, result, model, path)
    return path


def _onnx(run: Run, result: Mapping[str, Any], model: nn.Module, path: Path) -> None:
    export_onnx(model, SCALINGS[run.recipe.scaling], result["temperature"], path, metadata=run.card(result))


def _safetensors(run: Run, result: Mapping[str, Any], model: nn.Module, path: Path) -> None:  # noqa: ARG001
    save_weights(path, model)


EXPORTS: Mapping[str, Callable[[Run, Mapping[str, Any], nn.Module, Path], None]] = {
    "onnx": _onnx,
    "safetensors": _safetensors,
}
