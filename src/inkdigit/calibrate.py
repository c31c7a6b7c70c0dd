"""How a reader joins its two networks: fitted on generated pages, written with digits that neither was trained on."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from inkdigit.classifier import OnnxClassifier
from inkdigit.data.dataset import Dataset, load_dataset
from inkdigit.evaluation.metrics import nll
from inkdigit.images import CLASSES, Labels, Probabilities
from inkdigit.learning.graph import write_metadata
from inkdigit.locator import OnnxLocator, share_of_smaller, share_of_union
from inkdigit.preparation.ink import find_ink
from inkdigit.reading.finder import Finder, Scene
from inkdigit.reading.joining import Joining
from inkdigit.reading.weights import find_model
from inkdigit.synthesis.pages import Pages
from inkdigit.synthesis.sheet import Page

SIDES = (160, 400)
"""Heights of the pages, in pixels: digits of 10 to 290 pixels."""

SAME = 0.4
"""What is proposed is a digit of the page if their boxes share so much of their union."""

WITHIN = 0.6
"""But of two digits that lie in it with so much of theirs it is neither: half of the union may be one of a pair."""

ERROR_COST = 5.0
"""A wrong digit costs as much as so many refused ones: what the threshold is weighed by."""


@dataclass(frozen=True)
class Proposed:
    """What both readers say of everything on some pages that may be a digit, and what it is.

    Attributes:
        scores: float32 (k, 10) of the locator.
        probabilities: float32 (k, 11) of the classifier.
        truth: int64 (k,), 0 to 9, or 10 for what is no digit.
    """

    scores: NDArray[np.float32]
    probabilities: Probabilities
    truth: Labels


def calibrate(locator: str, model: str, *, data: str, n: int) -> Joining:
    """Fits a joining on n generated pages and writes it into the locator's model.

    Args:
        locator: a run's folder or an .onnx file.
        model: the classifier: the name of shipped weights, a run's folder, or an .onnx file.
        data: whose held-out digits the pages are written with.
        n: pages.

    Raises:
        UsageError: an unknown name.
        DataError: a model or the dataset is missing, damaged or not what it is taken for.
    """
    path = find_model(locator)
    finder = Finder(OnnxLocator(path), OnnxClassifier(find_model(model)), Joining())
    joining = fit(collect(finder, load_dataset(data, "validation"), n))
    write_metadata(path, {"joining": asdict(joining)})
    return joining


def collect(finder: Finder, digits: Dataset, n: int, *, seed: int = 0) -> Proposed:
    """What a finder proposes on n generated pages."""
    parts = [part for page in _draw(digits, n, seed) if (part := _propose(finder, page)) is not None]
    return Proposed(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def fit(proposed: Proposed) -> Joining:
    """The joining of least negative log likelihood, and the threshold of least cost."""

    def joining(values: NDArray[np.float64]) -> Joining:
        return Joining(float(np.exp(values[0])), float(values[1]))

    def loss(values: NDArray[np.float64]) -> float:
        return nll(joining(values).join(proposed.scores, proposed.probabilities), proposed.truth)

    found = joining(minimize(loss, [0.0, 0.0], method="Nelder-Mead").x)
    joined = found.join(proposed.scores, proposed.probabilities)
    return replace(found, threshold=choose_threshold(joined, proposed.truth))


def choose_threshold(joined: Probabilities, truth: Labels) -> float:
    """From which confidence on to tell a digit, so that errors and refusals together cost least.

    Args:
        joined: float32 (k, 11).
        truth: int64 (k,), 0 to 10.
    """
    told = joined[:, CLASSES] < 0.5
    confidence, value = joined[told, :CLASSES].max(1), joined[told, :CLASSES].argmax(1)
    order = np.argsort(confidence)
    right = (value == truth[told])[order]
    # Refusing the first of them costs the right ones among these, and spares the wrong ones.
    costs = np.concatenate([[0.0], np.cumsum(np.where(right, 1.0, -ERROR_COST))])
    thresholds = np.concatenate([[0.0], confidence[order], [1.0]])
    refused = np.searchsorted(confidence[order], thresholds)  # all below: what is as sure as the threshold is told
    return float(thresholds[costs[refused].argmin()])


def _draw(digits: Dataset, n: int, seed: int) -> Iterator[Page]:
    for place, side in enumerate(SIDES):
        pages = Pages(digits, side, seed=seed)
        yield from (pages[number] for number in range(place, n, len(SIDES)))


def _propose(finder: Finder, page: Page) -> tuple[NDArray[np.float32], Probabilities, Labels] | None:
    """Of one page: scores, probabilities and truth of all of which something is asked."""
    proposals = finder.propose(Scene(page.grey, find_ink(page.grey)))
    boxes = proposals.findings.boxes
    if not len(boxes):
        return None
    shared = share_of_union(boxes, page.boxes)
    is_pair = (share_of_smaller(boxes, page.boxes) > WITHIN).sum(1) > 1
    is_digit = (shared.max(1, initial=0) >= SAME) & ~is_pair
    truth = np.full(len(boxes), CLASSES, np.int64)
    truth[is_digit] = page.labels[shared[is_digit].argmax(1)] if is_digit.any() else 0
    asked = is_digit | (share_of_union(boxes, page.ignored).max(1, initial=0) < SAME / 2)
    return proposals.findings.scores[asked], proposals.probabilities[asked], truth[asked]
