"""The peers of time_to_accuracy.py: PyTorch's own example for MNIST, and the well-known notebook that made it fast.

Both are written anew from what was published of them, as a reader would run them on a CPU: plain PyTorch, float32,
its own memory format and number of threads. Nothing that makes inkdigit's training faster reaches them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import torch
from benchmarks.tutorial_networks import Normalize, Pictures, TorchBatches, ToTensor
from torch import Tensor, nn, optim
from torch.nn import functional
from torch.optim.lr_scheduler import OneCycleLR, StepLR
from torch.utils.data import DataLoader

from inkdigit.data.dataset import Dataset

MEAN, DEVIATION = 0.1307, 0.3081
"""Of MNIST's training pixels, 0 to 1, as both peers scale them."""

NOTEBOOK_BATCH, NOTEBOOK_LR = 256, 0.01
EXAMPLE_BATCH, EXAMPLE_EPOCHS = 64, 14

Training: TypeAlias = Callable[[Dataset, int], Iterator[nn.Module]]
"""Training digits and a seed → the network as it is after each epoch, or only in the end."""


def build_notebook() -> nn.Sequential:
    """The notebook's last network; it pools before ReLU."""
    return nn.Sequential(
        nn.Conv2d(1, 24, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(24, 32, 3), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(), nn.Linear(800, 256), nn.ReLU(), nn.Linear(256, 10), nn.LogSoftmax(dim=1),
    )  # fmt: skip


def build_example() -> nn.Sequential:
    """The example's network."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
        nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10), nn.LogSoftmax(dim=1),
    )  # fmt: skip


def train_notebook(training: Dataset, seed: int) -> Iterator[nn.Module]:
    """One epoch by Adam under one cycle of learning rates, over digits that were shuffled once, in one tensor.

    The notebook loads scaled tensors that it saved before; here they are made of the bytes, all at once.
    """
    torch.manual_seed(seed)
    images, labels = _shuffled(training)
    network = build_notebook()
    optimizer = optim.Adam(network.parameters(), lr=NOTEBOOK_LR, betas=(0.7, 0.9))
    batches = list(zip(images.split(NOTEBOOK_BATCH), labels.split(NOTEBOOK_BATCH), strict=True))  # type: ignore[no-untyped-call]
    schedule = OneCycleLR(optimizer, max_lr=NOTEBOOK_LR, total_steps=len(batches), cycle_momentum=False)
    _pass_over(batches, network, optimizer, after_step=schedule.step)
    yield network


def train_example(training: Dataset, seed: int) -> Iterator[nn.Module]:
    """Fourteen epochs by Adadelta, ever slower."""
    torch.manual_seed(seed)
    batches = load_example(training)
    network = build_example()
    optimizer = optim.Adadelta(network.parameters(), lr=1.0)
    schedule = StepLR(optimizer, step_size=1, gamma=0.7)
    for _ in range(EXAMPLE_EPOCHS):
        _pass_over(batches, network, optimizer)
        yield network
        schedule.step()


def load_example(training: Dataset) -> TorchBatches:
    """Pictures that are transformed one at a time, as torchvision does it; on a CPU they keep their order."""
    return DataLoader(Pictures(training, (ToTensor(), Normalize(MEAN, DEVIATION))), EXAMPLE_BATCH)


def _shuffled(training: Dataset) -> tuple[Tensor, Tensor]:
    """Scaled images (n, 1, 28, 28) and labels (n,), in an order drawn once."""
    order = torch.randperm(len(training))
    images = torch.from_numpy(training.images)[order].unsqueeze(1).float()
    return images.div_(255).sub_(MEAN).div_(DEVIATION), torch.from_numpy(training.labels)[order]


def _pass_over(
    batches: TorchBatches,
    network: nn.Module,
    optimizer: optim.Optimizer,
    after_step: Callable[[], None] = lambda: None,
) -> None:
    """One epoch."""
    network.train()
    for images, labels in batches:
        optimizer.zero_grad()
        loss = functional.nll_loss(network(images), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        after_step()


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Someone else's way to train.

    Attributes:
        source: where it was published.
        train: how it trains.
        until: the accuracy on the test digits at which it is stopped, after an epoch; None trains to its end.
        timed: what its seconds cover.
        seconds: about how many, on two cores.
        seeds: no more are trained: the example takes minutes.
    """

    source: str
    train: Training
    until: float | None = None
    timed: str
    seconds: float
    seeds: int


PEERS: Mapping[str, Peer] = {
    "notebook": Peer(
        source="github.com/tuomaso/train_mnist_fast, 8_Final_00s76.ipynb: 99.04 % in 0.76 s on a laptop's GPU",
        train=train_notebook,
        timed="all of it, one epoch",
        seconds=13,
        seeds=5,
    ),
    "example": Peer(
        source="github.com/pytorch/examples, mnist/main.py",
        train=train_example,
        until=0.99,
        timed="training, without evaluation, to the end of the first epoch with 99.0 % of the test digits right",
        seconds=100,
        seeds=1,
    ),
}
