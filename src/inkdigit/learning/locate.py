"""The task of the recipe ``locator``: where on a page are digits, and which?"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from inkdigit.data.dataset import Dataset
from inkdigit.evaluation.locating import Count
from inkdigit.evaluation.metrics import wilson_interval
from inkdigit.images import CLASSES, Grey
from inkdigit.learning.distributed import ALONE, Group
from inkdigit.learning.graph import Samples, export_locator
from inkdigit.learning.pages import PageBatches
from inkdigit.learning.recipe import Recipe
from inkdigit.learning.targets import LEAST_DEVIATION, Targets
from inkdigit.locator import STRIDE, Findings, Locator, OnnxLocator, find_peaks
from inkdigit.synthesis.pages import Pages
from inkdigit.synthesis.variants import vary

ALL_PAGES = 256
"""Batch size of a recipe whose batches hold the whole set, since there is no end to pages."""

WATCHED_PAGES = 256
TEST_PAGES = 1024
SAMPLED_PAGES = 64
"""Pages that show the range of a network's values for quantisation."""

UNSEEN = 2**32
"""The seed of pages that measure a network, larger than people are likely to choose for training."""

NAMING = 0.5
"""Weight of the cross entropy at the centres: after a thousand steps, 57 instead of 49 % are found and named."""

MARGIN = 4
"""Empty cells added on each side of a page, so that what its edge cuts has surroundings, too."""

GLANCE = 48
"""A view with both sides shorter, in pixels, gets no margin: it shows a single digit, and takes half the time so."""


class Deployed(nn.Module):
    """A network with standardisation, margin and sigmoid inside: pages uint8 (n, h, w) → centres and boxes.

    With several networks it returns the mean of their maps.
    """

    def __init__(self, *models: nn.Module) -> None:
        super().__init__()
        self.models = nn.ModuleList(models)

    def at(self, temperature: float) -> "Deployed":  # noqa: ARG002
        """The same: calibration happens where its scores are joined with a classifier's."""
        return self

    def forward(self, pages: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (n, 10, h/4, w/4) of 0..1 and (n, 4, h/4, w/4)."""
        x = pages.float()[:, None]  # (n, h, w) → (n, 1, h, w)
        x = x - x.mean((2, 3), keepdim=True)
        x = x / (x * x).mean((2, 3), keepdim=True).sqrt().clamp(min=LEAST_DEVIATION)
        height, width = pages.shape[1:]
        longer = torch.sym_max(height, width)  # type: ignore[no-untyped-call] # numbers that stay free in a graph
        margin = MARGIN * torch.sym_min(longer // GLANCE, 1)  # type: ignore[no-untyped-call]
        rows, columns = (height + STRIDE - 1) // STRIDE, (width + STRIDE - 1) // STRIDE
        x = functional.pad(x, (margin * STRIDE,) * 4)  # (n, 1, h, w) → (n, 1, h + 2m, w + 2m), m margins in pixels
        each = [model(x)[:, :, margin : margin + rows, margin : margin + columns] for model in self.models]
        centres = sum(maps[:, :CLASSES].sigmoid() for maps in each) / len(each)  # (n, 14, rows, columns) → (n, 10, …)
        boxes = sum(maps[:, CLASSES:] for maps in each) / len(each)  # (n, 14, rows, columns) → (n, 4, …)
        return centres, boxes


class TorchLocator:
    """A locator that runs a network where its weights lie; it leaves the network's mode as it was."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed = deployed

    def __call__(self, page: Grey) -> Findings:
        """The digits on a page, uint8 (h, w)."""
        device = next(self._deployed.parameters()).device
        was_training = self._deployed.models[0].training
        self._deployed.eval()
        with torch.inference_mode():
            centres, boxes = self._deployed(torch.from_numpy(page.copy()).to(device)[None])
        self._deployed.train(was_training)
        return find_peaks(centres[0].cpu().numpy(), boxes[0].cpu().numpy())


def stream(recipe: Recipe, training: Dataset, seed: int, generator: Generator, group: Group) -> PageBatches:
    """Batches of pages written with the training digits."""
    pages = Pages(group.extend(training, lambda digits: vary(digits, recipe.variants, seed)), seed=seed)
    return PageBatches(pages, recipe.batch_size or ALL_PAGES, device=generator.device, group=group)


def judge(maps: Tensor, targets: Targets, recipe: Recipe, group: Group) -> tuple[Tensor, Tensor, Tensor]:  # noqa: ARG001
    """Focal loss of the centres (CornerNet; Law, Deng 2018), mean error of the boxes, cross entropy at the centres.

    Focal loss judges for each value separately whether it is there; cross entropy judges which one it is.

    Args:
        maps: (n, 14, h, w) of the network.
        targets: of the same pages.
        recipe: not used.
        group: averages the counts of digits, so that pages with few weigh no more than they do in the whole batch.

    Returns:
        The loss, and at each true centre the logits (k, 10) and labels (k,).
    """
    logits, boxes = maps[:, :CLASSES], maps[:, CLASSES:]
    is_centre = targets.centres >= 1
    likely = torch.sigmoid(logits)
    hit = functional.logsigmoid(logits) * (1 - likely) ** 2
    spared = functional.logsigmoid(-logits) * likely**2 * (1 - targets.centres) ** 4
    digits, near = group.mean(is_centre.sum()).clamp(min=1), group.mean(targets.near.sum()).clamp(min=1)
    centre_loss = -(torch.where(is_centre, hit, spared) * targets.asked).sum() / digits
    box_loss = ((boxes - targets.boxes).abs() * targets.near).sum() / near
    page, label, row, column = is_centre.nonzero(as_tuple=True)
    told = logits[page, :, row, column]  # (n, 10, h, w) → (k, 10)
    name_loss = functional.cross_entropy(told, label, reduction="sum") / digits
    return centre_loss + box_loss + NAMING * name_loss, told, label


def watch(model: nn.Module, recipe: Recipe, watched: Dataset) -> tuple[float, float]:
    """Mean loss on pages of digits that the network has not seen, and right / (right + missed + extra) on them."""
    pages = Pages(vary(watched, recipe.variants, 0), seed=UNSEEN)
    loss, was_training = 0.0, model.training
    model.eval()
    with torch.inference_mode():
        batches = PageBatches(pages, recipe.batch_size or ALL_PAGES, device=next(model.parameters()).device)
        n = -(-WATCHED_PAGES // (recipe.batch_size or ALL_PAGES))
        for x, targets in batches.steps(0, n):
            loss += float(judge(model(x), targets, recipe, ALONE)[0]) / n
    model.train(was_training)
    count = _count(TorchLocator(Deployed(model)), pages, WATCHED_PAGES)
    return loss, count.right / max(count.total, 1)


def deploy(model: nn.Module, recipe: Recipe, temperature: float = 1.0) -> Deployed:  # noqa: ARG001
    """A recipe's network as it reads pages."""
    return Deployed(model)


def join(members: Sequence[Deployed]) -> Deployed:
    """Several networks as one that returns the mean of their maps."""
    return Deployed(*(model for member in members for model in member.models))


def conclude(
    deployed: Deployed,
    recipe: Recipe,
    watched: Dataset,  # noqa: ARG001
    test: Dataset,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Counts what is found on pages written with the test digits."""
    count = _count_on_test(TorchLocator(deployed), recipe, test)
    return {**_tell(count), "temperature": 1.0}, {"pages": TEST_PAGES, **asdict(count)}


def measure(path: Path, recipe: Recipe, test: Dataset) -> dict[str, Any]:
    """What a model's file finds on pages written with the test digits."""
    return _tell(_count_on_test(OnnxLocator(path), recipe, test))


def _tell(count: Count) -> dict[str, Any]:
    return {
        "test_accuracy": count.right / max(count.total, 1),
        "test_accuracy_interval": list(wilson_interval(count.right, count.total)),
        "test_n": count.total,
    }


def sample(recipe: Recipe, training: Dataset, seed: int) -> Samples:
    """Some of the pages that a recipe's network learns from, in the form that its model takes."""
    pages = Pages(vary(training, recipe.variants, seed), seed=seed)
    return [pages[number].grey[None] for number in range(SAMPLED_PAGES)]  # (h, w) → (1, h, w)


def export(deployed: Deployed, metadata: Mapping[str, Any], path: Path, samples: Samples) -> None:
    """Writes a model: a page, uint8 (1, h, w) → maps of centres and boxes."""
    export_locator(deployed, path, metadata=metadata, samples=samples)


def _count_on_test(locator: Locator, recipe: Recipe, test: Dataset) -> Count:
    return _count(locator, Pages(vary(test, recipe.variants, 0), seed=UNSEEN), TEST_PAGES)


def _count(locator: Locator, pages: Pages, n: int) -> Count:
    count = Count()
    for page in (pages[number] for number in range(n)):
        count.add(page, locator(page.grey))
    return count
