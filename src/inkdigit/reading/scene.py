"""What both networks look at: a picture, and its ink."""

from functools import cached_property

import numpy as np

from inkdigit.images import Grey, Ink
from inkdigit.locator import Findings
from inkdigit.preparation.cut import STROKE, Edges
from inkdigit.preparation.frames import erase_frames
from inkdigit.preparation.ink import Mask, find_ink
from inkdigit.preparation.rulings import erase_rulings
from inkdigit.preparation.surroundings import level_surroundings

FIRM = 0.6
"""Only ink above this counts as covered or not: the dark corners of a photo are fainter."""


class Scene:
    """A picture, reduced to its working size or further.

    Attributes:
        grey: uint8 (h, w), what the locator sees.
        ink: float32 (h, w), what the classifier's images are cut from.
    """

    def __init__(self, grey: Grey, ink: Ink, drawn: Ink | None = None) -> None:
        """Takes a picture, its ink, and the same ink with printed lines, if there were any."""
        self.grey, self.ink, self._drawn = grey, ink, ink if drawn is None else drawn

    @classmethod
    def of(cls, grey: Grey) -> "Scene":
        """A picture, uint8 (h, w), and what somebody wrote on it."""
        drawn = find_ink(grey)
        return cls(grey, erase_rulings(drawn), drawn)

    def without_surroundings(self) -> "Scene":
        """The same if all around its sheet, such as a desk, were as bright as the sheet; as it is, if it has none."""
        level = level_surroundings(self.grey)
        scene = self if level is None else Scene.of(level)
        return scene if (scene.ink > STROKE).any() else self  # a sheet with nothing on it may be a stroke

    def without_frames(self) -> "Scene":
        """The same without printed boxes around the writing, which the locator does not see either."""
        unframed = erase_frames(self.grey, self._drawn)
        if unframed is None:
            return self
        grey, drawn = unframed
        return Scene(grey, erase_rulings(drawn), drawn)

    def turn(self, quarters: int) -> "Scene":
        """The same, counter-clockwise."""
        return Scene(np.rot90(self.grey, quarters), np.rot90(self.ink, quarters))

    def cover(self, findings: Findings, least: float = FIRM) -> float:
        """The share of all ink that lies in slightly widened boxes, 0..1, or more where they overlap.

        Args:
            findings: their boxes.
            least: only ink above this counts.
        """
        counted = self._firm if least == FIRM else self.ink > least
        height, width = self.ink.shape
        margin = 0.08 * findings.boxes[:, 2:].max(1, initial=0)
        x, y = findings.boxes[:, 0] - margin, findings.boxes[:, 1] - margin
        right, bottom = x + findings.boxes[:, 2] + 2 * margin, y + findings.boxes[:, 3] + 2 * margin
        columns = np.clip(np.rint([x, right]), 0, width).astype(int).T.tolist()
        rows = np.clip(np.rint([y, bottom]), 0, height).astype(int).T.tolist()
        inside = [
            int(np.count_nonzero(counted[top:down, left:end]))
            for (left, end), (top, down) in zip(columns, rows, strict=True)
        ]
        return sum(inside) / max(int(np.count_nonzero(counted)), 1)

    def extent(self) -> Edges | None:
        """The box of all firm ink: x, y, width and height; None where there is none."""
        rows, columns = (np.flatnonzero(self._firm.any(axis)) for axis in (1, 0))
        if not len(rows):
            return None
        return float(columns[0]), float(rows[0]), float(columns[-1] + 1 - columns[0]), float(rows[-1] + 1 - rows[0])

    @cached_property
    def _firm(self) -> Mask:
        """Where firm ink is, bool (h, w)."""
        return self.ink > FIRM
