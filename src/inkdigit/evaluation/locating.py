"""What a locator finds on pages whose digits are known."""

from dataclasses import dataclass

import numpy as np

from inkdigit.locator import Findings, share_of_union
from inkdigit.synthesis.sheet import Page

SURE = 0.4
"""A finding counts from this score on."""

OVERLAP = 0.5
"""A finding is of a digit if their boxes share this much of their union; half of it for a place that does not count."""


@dataclass
class Count:
    """Digits of pages; one taken for another counts as missed and as extra.

    Attributes:
        right: found, with the right value.
        missed: not found, or taken for another.
        extra: found where there are none, or twice, or taken for another.
    """

    right: int = 0
    missed: int = 0
    extra: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.right + self.missed + self.extra

    def add(self, page: Page, findings: Findings) -> None:
        """Counts one page."""
        scores = findings.scores.max(1, initial=0)
        chosen = np.flatnonzero(scores >= SURE)
        chosen = chosen[np.argsort(-scores[chosen], kind="stable")]
        overlaps = share_of_union(findings.boxes[chosen], page.boxes)  # (found, digits)
        open_digits, wrong = np.ones(len(page.boxes), bool), np.ones(len(chosen), bool)
        for place, value in enumerate(findings.scores[chosen].argmax(1)):
            fitting = np.flatnonzero(open_digits & (overlaps[place] >= OVERLAP) & (page.labels == value))
            if len(fitting):
                open_digits[fitting[overlaps[place, fitting].argmax()]] = wrong[place] = False
        excused = share_of_union(findings.boxes[chosen], page.ignored).max(1, initial=0) >= OVERLAP / 2
        self.right += int((~open_digits).sum())
        self.missed += int(open_digits.sum())
        self.extra += int((wrong & ~excused).sum())
