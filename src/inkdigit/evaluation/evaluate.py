"""Any classifier and a dataset → an evaluation."""

from dataclasses import asdict, dataclass
from typing import Any

from inkdigit.classifier import Classifier
from inkdigit.data.dataset import Dataset
from inkdigit.evaluation.calibrate import cross_calibrate
from inkdigit.evaluation.metrics import brier, confusion_matrix, ece, nll, predict, risk_coverage, wilson_interval
from inkdigit.images import Labels, Probabilities

COVERAGES = (100, 99, 95, 90, 80, 50)
"""Percentages of the surest images at which an evaluation reports the risk."""


@dataclass(frozen=True)
class Evaluation:
    """How well a classifier reads a dataset.

    Attributes:
        data: the dataset's name.
        split: the part of it.
        n: images.
        accuracy: share read right, 0..1.
        accuracy_interval: its 95 % Wilson interval.
        nll: mean negative log-likelihood, nats.
        brier: mean squared error of the probabilities, 0..2.
        ece: expected calibration error over 15 bins, 0..1.
        class_accuracy: share read right of each digit; None where there is none of it.
        confusion: counts; row the label, column what was read.
        temperature: the best for calibration: the geometric mean of two, each fitted on one half of the images and
            applied to the other. This and the next two are None for a single image.
        nll_after_temperature: as ``nll``, after it.
        ece_after_temperature: as ``ece``, after it.
        risk_coverage: pairs of coverage, the share of images read, the surest first, and risk, the share of errors
            among them, both 0..1; at ``COVERAGES``.
        aurc: area under the whole curve of risk over coverage, 0..1.
    """

    data: str
    split: str
    n: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    nll: float
    brier: float
    ece: float
    class_accuracy: tuple[float | None, ...]
    confusion: tuple[tuple[int, ...], ...]
    temperature: float | None
    nll_after_temperature: float | None
    ece_after_temperature: float | None
    risk_coverage: tuple[tuple[float, float], ...]
    aurc: float

    def summary(self) -> str:
        """A few lines for people."""
        low, high = self.accuracy_interval
        known = [(share, digit) for digit, share in enumerate(self.class_accuracy) if share is not None]
        worst, digit = min(known)
        return (
            f"accuracy  {self.accuracy:.2%}  (95 % interval {low:.2%} to {high:.2%})\n"
            f"measured  on {self.n} images of {self.data}, {self.split}\n"
            f"nll       {self.nll:.4f}  nats\n"
            f"ece       {self.ece:.2%}{self._after_words()}\n"
            f"refusal   of the 5 % least sure leaves {dict(self.risk_coverage)[0.95]:.2%} read wrong\n"
            f"hardest   {digit}  ({worst:.2%} read right)"
        )

    def _after_words(self) -> str:
        if self.temperature is None:
            return ""
        return f"  ({self.ece_after_temperature:.2%} after temperature {self.temperature:.2f})"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def evaluate(classifier: Classifier, dataset: Dataset) -> Evaluation:
    """Runs a classifier over a dataset and measures it."""
    probabilities, labels = classifier(dataset.images), dataset.labels
    confusion = confusion_matrix(labels, predict(probabilities))
    correct, n = int(confusion.trace()), len(labels)
    temperature, nll_after, ece_after = _after_temperature(probabilities, labels)
    curve = risk_coverage(probabilities, labels)
    return Evaluation(
        data=dataset.name,
        split=dataset.split,
        n=n,
        accuracy=correct / n,
        accuracy_interval=wilson_interval(correct, n),
        nll=nll(probabilities, labels),
        brier=brier(probabilities, labels),
        ece=ece(probabilities, labels),
        class_accuracy=tuple(float(row[i] / row.sum()) if row.sum() else None for i, row in enumerate(confusion)),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        temperature=temperature,
        nll_after_temperature=nll_after,
        ece_after_temperature=ece_after,
        risk_coverage=tuple((percent / 100, curve.risk_at(percent)) for percent in COVERAGES),
        aurc=curve.aurc,
    )


def _after_temperature(
    probabilities: Probabilities, labels: Labels
) -> tuple[float, float, float] | tuple[None, None, None]:
    """Temperature, likelihood and calibration error; None for a single image."""
    if len(labels) < 2:
        return None, None, None
    scaled, temperature = cross_calibrate(probabilities, labels)
    return temperature, nll(scaled, labels), ece(scaled, labels)
