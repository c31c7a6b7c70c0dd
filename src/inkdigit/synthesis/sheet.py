"""The types of pages: one being written, and the finished picture of one."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inkdigit.images import CLASSES, Grey, Ink, Labels
from inkdigit.locator import Boxes, share_of_smaller, share_of_union
from inkdigit.synthesis.hand import FIRM

SEEN = 0.85
"""A digit with at least this share of its ink on the page is to be read."""

HIDDEN = 0.3
"""A digit with less than this share is a scrap of ink; one between the two does not count."""

TALLEST = 0.72
"""A digit larger than this share of the page does not count at this scale; beyond 10 % more, it is no digit."""

SAME = 0.4
"""What is found is a digit of the page if their boxes share this much of their union."""

WITHIN = 0.6
"""But if two digits each share more than this with it, it is neither: half of the union may be one of a pair."""


@dataclass(frozen=True)
class Page:
    """A picture and where its digits are.

    Attributes:
        grey: uint8 (h, w).
        boxes: around the ink of each digit.
        labels: int64 (k,).
        ignored: places where findings do not count, as boxes too.
    """

    grey: Grey
    boxes: Boxes
    labels: NDArray[np.int64]
    ignored: Boxes

    def tell(self, found: Boxes) -> Labels:
        """What boxes (k, 4) hold, int64 (k,): 0 to 9, 10 for what is no digit, -1 where it does not count."""
        shared = share_of_union(found, self.boxes)  # (k, digits)
        is_pair = (share_of_smaller(found, self.boxes) > WITHIN).sum(1) > 1
        is_digit = (shared.max(1, initial=0) >= SAME) & ~is_pair
        is_asked = share_of_union(found, self.ignored).max(1, initial=0) < SAME / 2
        truth = np.where(is_asked, CLASSES, -1)
        if is_digit.any():
            truth[is_digit] = self.labels[shared[is_digit].argmax(1)]
        return truth


@dataclass
class Sheet:
    """A page while it is written.

    Attributes:
        ink: float32 (h, w), 0..1.
        side: of a whole page, which this one may be a piece of.
        boxes: x, y, width, height and label of each digit that is there to be read.
        ignored: boxes where findings do not count.
    """

    ink: Ink
    side: int
    boxes: list[tuple[float, float, float, float, int]] = field(default_factory=list)
    ignored: list[tuple[float, float, float, float]] = field(default_factory=list)

    @classmethod
    def blank(cls, side: int, random: np.random.Generator) -> "Sheet":
        """A page without ink; some are smaller than others."""
        height, width = (side, side) if random.uniform() < 0.75 else random.integers(side // 2, side + 1, 2)
        return cls(np.zeros((height, width), np.float32), side)

    def put(self, drawn: Grey, x: float, y: float, label: int | None = None, *, is_asked: bool = True) -> None:
        """Lays ink, 255 full, with its upper left corner at x, y; what falls outside is lost.

        Args:
            drawn: uint8 (h, w).
            x: in pixels.
            y: likewise, downwards.
            label: of a digit; None for anything else.
            is_asked: False if it may pass for a digit, so that it does not count.
        """
        height, width = self.ink.shape
        left, top = round(x), round(y)
        right, bottom = left + drawn.shape[1], top + drawn.shape[0]
        inside = (slice(max(-top, 0), max(height - top, 0)), slice(max(-left, 0), max(width - left, 0)))
        seen = drawn[inside]
        if seen.size:
            place = self.ink[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
            np.maximum(place, seen * np.float32(1 / 255), out=place)
            if not is_asked:
                self.ignored.append((max(left, 0), max(top, 0), seen.shape[1], seen.shape[0]))
        if label is not None:
            self._note(drawn, seen, max(left, 0), max(top, 0), label)

    def is_free(self, drawn: Grey, x: float, y: float) -> bool:
        """Whether hardly any ink lies where this would be laid."""
        left, top = round(x), round(y)
        right, bottom = left + drawn.shape[1], top + drawn.shape[0]
        place = self.ink[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
        return bool(place.sum() < 0.02 * drawn.size)

    def _note(self, drawn: Grey, seen: Grey, left: int, top: int, label: int) -> None:
        """Records a digit in ``boxes`` or ``ignored``, if enough of it is on the page."""
        firm = seen > FIRM
        share = firm.sum() / max(int((drawn > FIRM).sum()), 1)
        if share < HIDDEN:
            return
        rows, columns = np.flatnonzero(firm.any(1)), np.flatnonzero(firm.any(0))
        box = (left + float(columns[0]), top + float(rows[0]), float(np.ptp(columns)) + 1, float(np.ptp(rows)) + 1)
        size = max(drawn.shape) / self.side
        if size > 1.1 * TALLEST:
            return
        if share >= SEEN and size <= TALLEST:
            self.boxes.append((*box, label))
        else:
            self.ignored.append(box)
