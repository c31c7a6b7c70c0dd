"""Numbers from probabilities and labels."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkdigit.images import CLASSES, Labels, Probabilities

BINS = 15
"""Bins of confidence for the calibration error."""

TINY = 1e-12  # so that a class that got probability 0 costs 27.6 nats and not infinity


def predict(probabilities: Probabilities) -> Labels:
    """The most probable digit of each row, int64 (n,); a last class "not a digit" is left out."""
    return np.asarray(probabilities[:, :CLASSES].argmax(1), np.int64)


def confidence(probabilities: Probabilities) -> NDArray[np.float32]:
    """How sure each reading is, float32 (n,), 0..1: the probability of its digit."""
    return np.asarray(probabilities[:, :CLASSES].max(1), np.float32)


def wilson_interval(correct: int, n: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share, 0..1 (Wilson 1927): sound near 100 %, where the usual one is not."""
    if n == 0:
        return 0.0, 1.0
    z = 1.96
    share, z2 = correct / n, z * z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))  # rounding at 0 and 1


def confusion_matrix(labels: Labels, predicted: Labels) -> NDArray[np.int64]:
    """Counts, int64 (10, 10): row the label, column the prediction."""
    return np.bincount(labels * CLASSES + predicted, minlength=CLASSES**2).reshape(CLASSES, CLASSES)


def nll(probabilities: Probabilities, labels: Labels) -> float:
    """Mean negative log-likelihood of the labels, in nats."""
    chosen = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.maximum(chosen, TINY)).mean())


def brier(probabilities: Probabilities, labels: Labels) -> float:
    """Mean squared distance of the probabilities from the truth, 0..2 (Brier 1950)."""
    truth = np.eye(probabilities.shape[1])[labels]
    return float(((probabilities - truth) ** 2).sum(1).mean())


@dataclass(frozen=True)
class ReliabilityBins:
    """Images by the confidence of their reading, in equal bins from 0 to 1; NaN where a bin is empty.

    Attributes:
        counts: images in each, int64 (bins,).
        confidence: mean confidence in each, float64 (bins,), 0..1.
        accuracy: share read right, float64 (bins,), 0..1.
    """

    counts: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]


def count_reliability(probabilities: Probabilities, labels: Labels, bins: int = BINS) -> ReliabilityBins:
    """Sorts images into bins by how sure their reading is."""
    sure = confidence(probabilities)
    index = np.minimum((sure * bins).astype(int), bins - 1)
    counts = np.bincount(index, minlength=bins)
    filled = np.where(counts, counts, np.nan)
    sums = (np.bincount(index, weights=w, minlength=bins) for w in (sure, predict(probabilities) == labels))
    mean_confidence, accuracy = (total / filled for total in sums)
    return ReliabilityBins(counts, mean_confidence, accuracy)


def ece(probabilities: Probabilities, labels: Labels, bins: int = BINS) -> float:
    """Expected calibration error, 0..1: mean gap between confidence and accuracy over equal bins (Guo et al. 2017)."""
    counted = count_reliability(probabilities, labels, bins)
    gaps = counted.counts * np.abs(counted.accuracy - counted.confidence)
    return float(np.nansum(gaps) / len(labels))


@dataclass(frozen=True)
class RiskCoverage:
    """What refusing the least sure readings would leave, from the surest image alone to all n.

    Attributes:
        coverage: share of images that are read, float64 (n,), rising from 1/n to 1.
        risk: share of errors among them, float64 (n,), 0..1.
    """

    coverage: NDArray[np.float64]
    risk: NDArray[np.float64]

    @property
    def aurc(self) -> float:
        """Area under the curve, 0..1: the mean risk over all coverages (Geifman and El-Yaniv 2017)."""
        return float(self.risk.mean())

    def risk_at(self, percent: int) -> float:
        """The risk when at least ``percent`` % of the images are read, 1 to 100."""
        read = -(-len(self.risk) * percent // 100)  # rounded up, in whole numbers: 100 * .07 is more than 7
        return float(self.risk[read - 1])


def risk_coverage(probabilities: Probabilities, labels: Labels) -> RiskCoverage:
    """Risk over coverage, by confidence.

    Images read with equal confidence have no order: each counts with the share of errors among them, which is what a
    random order would give on average.
    """
    wrong = predict(probabilities) != labels
    _, group, sizes = np.unique(
        -confidence(probabilities), return_inverse=True, return_counts=True
    )  # the surest are group 0
    errors = np.repeat(np.bincount(group, weights=wrong) / sizes, sizes)
    read = np.arange(1, len(labels) + 1)
    return RiskCoverage(read / len(labels), errors.cumsum() / read)
