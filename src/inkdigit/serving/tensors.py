"""Raw digit images as the Open Inference Protocol writes them → probabilities."""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from inkdigit.classifier import INPUT, OUTPUT, Classifier
from inkdigit.errors import UsageError
from inkdigit.images import SIZE, Images

MAX_IMAGES = 1024
SHAPES = ([SIZE, SIZE], [1, SIZE, SIZE], [SIZE * SIZE])
"""What may follow n in a shape."""

EXPECTED = f'"inputs": [{{"name": "{INPUT}", "datatype": "UINT8", "shape": [n, {SIZE}, {SIZE}], "data": [...]}}]'


def infer(classifier: Classifier, model: str, body: bytes) -> dict[str, Any]:
    """A request of the protocol → its response.

    Raises:
        UsageError: it is none, or asks for what this model does not have.
    """
    request = _parse(body)
    probabilities = classifier(_find_images(request))
    output = {
        "name": OUTPUT,
        "datatype": "FP32",
        "shape": list(probabilities.shape),
        "data": probabilities.ravel().tolist(),
    }
    named = {"id": request["id"]} if isinstance(request.get("id"), str) else {}
    return {"model_name": model, **named, "outputs": [output]}


def _parse(body: bytes) -> Mapping[str, Any]:
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        raise UsageError(f"found no JSON, expected {EXPECTED}") from None
    if not isinstance(request, dict):
        raise UsageError(f"found no JSON object, expected {EXPECTED}")
    asked = request.get("outputs", [])
    if not isinstance(asked, list) or any(not isinstance(one, dict) or one.get("name") != OUTPUT for one in asked):
        raise UsageError(f"found outputs that are not there, expected '{OUTPUT}' alone, or none named")
    return request


def _find_images(request: Mapping[str, Any]) -> Images:
    """The one tensor, uint8 (n, 28, 28)."""
    inputs = request.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise UsageError(f"found not one input, expected {EXPECTED}")
    tensor = inputs[0]
    if tensor.get("name") != INPUT or tensor.get("datatype") != "UINT8":
        raise UsageError(f"found another name or datatype, expected {EXPECTED}")
    shape = tensor.get("shape")
    if not isinstance(shape, list) or not all(type(side) is int for side in shape) or shape[1:] not in SHAPES:
        raise UsageError(f"found another shape, expected [n, {SIZE}, {SIZE}], [n, 1, {SIZE}, {SIZE}] or [n, 784]")
    if not 1 <= shape[0] <= MAX_IMAGES:
        raise UsageError(f"found {shape[0]} images, expected 1 to {MAX_IMAGES}; send them in several requests")
    return _to_images(tensor.get("data"), math.prod(shape))


def _to_images(data: Any, size: int) -> Images:
    try:
        values = np.asarray(data)
    except (ValueError, OverflowError, RecursionError):  # ragged, or deep
        values = np.empty(0)
    if values.dtype.kind not in "iu" or values.size != size or values.min() < 0 or values.max() > 255:
        raise UsageError(f"found data of another kind, expected {size} whole numbers from 0 to 255, as the shape tells")
    return values.astype(np.uint8).reshape(-1, SIZE, SIZE)
