"""The five tutorials: their networks, pictures, batches and loop, written here once more.

Nothing that makes inkdigit's own training faster must reach them: they share the first weights alone.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn, optim
from torch.utils import data

from inkdigit.data.dataset import Dataset
from inkdigit.learning.models import build_model
from inkdigit.learning.recipes import RECIPES

WHOLE_SET_STEPS = 100
"""What is timed of a recipe that sees the whole set at each of its steps."""

Transform = Callable[[Any], Any]
TorchBatches = Iterable[tuple[Tensor, Tensor]]


def _convnet() -> nn.Sequential:
    # Without dropout, which acts in the article's first epoch alone; cross entropy follows on its log-softmax.
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(392, 512), nn.ReLU(), nn.Linear(512, 10), nn.LogSoftmax(dim=1),
    )  # fmt: skip


def _mlp() -> nn.Sequential:
    return nn.Sequential(nn.Linear(784, 30), nn.ReLU(), nn.Linear(30, 30), nn.ReLU(), nn.Linear(30, 10))


def _lenet() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(256, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def _cnn() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 10, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(10, 20, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(320, 50), nn.Linear(50, 10),
    )  # fmt: skip


NETWORKS: Mapping[str, Callable[[], nn.Sequential]] = {
    "convnet": _convnet,
    "mlp": _mlp,
    "lenet": _lenet,
    "cnn": _cnn,
}
"""By the names of their recipes; the fifth is Keras' own."""


def initial_weights(recipe: str, seed: int) -> list[torch.Tensor]:
    """The weights and biases, layer by layer, that inkdigit's loop begins with."""
    torch.manual_seed(seed)
    model = build_model(RECIPES[recipe].model, RECIPES[recipe].model_options)
    return [parameter.detach() for parameter in model.parameters()]


def build_network(recipe: str, seed: int) -> nn.Sequential:
    """A tutorial's network, in PyTorch's own memory format, with the weights that inkdigit's loop begins with."""
    network = NETWORKS[recipe]()
    names = [name for name, _ in network.named_parameters()]
    network.load_state_dict(dict(zip(names, initial_weights(recipe, seed), strict=True)))
    return network


class ToTensor:
    """As torchvision's: a grey picture → float32 (1, h, w), 0 to 1."""

    def __call__(self, picture: Image.Image) -> Tensor:
        """Copies, puts the channel first, divides."""
        pixels = torch.from_numpy(np.array(picture, np.uint8, copy=True))
        planes = pixels.view(picture.size[1], picture.size[0], 1).permute(2, 0, 1).contiguous()  # (h, w, 1) → (1, h, w)
        return planes.to(torch.get_default_dtype()).div(255)


class RandomHorizontalFlip:
    """As torchvision's: mirrors half of the images."""

    def __call__(self, image: Tensor) -> Tensor:
        """Draws from torch's global generator."""
        return image.flip(-1) if torch.rand(1) < 0.5 else image


@dataclass(frozen=True)
class Normalize:
    """As torchvision's: less the mean, over the deviation, which become tensors anew for each image."""

    mean: float
    deviation: float

    def __call__(self, image: Tensor) -> Tensor:
        """Leaves the image that it is given as it is."""
        image = image.clone()
        mean = torch.as_tensor([self.mean], dtype=image.dtype, device=image.device)
        deviation = torch.as_tensor([self.deviation], dtype=image.dtype, device=image.device)
        if (deviation == 0).any():
            raise ValueError(f"found a deviation of {self.deviation}, expected more than 0")
        return image.sub_(mean.view(-1, 1, 1)).div_(deviation.view(-1, 1, 1))


class Pictures(data.Dataset[tuple[Tensor, int]]):
    """As torchvision's MNIST: an image is made a picture, then transformed, each time that it is asked for."""

    def __init__(self, dataset: Dataset, transforms: Sequence[Transform]) -> None:
        self._images, self._labels = torch.from_numpy(dataset.images.copy()), torch.from_numpy(dataset.labels)
        self._transforms = transforms

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture: Any = Image.fromarray(self._images[index].numpy())
        for transform in self._transforms:
            picture = transform(picture)
        return picture, int(self._labels[index])


@dataclass(frozen=True, kw_only=True)
class Tutorial:
    """How an article trains its network.

    Attributes:
        notes_s: seconds that the field notes measured on two cores, for ``length``.
        length: what ``notes_s`` covers.
        timings_in_length: how many of what is timed here, an epoch or some steps, make that.
        transforms: of a picture; none where one tensor holds all pixels, 0 to 255.
        batch_size: images in a batch; None is the whole set.
        workers: processes that load.
        optimizer: from a network's weights; None where Keras trains.
        counts: whether it counts right answers at each step.
    """

    notes_s: float
    length: str
    timings_in_length: float = 1
    transforms: tuple[Transform, ...] = ()
    batch_size: int | None
    workers: int = 0
    optimizer: Callable[[Iterable[nn.Parameter]], optim.Optimizer] | None
    counts: bool = False


TUTORIALS: Mapping[str, Tutorial] = {
    "convnet": Tutorial(
        notes_s=12.7,
        length="1 epoch",
        transforms=(ToTensor(), RandomHorizontalFlip(), Normalize(0.5, 0.5)),
        batch_size=128,
        workers=2,
        optimizer=lambda weights: optim.Adam(weights, lr=0.0001),
        counts=True,
    ),
    "keras-cnn": Tutorial(notes_s=82, length="1 epoch", batch_size=32, optimizer=None),
    "mlp": Tutorial(
        notes_s=497,
        length="5000 steps",
        timings_in_length=5000 / WHOLE_SET_STEPS,
        batch_size=None,
        optimizer=lambda weights: optim.SGD(weights, lr=0.003),
    ),
    "lenet": Tutorial(
        notes_s=131,
        length="2 epochs",
        timings_in_length=2,
        transforms=(ToTensor(), Normalize(0.1307, 0.3081)),
        batch_size=4,
        workers=2,
        optimizer=lambda weights: optim.SGD(weights, lr=0.001, momentum=0.9),
    ),
    "cnn": Tutorial(
        notes_s=150,
        length="10 epochs",
        timings_in_length=10,
        transforms=(ToTensor(), Normalize(0.1307, 0.3081)),
        batch_size=64,
        optimizer=lambda weights: optim.SGD(weights, lr=0.01, momentum=0.5),
        counts=True,
    ),
}


def load_batches(
    tutorial: Tutorial, dataset: Dataset, steps: int, order: Sequence[list[int]] | None = None
) -> TorchBatches:
    """A tutorial's batches: those of an epoch, shuffled or in a given order; or as many steps of the whole set."""
    if tutorial.batch_size is None:
        images = torch.from_numpy(dataset.images).float().flatten(1)  # (n, 28, 28) → (n, 784)
        return itertools.repeat((images, torch.from_numpy(dataset.labels)), steps)
    pictures = Pictures(dataset, tutorial.transforms)
    if order is not None:
        return data.DataLoader(pictures, batch_sampler=order, num_workers=tutorial.workers)
    return data.DataLoader(pictures, tutorial.batch_size, shuffle=True, num_workers=tutorial.workers)


def train_tutorial(tutorial: Tutorial, network: nn.Module, batches: TorchBatches) -> list[float]:
    """The articles' loop. Returns the loss of each step."""
    assert tutorial.optimizer, "Keras trains this one"  # noqa: S101 - tells mypy
    optimizer, criterion = tutorial.optimizer(network.parameters()), nn.CrossEntropyLoss()
    losses, right, seen = [], 0, 0
    network.train()
    for images, labels in batches:
        optimizer.zero_grad()
        output = network(images)
        loss = criterion(output, labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if tutorial.counts:
            _, answers = torch.max(output.detach(), dim=1)
            right += int((answers == labels).sum().item())
            seen += len(labels)
    return losses
