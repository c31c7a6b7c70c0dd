"""How well a classifier reads digits that were damaged."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from inkdigit.classifier import Classifier
from inkdigit.data.dataset import Dataset
from inkdigit.evaluation.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from inkdigit.evaluation.metrics import predict

MIDDLE = 3

IMAGES = 2000
"""At most this many of a dataset's images are damaged: the interval of a share is then about ± 2 points at worst."""


@dataclass(frozen=True)
class Robustness:
    """How well a classifier reads damaged digits.

    Attributes:
        robustness: accuracy, 0..1, by name of ``CORRUPTIONS``, one for each severity of 1 to 5.
        robustness_n: images, the same for each.
        robustness_clean: accuracy on them before they were damaged, 0..1.
    """

    robustness: Mapping[str, tuple[float, ...]]
    robustness_n: int
    robustness_clean: float

    def summary(self) -> str:
        """A table for people: corruptions down, severities across, and the mean of each below."""
        means = np.mean(list(self.robustness.values()), axis=0)
        rows = [(name, shares) for name, shares in (*self.robustness.items(), ("mean", means))]
        return "\n".join([
            f"clean     {self.robustness_clean:.2%}  of {self.robustness_n} images; damaged, by severity, in %:",
            f"{'':<14}" + "".join(f"{severity:>7}" for severity in SEVERITIES),
            *(f"{name:<14}" + "".join(f"{100 * share:>7.1f}" for share in shares) for name, shares in rows),
        ])  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def measure_robustness(classifier: Classifier, dataset: Dataset) -> dict[str, float]:
    """Accuracy, 0..1, by name of ``CORRUPTIONS`` at the severity in the middle, 3 of 1 to 5."""
    digits = _draw(dataset)
    return {name: _accuracy(classifier, digits, name, MIDDLE) for name in CORRUPTIONS}


def measure_severities(classifier: Classifier, dataset: Dataset) -> Robustness:
    """Every corruption at every severity: 75 times up to ``IMAGES`` images."""
    digits = _draw(dataset)
    return Robustness(
        robustness={
            name: tuple(_accuracy(classifier, digits, name, severity) for severity in SEVERITIES)
            for name in CORRUPTIONS
        },
        robustness_n=len(digits),
        robustness_clean=_share_right(classifier, digits),
    )


def _draw(dataset: Dataset) -> Dataset:
    """Some of the images, always the same ones; not the first, which in a sorted dataset would all be zeros."""
    if len(dataset) <= IMAGES:
        return dataset
    chosen = np.sort(np.random.default_rng(0).choice(len(dataset), IMAGES, replace=False))
    return replace(dataset, images=dataset.images[chosen], labels=dataset.labels[chosen])


def _accuracy(classifier: Classifier, digits: Dataset, name: str, severity: int) -> float:
    return _share_right(classifier, replace(digits, images=corrupt(digits.images, name, severity)))


def _share_right(classifier: Classifier, digits: Dataset) -> float:
    return float((predict(classifier(digits.images)) == digits.labels).mean())
