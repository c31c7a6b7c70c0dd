"""Two readers of the same digit, locator and classifier → one probability for each value, and for "not a digit"."""

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from inkdigit.errors import DataError
from inkdigit.images import CLASSES, Probabilities
from inkdigit.locator import Locator

TINY = 1e-4
"""No reader is surer than this leaves room for."""


@dataclass(frozen=True)
class Joining:
    """How much the two readers are believed, as fitted on generated pages with digits that neither was trained on.

    Both have an equal say. The locator is at home on generated pages, where it learnt: weights of their own, fitted
    there, would give it seven times the classifier's, and strangers' pictures then lose (measured when it was built).

    Attributes:
        say: weight of the logarithms of the locator's scores and of the classifier's probabilities.
        doubt: what speaks for "not a digit" before either has looked, in nats.
        threshold: a value that is less probable than this is refused.
    """

    say: float = 0.6
    doubt: float = -0.4
    threshold: float = 0.6

    @classmethod
    def of(cls, locator: Locator) -> "Joining":
        """What a locator's model says of it, or the defaults.

        Raises:
            DataError: it says nonsense.
        """
        told = getattr(locator, "metadata", {}).get("joining", {})
        try:
            values = {name: float(told[name]) for name in (field.name for field in fields(cls)) if name in told}
        except (TypeError, ValueError, AttributeError):
            values = {"say": math.nan}
        if not all(math.isfinite(value) for value in values.values()):
            raise DataError(f"the locator joins by {told}, expected numbers; export it again")
        return cls(**values)

    def join(self, scores: NDArray[np.float32], probabilities: Probabilities) -> Probabilities:
        """Joined probabilities, float32 (k, 11), the last of "not a digit".

        Args:
            scores: float32 (k, 10) of the locator, each 0..1.
            probabilities: float32 (k, 10 or 11) of the classifier.
        """
        digits = self.say * (_log(scores) + _log(probabilities[:, :CLASSES]))
        nothing = self.say * _log(1 - scores.max(1, initial=0))
        if probabilities.shape[1] > CLASSES:
            nothing = nothing + self.say * _log(probabilities[:, CLASSES]) + self.doubt
        else:  # a classifier that knows of no eleventh class has the word of one that has not looked
            nothing = nothing - self.say * math.log(CLASSES + 1)
        logits = np.concatenate([digits, nothing[:, None]], axis=1)  # (k, 10), (k,) → (k, 11)
        powers = np.exp(logits - logits.max(1, keepdims=True, initial=-np.inf))
        return np.asarray(powers / powers.sum(1, keepdims=True), np.float32)


def _log(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.log(np.clip(values, TINY, 1))
