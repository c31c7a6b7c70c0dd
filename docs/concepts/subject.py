"""What the pictures show: a LeNet trained by our own recipe, digits that it never saw, and small trainings."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from inkdigit import Dataset, load_dataset, train
from inkdigit.images import Images, Probabilities
from inkdigit.learning.checkpoint import load_weights
from inkdigit.learning.models.convnet import ConvNet
from inkdigit.learning.models.lenet import LeNet
from inkdigit.learning.predict import Deployed, TorchClassifier
from inkdigit.learning.run import Run
from inkdigit.learning.scaling import SCALINGS

SEVEN = 0
"""Of MNIST's test images the first, which ``inkdigit show features RUN --image 0`` shows too."""


@dataclass(frozen=True)
class Subject:
    """A trained LeNet and what it is tried on.

    Attributes:
        run: of the recipe ``lenet``, finished.
        folder: where small trainings may lie.
    """

    run: Run
    folder: Path

    @cached_property
    def test(self) -> Dataset:
        """The test digits."""
        return load_dataset(self.run.data, "test")

    @cached_property
    def model(self) -> LeNet:
        """The network as the run chose it."""
        return _load(self.run, self.fresh)

    @property
    def fresh(self) -> LeNet:
        """The network as the run began with it."""
        torch.manual_seed(self.run.seed)
        return LeNet().eval()

    @cached_property
    def seven(self) -> Images:
        """The digit that most pictures show, uint8 (28, 28)."""
        image: Images = self.test.images[SEVEN]
        return image

    @cached_property
    def channel(self) -> int:
        """Of the six kernels of the first layer the one that the seven excites most."""
        return int(self.first_maps.amax((1, 2)).argmax())

    @cached_property
    def first_maps(self) -> Tensor:
        """What the first layer makes of the seven, before ReLU: float32 (6, 24, 24)."""
        with torch.no_grad():
            maps: Tensor = self.model.conv1(self.scale(self.seven[None]))[0]
        return maps

    def scale(self, images: Images) -> Tensor:
        """What the network sees of images (n, 28, 28): float32 (n, 1, 28, 28)."""
        return SCALINGS[self.run.recipe.scaling](torch.from_numpy(images).float())[:, None]

    @cached_property
    def probabilities(self) -> Probabilities:
        """Of all test digits."""
        return TorchClassifier(Deployed(self.model, SCALINGS[self.run.recipe.scaling]))(self.test.images)

    @cached_property
    def truth(self) -> NDArray[np.float32]:
        """The probability that each test digit's own class got, float32 (n,)."""
        chosen: NDArray[np.float32] = self.probabilities[np.arange(len(self.test)), self.test.labels]
        return chosen

    def train_small(self, recipe: str, *settings: str) -> Run:
        """An epoch of another recipe on the same digits; what was trained once is not trained again."""
        folder = self.folder / "-".join((recipe, *settings))
        if not folder.exists():
            train(recipe, data=self.run.data, out=folder, settings=["epochs=1", *settings])
        return Run.open(folder)

    @cached_property
    def convnet(self) -> ConvNet:
        """A ConvNet after one epoch: the smallest of our networks with dropout."""
        run = self.train_small("convnet-fixed", "threads=1")
        return _load(run, ConvNet().eval())


Network = TypeVar("Network", bound=nn.Module)


def _load(run: Run, model: Network) -> Network:
    """The network with the weights that the run chose."""
    load_weights(run.weights(run.result()["best_step"]), model)
    return model
