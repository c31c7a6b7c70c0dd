"""One step of training, and what makes it fast on this machine without changing its mathematics."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import torch
from torch import Generator, Tensor, nn, optim

from inkdigit.errors import EnvironmentFault, first_line, unknown
from inkdigit.learning.augment import augment
from inkdigit.learning.distributed import ALONE, Group
from inkdigit.learning.models import build_model
from inkdigit.learning.optim import build_optimizer
from inkdigit.learning.precision import precision_on
from inkdigit.learning.recipe import MEMORY_FORMATS, Recipe
from inkdigit.learning.scaling import SCALINGS

Judge: TypeAlias = Callable[[Tensor, Any, Recipe, Group], tuple[Tensor, Tensor, Tensor]]
"""A batch's outputs and targets → the mean loss, (), and logits (k, classes) and labels (k,) of its digits."""

SMALL_BATCH = 8
"""Up to this many images, PyTorch's own convolutions beat oneDNN's, whose calls cost more than they compute.

LeNet on two cores: 1.1 against 1.5 ms a step with batches of 4; from batches of 16 on oneDNN leads.
"""


def find_device(name: str) -> torch.device:
    """``cpu``, ``cuda``, or with ``auto`` the best that there is.

    Raises:
        UsageError: another name.
        EnvironmentFault: there is no such device.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise unknown("device", name, ("auto", "cpu", "cuda"))
    if name == "cuda" and not torch.cuda.is_available():
        raise EnvironmentFault("found no CUDA device that PyTorch can use; train with --device cpu")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def build(recipe: Recipe, device: torch.device) -> tuple[nn.Module, optim.Optimizer]:
    """A recipe's network, with fresh weights from torch's global generator, and its optimiser."""
    model = build_model(recipe.model, recipe.model_options).to(device)
    memory_format = "contiguous" if _is_small(recipe) else recipe.memory_format
    model = model.to(memory_format=MEMORY_FORMATS[memory_format])  # type: ignore[call-overload]
    return model, build_optimizer(recipe.optimizer, model.parameters(), recipe.lr, recipe.optimizer_options)


def compiled(model: nn.Module, recipe: Recipe, device: torch.device) -> nn.Module:
    """The network to take steps with: itself, or a compiled one that shares its weights.

    On a GPU a network this small mostly waits for its kernels to be launched; a CUDA graph launches them all at once.
    """
    if not recipe.compiled:
        return model
    faster: nn.Module = torch.compile(model, mode="reduce-overhead" if device.type == "cuda" else "default")  # type: ignore[assignment]
    return faster


def check_compiler(recipe: Recipe, device: torch.device) -> None:
    """Compiles a trivial function as a trial, if the recipe has its network compiled.

    Raises:
        EnvironmentFault: it does not work.
    """
    if not recipe.compiled:
        return
    try:
        torch.compile(lambda x: x + 1)(torch.zeros(2, device=device))
    except RuntimeError as error:  # which PyTorch raises for any fault of a compiler
        raise EnvironmentFault(
            f"found compiled=true, and torch.compile does not work here ({first_line(error)}); install a C++ compiler, "
            "or set compiled=false"
        ) from error


def prepare(images: Tensor, recipe: Recipe, generator: Generator) -> Tensor:
    """uint8 (b, 1, 28, 28) images → augmented and scaled, in the recipe's precision."""
    augmented = augment(images.float(), recipe.augment, generator)
    return SCALINGS[recipe.scaling](augmented).to(precision_on(images.device, recipe.precision))


def update(
    model: nn.Module,
    optimizer: optim.Optimizer,
    x: Tensor,
    targets: Any,
    recipe: Recipe,
    *,
    judge: Judge,
    group: Group = ALONE,
) -> tuple[Tensor, Tensor, Tensor]:
    """One step down the gradient, averaged over a group. Returns what the judge says of the network before the step."""
    is_rounded = precision_on(x.device, recipe.precision) == torch.bfloat16
    with torch.autocast(x.device.type, torch.bfloat16, enabled=is_rounded):
        outputs = model(x).float()  # (b, 1, 28, 28) → (b, classes), or (b, 1, h, w) → maps
    loss, logits, labels = judge(outputs, targets, recipe, group)
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    group.average(model)
    if recipe.clip_norm is not None:
        nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
    optimizer.step()
    return loss, logits, labels


@contextmanager
def tuned(recipe: Recipe, most: int | None = None) -> Iterator[None]:
    """Sets threads, at most ``most``, and kernels to suit a recipe's batches; afterwards all is as it was.

    Denormal numbers, below 1.2e-38, are flushed to 0: Adam's moments of a weight that no longer learns decay into
    them, and a processor takes a hundred cycles for each (keras-cnn: 5.9 instead of 10.4 ms a step, with the same
    losses to every digit). A thread inherits this setting from the one that starts it, and keeps it: PyTorch's own
    threads have what was set when the process first computed with them.
    """
    before, onednn = torch.get_num_threads(), bool(torch.backends.mkldnn.enabled)
    threads = recipe.threads or before
    torch.set_num_threads(min(threads, most or threads))
    torch.backends.mkldnn.enabled = onednn and not _is_small(recipe)  # type: ignore[assignment]
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        torch.backends.mkldnn.enabled = onednn  # type: ignore[assignment]
        torch.set_flush_denormal(False)


def _is_small(recipe: Recipe) -> bool:
    return recipe.batch_size is not None and recipe.batch_size <= SMALL_BATCH
