"""What a network may learn to do. One loop trains them all; a task says what differs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Generator, Tensor, nn

from inkdigit.data.dataset import Dataset
from inkdigit.learning import classify, locate
from inkdigit.learning.engine import Judge
from inkdigit.learning.graph import Samples
from inkdigit.learning.recipe import Recipe
from inkdigit.learning.run import Run


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
        stream: a recipe, its training digits, the seed, the device, its generator → batches.
        judge: what a batch's outputs are worth.
        watch: a network, its recipe, digits that it has not seen → loss and accuracy on them.
        conclude: a run, its network, watched and test digits → what its result says of them; writes the evaluation.
        sample: a recipe, its training digits, the seed → some of what its model will be given.
        export: a run, its result, its network, samples → an ONNX file at that path, quantised where there are samples.
    """

    description: str
    stream: Callable[[Recipe, Dataset, int, torch.device, Generator], Stream]
    judge: Judge
    watch: Callable[[nn.Module, Recipe, Dataset], tuple[float, float]]
    conclude: Callable[[Run, nn.Module, Dataset, Dataset], dict[str, Any]]
    sample: Callable[[Recipe, Dataset, int], Samples]
    export: Callable[[Run, Mapping[str, Any], nn.Module, Path, Samples], None]


TASKS: Mapping[str, Task] = {
    "classify": Task(
        "tell which digit an image shows",
        classify.stream, classify.judge, classify.watch, classify.conclude,
        classify.sample, classify.export,
    ),
    "locate": Task(
        "mark the digits of a page",
        locate.stream, locate.judge, locate.watch, locate.conclude,
        locate.sample, locate.export,
    ),
}  # fmt: skip
