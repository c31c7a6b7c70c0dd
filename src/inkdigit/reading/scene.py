"""What both networks look at: a picture at its working size, and its ink."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from inkdigit.images import Grey, Ink
from inkdigit.locator import Findings

FIRM = 0.6
"""Ink that counts as covered or not: the dark corners of a photo are fainter."""


class Scene:
    """A picture at its working size.

    Attributes:
        grey: uint8 (h, w), what the locator sees.
        ink: float32 (h, w), what the classifier's images are cut from.
    """

    def __init__(self, grey: Grey, ink: Ink) -> None:
        self.grey, self.ink = grey, ink

    def turn(self, quarters: int) -> "Scene":
        """The same, counter-clockwise."""
        return Scene(np.rot90(self.grey, quarters), np.rot90(self.ink, quarters))

    def cover(self, findings: Findings) -> float:
        """The share of all firm ink that lies in boxes of findings, 0..1, or more where they overlap."""
        height, width = self.ink.shape
        margin = 0.08 * findings.boxes[:, 2:].max(1, initial=0)
        x, y = findings.boxes[:, 0] - margin, findings.boxes[:, 1] - margin
        right, bottom = x + findings.boxes[:, 2] + 2 * margin, y + findings.boxes[:, 3] + 2 * margin
        left, right = (np.clip(np.rint(edge), 0, width).astype(int) for edge in (x, right))
        top, bottom = (np.clip(np.rint(edge), 0, height).astype(int) for edge in (y, bottom))
        sums = self._sums
        inside = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
        return float(inside.sum() / max(sums[-1, -1], 1))

    @cached_property
    def _sums(self) -> NDArray[np.int32]:
        """How many pixels of firm ink lie above and to the left, int32 (h + 1, w + 1)."""
        return np.pad((self.ink > FIRM).cumsum(0, dtype=np.int32).cumsum(1, dtype=np.int32), ((1, 0), (1, 0)))
