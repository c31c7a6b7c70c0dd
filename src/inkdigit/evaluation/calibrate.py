"""Fitting a temperature on held-out digits, so that 90 % confidence means right nine times of ten."""

import numpy as np
from numpy.typing import NDArray

from inkdigit.images import Labels, Probabilities

SMALLEST = float(np.finfo(np.float32).tiny)
"""A probability of 0 counts as this. A larger floor would clip the logits of a network that is very sure of itself, and
so judge it surer than it is.
"""


def apply_temperature(probabilities: Probabilities, temperature: float) -> Probabilities:
    """Softmax of the logits over the temperature; probabilities fix the logits up to a constant."""
    powers = np.exp(_to_logits(probabilities) / temperature)
    scaled: Probabilities = (powers / powers.sum(1, keepdims=True)).astype(np.float32)
    return scaled


def _to_logits(probabilities: Probabilities) -> NDArray[np.float64]:
    """Logits (n, classes), 0 for the likeliest class."""
    logits = np.log(np.maximum(probabilities.astype(np.float64), SMALLEST))
    return np.asarray(logits - logits.max(1, keepdims=True))


def fit_temperature(probabilities: Probabilities, labels: Labels) -> float:
    """The temperature of least negative log-likelihood, .2 to 5 (Guo et al., "On calibration", 2017).

    A golden-section search over its logarithm: the loss has a single minimum.
    """
    low, high, golden = np.log(0.2), np.log(5.0), (np.sqrt(5) - 1) / 2
    logits = _to_logits(probabilities)
    true = logits[np.arange(len(labels)), labels]

    def loss(log_temperature: float) -> float:
        """From logits: a floor under probabilities would make sure mistakes cheap."""
        temperature = float(np.exp(log_temperature))
        return float((np.log(np.exp(logits / temperature).sum(1)) - true / temperature).mean())

    for _ in range(24):
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return float(np.exp((low + high) / 2))


def cross_calibrate(probabilities: Probabilities, labels: Labels) -> tuple[Probabilities, float]:
    """Applies to each half of the images the temperature that was fitted on the other, so that none judges itself.

    The halves are random, but always the same: in a set that cycles from 0 to 9, every second image would be an even
    digit.

    Args:
        probabilities: float32 (n, classes), at least two rows.
        labels: int64 (n,).

    Returns:
        The probabilities after temperature, in the order given, and the geometric mean of the two temperatures.
    """
    order = np.random.default_rng(0).permutation(len(labels))
    halves = order[::2], order[1::2]
    scaled, temperatures = np.empty(probabilities.shape, np.float32), []
    for half, other in (halves, halves[::-1]):
        temperatures.append(fit_temperature(probabilities[other], labels[other]))
        scaled[half] = apply_temperature(probabilities[half], temperatures[-1])
    return scaled, float(np.sqrt(np.prod(temperatures)))
