"""Any classifier and a dataset → an evaluation."""

from dataclasses import asdict, dataclass
from typing import Any

from inkdigit.classifier import Classifier
from inkdigit.data.dataset import Dataset
from inkdigit.evaluation.metrics import brier, confusion_matrix, ece, nll, predict, wilson_interval


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

    def summary(self) -> str:
        """A few lines for people."""
        low, high = self.accuracy_interval
        known = [(share, digit) for digit, share in enumerate(self.class_accuracy) if share is not None]
        worst, digit = min(known)
        return (
            f"accuracy  {self.accuracy:.2%}  (95 % interval {low:.2%} to {high:.2%})\n"
            f"measured  on {self.n} images of {self.data}, {self.split}\n"
            f"nll       {self.nll:.4f}  nats\n"
            f"ece       {self.ece:.2%}\n"
            f"hardest   {digit}  ({worst:.2%} read right)"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def evaluate(classifier: Classifier, dataset: Dataset) -> Evaluation:
    """Runs a classifier over a dataset and measures it."""
    probabilities, labels = classifier(dataset.images), dataset.labels
    confusion = confusion_matrix(labels, predict(probabilities))
    correct, n = int(confusion.trace()), len(labels)
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
    )
