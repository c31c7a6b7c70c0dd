import pytest
import torch
from torch import Tensor, nn

from inkdigit.evaluation.figures.structure import Layer
from inkdigit.learning.models import MODELS, build_model
from inkdigit.learning.structure import trace_structure


def learning(layers: list[Layer]) -> list[tuple[str, str, tuple[int, ...], int, int]]:
    """Name, kind, shape, parameters and multiply-adds of what learns."""
    return [(x.name, x.kind, x.shape, x.parameters, x.multiply_adds) for x in layers if x.parameters]


def test_lenet_by_hand() -> None:
    layers = trace_structure(build_model("lenet", {}))
    assert learning(layers) == [
        ("conv1", "conv 5x5", (6, 24, 24), 156, 25 * 6 * 24 * 24),
        ("conv2", "conv 5x5", (16, 8, 8), 2416, 25 * 6 * 16 * 8 * 8),
        ("fc1", "linear", (120,), 30840, 256 * 120),
        ("fc2", "linear", (84,), 10164, 120 * 84),
        ("fc3", "linear", (10,), 850, 84 * 10),
    ]
    pools = [(layer.kind, layer.shape) for layer in layers if layer.name == "pool"]
    assert pools == [("max pool 2x2", (6, 12, 12)), ("max pool 2x2", (16, 4, 4))]
    assert (layers[0].kind, layers[0].shape) == ("input", (1, 28, 28))


def test_mlp_by_hand() -> None:
    layers = trace_structure(build_model("mlp", {"hidden": (7,)}))
    assert [(x.kind, x.shape, x.multiply_adds) for x in layers] == [
        ("input", (1, 28, 28), 0), ("flatten", (784,), 0), ("linear", (7,), 5488), ("ReLU", (7,), 0),
        ("linear", (10,), 70),
    ]  # fmt: skip


# Multiply-adds by hand: a convolution's k x k x channels in x channels out x height x width, and the linear layers.
WORK = {
    "softmax": 7840,
    "convnet": 9 * 4 * 784 + 9 * 4 * 8 * 196 + 392 * 512 + 5120,
    "strided": 25 * 16 * 196 + 9 * 16 * 24 * 144 + 864 * 128 + 1280,
    "keras-cnn": 9 * 32 * 676 + 21632 * 128 + 1280,
    "cnn": 25 * 10 * 576 + 25 * 10 * 20 * 64 + 320 * 50 + 500,
    "residual": 25 * 16 * 576 + 2 * 9 * 256 * 144 + 25 * 512 * 64 + 2 * 9 * 1024 * 16 + 5120,
    "inception": 25 * 10 * 576 + (10 * 72 + 16 * 24 * 25 + 16 * 24 * 9 + 24 * 24 * 9) * 144 + 25 * 88 * 20 * 64
    + (20 * 72 + 16 * 24 * 25 + 16 * 24 * 9 + 24 * 24 * 9) * 16 + 14080,
}  # fmt: skip


@pytest.mark.parametrize("name", WORK)
def test_multiply_adds_by_hand(name: str) -> None:
    assert sum(layer.multiply_adds for layer in trace_structure(build_model(name, {}))) == WORK[name]


@pytest.mark.parametrize("name", MODELS)
def test_every_model_can_be_traced(name: str) -> None:
    model = build_model(name, {}).train()
    layers = trace_structure(model)
    assert sum(layer.parameters for layer in layers) == sum(parameter.numel() for parameter in model.parameters())
    assert layers[-1].shape == (10,)
    assert model.training, "the mode is left as it was"
    assert all(source < place for place, layer in enumerate(layers) for source in layer.inputs)
    assert all(layer.inputs for layer in layers[1:])


def test_branches_and_sums_are_told() -> None:
    inception, residual = (trace_structure(build_model(name, {})) for name in ("inception", "residual"))
    joins = [layer for layer in inception if layer.kind == "join"]
    assert [(layer.shape, len(layer.inputs)) for layer in joins] == [((88, 12, 12), 4), ((88, 4, 4), 4)]
    sums = [layer for layer in residual if layer.kind == "sum"]
    assert [{residual[source].name for source in layer.inputs} for layer in sums] == [
        {"relu", "block1.conv2"},
        {"relu", "block2.conv2"},
    ]


class Shared(nn.Module):
    """Uses one layer twice, and one of a kind that has no words here."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)
        self.act = nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        twice: Tensor = torch.relu(self.act(self.conv(self.conv(x))))
        return twice


def test_weights_that_are_shared_count_once_and_their_work_twice() -> None:
    layers = trace_structure(Shared())
    assert [layer.parameters for layer in layers] == [0, 10, 0, 0, 0]
    assert [layer.multiply_adds for layer in layers] == [0, 9 * 784, 9 * 784, 0, 0]
    assert [layer.kind for layer in layers] == ["input", "conv 3x3", "conv 3x3", "GELU", "relu"]
