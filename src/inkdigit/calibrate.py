"""How a reader joins its two networks: fitted on generated pages, written with digits that neither was trained on."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from inkdigit.classifier import Classifier, OnnxClassifier
from inkdigit.data.dataset import Dataset, hold_out, load_dataset
from inkdigit.errors import DataError, UsageError
from inkdigit.evaluation.metrics import confidence
from inkdigit.images import CLASSES, Labels, Probabilities
from inkdigit.learning.graph import write_metadata
from inkdigit.locator import JOINING, OnnxLocator
from inkdigit.reading.joining import Joining
from inkdigit.reading.proposer import Proposer
from inkdigit.reading.scene import Scene
from inkdigit.reading.weights import LOCATOR, SHIPPED, find_model
from inkdigit.synthesis.pages import Pages
from inkdigit.synthesis.sheet import Page

SIDES = (400, 640)
"""Heights of the pages, in pixels: digits of 26 to 460 pixels, as people send them."""

SENT = 0.9
"""Share of what is proposed as a digit on people's pictures that is one; on generated pages it is less."""

REFUSED = 0.008
"""The share of held-out digits that may be refused; they are clean, and of others it should be one in a hundred."""

MOST = 20.0
"""Limit of weights and doubt; ours are 2.3 at most. Networks that err at random, or never, have no best ones."""


@dataclass(frozen=True)
class Proposed:
    """What locator and classifier say of all that may be a digit on some pages, and what it is.

    Attributes:
        scores: float32 (k, 10) of the locator.
        probabilities: float32 (k, 11) of the classifier.
        truth: int64 (k,), 0 to 9, or 10 for what is no digit.
        weight: float32 (k,), sums to 1 over each page: a page is what somebody sends, however full it is.
    """

    scores: NDArray[np.float32]
    probabilities: Probabilities
    truth: Labels
    weight: NDArray[np.float32]

    def nll(self, joining: Joining) -> float:
        """The mean negative log likelihood of a joining over the pages."""
        told = joining.join(self.scores, self.probabilities)[range(len(self.truth)), self.truth]
        return float(np.average(-np.log(np.maximum(told, np.finfo(np.float32).tiny)), weights=self.weight))


def calibrate(locator: str, model: str, *, data: str, n: int) -> Joining:
    """Fits a joining on n generated pages and writes it into the locator's model.

    Args:
        locator: a run's folder or an .onnx file.
        model: the classifier: the name of shipped weights, a run's folder, or an .onnx file.
        data: whose held-out digits the pages are written with.
        n: pages.

    Raises:
        UsageError: an unknown name, or the shipped locator, which must not be changed.
        DataError: a model or the dataset is missing, damaged or not what it is taken for; or a model knows the
            held-out digits; or nothing can be fitted.
    """
    path = find_model(locator)
    finds, classifier = OnnxLocator(path), OnnxClassifier(find_model(model))
    if path.resolve() == SHIPPED[LOCATOR].resolve():
        raise UsageError(f"found the shipped {locator!r}, expected a run or a copy, since this writes into it")
    training, digits = hold_out(load_dataset(data, "train+validation"))
    for each in (finds, classifier):
        _check_new(each, training)
    proposed = collect(Proposer(finds, classifier), digits, n)
    fitted = fit(proposed)
    joining = replace(fitted, threshold=choose_threshold(fitted, classifier, digits))
    write_metadata(path, {JOINING: asdict(joining)})
    return joining


def _check_new(model: OnnxLocator | OnnxClassifier, training: Dataset) -> None:
    """Checks that a model has not learnt the held-out digits, of which it would be too sure."""
    learnt = model.metadata.get("train_sha256", training.sha256)  # a stranger's model does not say
    if model.metadata.get("data") == training.name and learnt != training.sha256:
        raise DataError(
            f"{model.path}: learnt from other digits of {training.name} than those that are not held out, expected "
            "these alone; train it with --set protocol=held-out"
        )


def collect(proposer: Proposer, digits: Dataset, n: int) -> Proposed:
    """What two networks propose on n generated pages.

    Raises:
        DataError: they propose nothing.
    """
    parts = [part for page in _draw(digits, n) if len((part := _propose(proposer, page))[0])]
    if not parts:
        raise DataError(f"the locator finds nothing on {n} generated pages, expected most digits; train it longer")
    return Proposed(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def fit(proposed: Proposed) -> Joining:
    """The joining of least negative log-likelihood, and the trust that people's pictures deserve beyond it.

    Raises:
        DataError: the proposals do not determine the weights.
    """
    drawn = float(np.average(proposed.truth < CLASSES, weights=proposed.weight))
    if not drawn:
        raise DataError("the locator finds no digit on the generated pages, expected most of them; train it longer")

    def joining(values: NDArray[np.float64]) -> Joining:
        say, locator, classifier = np.exp(values[:3]).tolist()
        return Joining(say, locator, classifier, doubt=float(values[3]), trust=0.0)

    def loss(values: NDArray[np.float64]) -> float:
        with np.errstate(over="ignore"):  # from weights that are too high, which the loss shows
            return proposed.nll(joining(values))

    bounds = [(None, math.log(MOST))] * 3 + [(-MOST, MOST)]
    fitted = joining(minimize(loss, np.zeros(4), method="Nelder-Mead", bounds=bounds, options={"maxiter": 2000}).x)
    _check(fitted)
    return replace(fitted, trust=_log_odds(SENT) - _log_odds(min(drawn, SENT)))


def _check(fitted: Joining) -> None:
    values = {name: getattr(fitted, name) for name in ("say", "locator", "classifier", "doubt")}
    if not all(abs(value) < 0.99 * MOST for value in values.values()):  # false for NaN, too
        found = ", ".join(f"{name} {value:.3g}" for name, value in values.items())
        raise DataError(
            f"found no best weights of locator and classifier ({found}), expected each below {MOST:.0f}; train the "
            "locator longer, or take more --pages"
        )


def _log_odds(share: float) -> float:
    return math.log(share) - math.log(1 - share)


def choose_threshold(joining: Joining, classifier: Classifier, digits: Dataset) -> float:
    """The highest confidence to ask for at which hardly any real digit is refused.

    It is not chosen on generated pages: they are far harder than what people send, and it would refuse too much.
    """
    return float(np.quantile(confidence(joining.hear_alone(classifier(digits.images))), REFUSED))


def _draw(digits: Dataset, n: int) -> Iterator[Page]:
    for place, side in enumerate(SIDES):
        pages = Pages(digits, side)
        yield from (pages[number] for number in range(place, n, len(SIDES)))


def _propose(proposer: Proposer, page: Page) -> tuple[NDArray[np.float32], Probabilities, Labels, NDArray[np.float32]]:
    """The scores, probabilities, truth and weight of all proposals on a page that count."""
    proposals = proposer.propose(Scene.of(page.grey))
    truth = page.tell(proposals.findings.boxes)
    asked = truth >= 0
    weight = np.full(asked.sum(), 1 / max(asked.sum(), 1), np.float32)
    return proposals.findings.scores[asked], proposals.probabilities[asked], truth[asked], weight
