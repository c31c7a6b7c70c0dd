"""Two readers of the same digit, locator and classifier → one probability for each value, and for "not a digit"."""

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from inkdigit.errors import DataError
from inkdigit.images import CLASSES, Probabilities
from inkdigit.locator import JOINING, Locator

TINY = 1e-4
"""Values below this are raised to it before their logarithm is taken, so that no reader is surer than that."""

FARTHEST = 100.0
"""No weight is larger than this, and no number of nats."""

NOT_LOOKED = 1 / (CLASSES + 1)
"""The probability of "not a digit" assumed for a classifier that does not know this class."""


@dataclass(frozen=True)
class Joining:
    """How much the two readers are believed, as fitted on generated pages with digits that neither was trained on.

    On which digit it is, both have the same weight: the locator learnt on generated pages, so a weight of its own,
    fitted there, would be three times the classifier's, and does worse on strangers' pictures (measured when it was
    built). On whether it is a digit at all, each has a weight of its own.

    Attributes:
        say: weight of the logarithms of both readers' scores, for which digit it is.
        locator: weight of the locator's log odds that it is a digit at all.
        classifier: weight of the classifier's.
        doubt: the evidence against a digit on a generated page before either reader has looked, in nats.
        trust: the additional evidence for one on a picture that somebody sends, in nats.
        threshold: a value that is less probable than this is refused.
    """

    say: float = 0.75
    locator: float = 1.8
    classifier: float = 0.25
    doubt: float = -0.3
    trust: float = 1.6
    threshold: float = 0.8

    @classmethod
    def of(cls, locator: Locator) -> "Joining":
        """The joining that a locator's model declares, or the defaults.

        Raises:
            DataError: what it declares is not valid.
        """
        told = getattr(locator, "metadata", {}).get(JOINING, {})
        try:
            values = {name: float(told[name]) for name in (field.name for field in fields(cls)) if name in told}
            joining = cls(**values)
        except (TypeError, ValueError, AttributeError, OverflowError):
            joining = cls(say=math.nan)
        if not joining._is_sound():
            raise DataError(
                f"the locator joins by {str(told)[:200]}, expected numbers of at most {FARTHEST:g}, and a "
                "threshold of 0 to 1; export it again"
            )
        return joining

    def _is_sound(self) -> bool:
        return all(abs(getattr(self, field.name)) <= FARTHEST for field in fields(self)) and 0 <= self.threshold <= 1

    def join(self, scores: NDArray[np.float32], probabilities: Probabilities) -> Probabilities:
        """Joined probabilities, float32 (k, 11), the last of "not a digit".

        Args:
            scores: float32 (k, 10) of the locator, each 0..1.
            probabilities: float32 (k, 10 or 11) of the classifier; with ten classes it does not judge "not a digit".
        """
        values = _softmax(self.say * (_log(scores) + _log(probabilities[:, :CLASSES])))  # (k, 10)
        found = scores.max(1, initial=0)  # (k, 10) → (k,)
        nothing = probabilities[:, CLASSES] if probabilities.shape[1] > CLASSES else np.full_like(found, NOT_LOOKED)
        odds = self.locator * _log_odds(found) - self.classifier * _log_odds(nothing) + self.trust - self.doubt
        chance = (1 / (1 + np.exp(-odds)))[:, None]  # (k,) → (k, 1)
        return np.asarray(
            np.concatenate([values * chance, 1 - chance], axis=1), np.float32
        )  # (k, 10), (k, 1) → (k, 11)

    def hear_alone(self, probabilities: Probabilities) -> Probabilities:
        """What the classifier alone says of digit images that somebody sends, float32 (k, 11).

        Args:
            probabilities: float32 (k, 10 or 11).
        """
        padded = np.pad(probabilities, ((0, 0), (0, CLASSES + 1 - probabilities.shape[1])))
        return speak_for(padded, math.exp(self.trust))


def speak_for(probabilities: Probabilities, times: float | NDArray[np.floating]) -> Probabilities:
    """Probabilities (k, 11) with the odds that it is a digit at all multiplied by ``times``, by Bayes' rule.

    Args:
        probabilities: float32 (k, 11).
        times: above 0, one number or (k,).
    """
    weighed = probabilities.copy()
    weighed[:, CLASSES] /= times
    return np.asarray(weighed / weighed.sum(1, keepdims=True), np.float32)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max(1, keepdims=True, initial=-np.inf))
    return np.asarray(powers / powers.sum(1, keepdims=True), np.float32)


def _log_odds(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return _log(values) - _log(1 - values)


def _log(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.log(np.clip(values, TINY, 1))
