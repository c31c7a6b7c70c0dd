"""The networks by name. A new one is a file here and its line in ``MODELS``, or in ``LOCATORS``.

Those of ``MODELS`` take float32 (n, 1, 28, 28), scaled as their recipe says, and return logits (n, classes); those
of ``LOCATORS`` take pages (n, 1, h, w), and return maps (n, classes + 4, h/4, w/4).
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import nn

from inkdigit.errors import UsageError, unknown
from inkdigit.learning.models.centres import Centres
from inkdigit.learning.models.cnn import CNN
from inkdigit.learning.models.convnet import ConvNet
from inkdigit.learning.models.inception import Inception
from inkdigit.learning.models.keras_cnn import KerasCNN
from inkdigit.learning.models.lenet import LeNet
from inkdigit.learning.models.mlp import MLP
from inkdigit.learning.models.residual import Residual
from inkdigit.learning.models.softmax import Softmax
from inkdigit.learning.models.strided import Strided
from inkdigit.learning.models.vgg import VGG

MODELS: Mapping[str, Callable[..., nn.Module]] = {
    "softmax": Softmax,
    "mlp": MLP,
    "lenet": LeNet,
    "convnet": ConvNet,
    "keras-cnn": KerasCNN,
    "cnn": CNN,
    "inception": Inception,
    "residual": Residual,
    "vgg": VGG,
    "strided": Strided,
}

LOCATORS: Mapping[str, Callable[..., nn.Module]] = {
    "centres": Centres,
}
"""Networks that mark the digits of a page."""

NETWORKS: Mapping[str, Callable[..., nn.Module]] = {**MODELS, **LOCATORS}


MAX_DEPTH = 100
"""Blocks of a network in all: a recipe may come with a stranger's model, and each block takes its time to build."""


def build_model(name: str, options: Mapping[str, Any]) -> nn.Module:
    """Builds a network with fresh weights from torch's global generator.

    Raises:
        UsageError: an unknown name or option, or a value that the network cannot take.
    """
    if name not in NETWORKS:
        raise unknown("model", name, NETWORKS)
    known = model_options(name)
    for option in options:
        if option not in known:
            raise unknown(f"option of model {name}", option, known)
    try:
        _check_depths(options.get("depths", ()))
        return NETWORKS[name](**options)
    except (ValueError, TypeError, RuntimeError, OverflowError) as error:
        raise UsageError(f"model {name} cannot be built with {dict(options)}: {error}") from error


def _check_depths(depths: Sequence[int]) -> None:
    if not (total := sum(map(abs, depths))) <= MAX_DEPTH:
        raise ValueError(f"found {total} blocks, expected at most {MAX_DEPTH}")


def model_options(name: str) -> dict[str, Any]:
    """The options of a network and their defaults."""
    parameters = inspect.signature(NETWORKS[name]).parameters.values()
    return {parameter.name: parameter.default for parameter in parameters}
