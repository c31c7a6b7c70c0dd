"""The layers of a network: their order, output shapes, parameters and multiply-adds."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn

from inkdigit.evaluation.figures.structure import Layer
from inkdigit.images import SIZE
from inkdigit.learning.models import build_model
from inkdigit.learning.recipe import Recipe
from inkdigit.learning.tasks import TASKS


def structure_of(recipe: Recipe) -> list[Layer]:
    """The layers of a recipe's network."""
    return trace_structure(build_model(recipe.model, recipe.model_options), TASKS[recipe.task].input_sides)


def trace_structure(model: nn.Module, sides: tuple[int, int] = (SIZE, SIZE)) -> list[Layer]:
    """The layers of a network in the order in which an image of those sides passes them; the first is the input.

    An operation written as a function in ``forward``, such as a sum or a mean, is a layer too.
    """
    was_training = model.training
    tracer = _Tracer(model.eval())
    with torch.inference_mode():
        tracer.run(torch.zeros(1, 1, *sides, device=next(model.parameters()).device))
    model.train(was_training)
    return tracer.layers


class _Tracer(fx.Interpreter):
    """Runs a network node by node and notes each."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__(fx.symbolic_trace(model))
        self.layers: list[Layer] = []
        self._places: dict[fx.Node, int] = {}
        self._counted: set[nn.Parameter] = set()

    def run_node(self, n: fx.Node) -> Any:
        """Runs one operation."""
        output = super().run_node(n)
        if n.op != "output" and isinstance(output, Tensor):  # computations on shapes are no layers
            self._places[n] = len(self.layers)
            self.layers.append(self._note(n, output))
        return output

    def _note(self, node: fx.Node, output: Tensor) -> Layer:
        module = self.module.get_submodule(str(node.target)) if node.op == "call_module" else None
        fresh = set(module.parameters()) - self._counted if module else set()
        self._counted |= fresh
        return Layer(
            name=str(node.target) if module else "",
            kind=_kind(module) if module else _FUNCTIONS.get(_function(node), _function(node)),
            shape=tuple(output.shape[1:]),
            parameters=sum(parameter.numel() for parameter in fresh),
            multiply_adds=_multiply_adds(module, output) if module else 0,
            inputs=tuple(self._places[source] for source in node.all_input_nodes if source in self._places),
            is_drawn=not isinstance(module, _UNSEEN) and _function(node) != "flatten",
        )


def _multiply_adds(module: nn.Module, output: Tensor) -> int:
    """One per weight of a linear layer, or per weight and output position of a convolution."""
    if isinstance(module, nn.Conv2d):
        return module.weight.numel() * output.shape[2] * output.shape[3]
    return module.weight.numel() if isinstance(module, nn.Linear) else 0


def _kind(module: nn.Module) -> str:
    words = next((words for kind, words in _KINDS.items() if isinstance(module, kind)), None)
    return words(module) if words else type(module).__name__


def _function(node: fx.Node) -> str:
    """The name of the function that a node calls; a module is named by ``_kind`` instead."""
    if node.op == "placeholder":
        return "input"
    return str(getattr(node.target, "__name__", node.target))


def _window(size: Any) -> str:
    height, width = (size, size) if isinstance(size, int) else size
    return f"{height}x{width}"


_UNSEEN = (nn.ReLU, nn.Dropout, nn.BatchNorm2d, nn.Flatten, nn.Identity)
"""Modules that stand in the table but are not drawn."""

_FUNCTIONS: Mapping[str, str] = {
    "cat": "join", "add": "sum", "mean": "mean of maps", "interpolate": "enlarge", "getitem": "cut",
}  # fmt: skip

_KINDS: Mapping[type[nn.Module], Callable[[Any], str]] = {
    nn.Conv2d: lambda m: f"conv {_window(m.kernel_size)}",
    nn.Linear: lambda _: "linear",
    nn.MaxPool2d: lambda m: f"max pool {_window(m.kernel_size)}",
    nn.AvgPool2d: lambda m: f"mean pool {_window(m.kernel_size)}",
    nn.BatchNorm2d: lambda _: "batch norm",
    nn.Dropout: lambda m: f"dropout {m.p:.0%}",
    nn.ReLU: lambda _: "ReLU",
}
"""Names of modules for people; one that is missing here goes by the name of its class."""
