"""What a network may learn to do. One loop trains them all; a task says what differs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from torch import Generator, Tensor, nn

from inkdigit.data.dataset import Dataset
from inkdigit.images import SIZE
from inkdigit.learning import classify, locate
from inkdigit.learning.distributed import Group
from inkdigit.learning.engine import Judge
from inkdigit.learning.graph import Samples
from inkdigit.learning.recipe import Recipe
from inkdigit.locator import BOX_SIDES, STRIDE


class Stream(Protocol):
    """Batches by step: step s always holds the same, whatever came before."""

    per_epoch: int

    def steps(self, start: int, stop: int) -> Iterator[tuple[Tensor, Any]]:
        """Yields the network's input (b, 1, h, w) and its targets, of the steps from start to stop."""
        ...


@dataclass(frozen=True)
class Task:
    """What is learnt.

    Attributes:
        description: one line.
        input_sides: height and width of an input that a network of it takes, in pixels.
        output_sides: a recipe → the sides of its network's output for one such input.
        stream: a recipe, its training digits, the seed, a device's generator, the group that shares them → batches.
        judge: computes the loss of a batch's outputs.
        watch: a network, its recipe, digits that it has not seen → loss and accuracy on them.
        deploy: a network, its recipe, a temperature → the deployed network.
        join: several deployed networks → one that returns their mean.
        conclude: a deployed network, its recipe, watched and test digits → entries of the result, and an evaluation.
        measure: a model file, the recipe of its network, test digits → entries of its metadata.
        sample: a recipe, its training digits, the seed → example inputs of its model.
        export: a deployed network, metadata, a path, samples → an ONNX file at that path, quantised if there are
            samples.
    """

    description: str
    input_sides: tuple[int, int]
    output_sides: Callable[[Recipe], tuple[int, ...]]
    stream: Callable[[Recipe, Dataset, int, Generator, Group], Stream]
    judge: Judge
    watch: Callable[[nn.Module, Recipe, Dataset], tuple[float, float]]
    deploy: Callable[[nn.Module, Recipe, float], Any]
    join: Callable[[Sequence[Any]], Any]
    conclude: Callable[[Any, Recipe, Dataset, Dataset], tuple[dict[str, Any], dict[str, Any]]]
    measure: Callable[[Path, Recipe, Dataset], dict[str, Any]]
    sample: Callable[[Recipe, Dataset, int], Samples]
    export: Callable[[Any, Mapping[str, Any], Path, Samples], None]


TASKS: Mapping[str, Task] = {
    "classify": Task(
        "tell which digit an image shows",
        (SIZE, SIZE), lambda recipe: (recipe.classes,),
        classify.stream, classify.judge, classify.watch, classify.deploy, classify.join, classify.conclude,
        classify.measure, classify.sample, classify.export,
    ),
    "locate": Task(
        "mark the digits of a page",
        (64, 64), lambda recipe: (recipe.classes + BOX_SIDES, 64 // STRIDE, 64 // STRIDE),
        locate.stream, locate.judge, locate.watch, locate.deploy, locate.join, locate.conclude,
        locate.measure, locate.sample, locate.export,
    ),
}  # fmt: skip
