"""A graph of 32-bit floats → one that computes with 8-bit integers: a third of the time, a quarter of the bytes.

Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only inference", 2018.
"""

import copy
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval

KINDS = ("Conv", "Gemm", "Relu", "Add", "MaxPool", "Resize")
"""Kinds of nodes that pass integers on to one another."""

LAYERS = ("Conv", "Gemm")
"""Nodes with weights."""

M = TypeVar("M", bound=nn.Module)


def folded(model: M) -> M:
    """A copy, for evaluation, with each batch norm that follows a convolution folded into the convolution's weights.

    Left as floats, it would stand between two convolutions that could pass on integers.
    """
    model = copy.deepcopy(model).eval()
    for block in [module for module in model.modules() if isinstance(module, nn.Sequential)]:
        for place, (layer, norm) in enumerate(pairwise(list(block))):
            if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                block[place], block[place + 1] = fuse_conv_bn_eval(layer, norm), nn.Identity()
    return model


def quantized(proto: onnx.ModelProto, samples: Iterable[NDArray[np.uint8]]) -> onnx.ModelProto:
    """The same graph with weights and values of 8 bits between the first and the last layer of each of its networks.

    Those two stay floats: the first sees a page's own contrast, and the last gives places to a fraction of a pixel. So
    does a pooling of the first one's output: it leaves a quarter of the values to be made integers.
    Weights use 7 of their 8 bits, so that sums of products overflow on no processor: all machines compute the same.

    Args:
        proto: a graph with one input and without batch norm.
        samples: example inputs of the graph, whose values show the range that 8 bits must cover.
    """
    prepared = onnx.ModelProto()
    prepared.CopyFrom(proto)
    prepared.metadata_props.add(key="onnx.quant.pre_process", value="onnxruntime.quant")  # else it warns
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        quantize_static(
            prepared, path, _Reader(proto.graph.input[0].name, samples),
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True,
            op_types_to_quantize=list(KINDS), nodes_to_exclude=_floats(proto.graph),
            extra_options={"CalibMovingAverage": True},  # rather than the extremes, which a single page may set
        )  # fmt: skip
        result: onnx.ModelProto = onnx.load(path)
    del result.metadata_props[:]
    result.metadata_props.extend(proto.metadata_props)
    return result


def _floats(graph: onnx.GraphProto) -> list[str]:
    """The nodes to keep as floats: first layers, poolings of their output, and last layers."""
    sources: dict[str, set[str]] = {}  # of each value, the nearest layers before it
    before: dict[str, set[str]] = {}  # of each layer
    pooled: dict[str, set[str]] = {}  # and of each pooling
    for node in graph.node:  # in topological order
        nearest = set().union(*(sources.get(name, set()) for name in node.input))
        if node.op_type == "MaxPool":
            pooled[node.name] = nearest
        if node.op_type in LAYERS:
            before[node.name], nearest = nearest, {node.name}
        sources.update(dict.fromkeys(node.output, nearest))
    first = {name for name, layers in before.items() if not layers}
    last = before.keys() - set().union(*before.values())
    return sorted(first | last | {name for name, layers in pooled.items() if layers <= first})


class _Reader(CalibrationDataReader):  # type: ignore[misc] # untyped
    """Samples as ONNX Runtime asks for them."""

    def __init__(self, name: str, samples: Iterable[NDArray[np.uint8]]) -> None:
        self._feeds = ({name: sample} for sample in samples)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        """The next sample by the name of the input, or None."""
        return next(self._feeds, None)
