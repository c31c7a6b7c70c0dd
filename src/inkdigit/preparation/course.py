"""The course of a printed line: how thick the ink along it is, and what of it can be taken away."""

import math
from dataclasses import dataclass
from functools import cached_property
from statistics import median  # that of numpy would first import its masked arrays, for 20 ms
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigit.images import Ink
from inkdigit.preparation.ink import Mask, Values

SPREAD = 1.5
"""Where a line is this many times as thick as usual, and a pixel more, a stroke crosses it."""


@dataclass(frozen=True)
class PrintedLine:
    """A straight line that lies, more or less.

    Attributes:
        start: y at x = 0, in pixels.
        slope: pixels down for each to the right.
        first: x where it begins.
        last: x before which it ends.
        thickness: about how thick it is, or may be, in pixels.
    """

    start: float
    slope: float
    first: int
    last: int
    thickness: float

    def at(self, x: Any) -> Any:
        """The line's y at x."""
        return self.start + self.slope * x

    @property
    def length(self) -> int:
        """In pixels."""
        return self.last - self.first


class Course:
    """The ink along a line, column by column.

    Attributes:
        line: the line.
        has_ink: bool (n,), whether there is any.
        thickness: int (n,), of the ink at the line, in pixels; where there is none it means nothing.
        middle: float (n,), y of the middle of that ink.
    """

    def __init__(self, ink: Ink, line: PrintedLine, *, off: float, least: float) -> None:
        """Follows a line.

        Args:
            ink: float32 (h, w), 0..1.
            line: where to look.
            off: how far from it the ink may be, in pixels.
            least: what holds more than this is ink.
        """
        self.line, self._ink = line, ink
        reach = math.ceil(3 * line.thickness) + 3
        self._columns = np.arange(max(line.first, 0), min(line.last, ink.shape[1]))
        offsets = np.arange(-reach, reach + 1)[:, None]  # (m, 1)
        around = np.rint(line.at(self._columns)).astype(int)
        self._rows = around + offsets  # (n,), (m, 1) → (m, n)
        self._is_inside = (self._rows >= 0) & (self._rows < len(ink))
        strip = (self._values() > least) & self._is_inside
        nearest = np.where(strip & (np.abs(offsets) <= off), -np.abs(offsets), -reach).argmax(0)
        places = offsets + reach
        above = np.where(~strip & (places < nearest), places, -1).max(0)
        below = np.where(~strip & (places > nearest), places, len(offsets)).min(0)
        self.has_ink = strip[nearest, np.arange(len(self._columns))]
        self.thickness = below - above - 1
        self.middle = (above + below) / 2 - reach + around
        self._is_soft = (places >= above) & (places <= below)  # the ink and its soft edges

    @property
    def columns(self) -> NDArray[np.intp]:
        """The x of each column, (n,)."""
        return self._columns

    @cached_property
    def usual(self) -> float:
        """The median of the thickness; infinite without ink."""
        thickness = self.thickness[self.has_ink].tolist()
        return median(thickness) if thickness else math.inf

    @cached_property
    def is_thin(self) -> Mask:
        """Where it is hardly thicker than usual: nothing crosses it there, bool (n,)."""
        return np.asarray(self.has_ink & (self.thickness <= SPREAD * self.usual + 1))

    @cached_property
    def peak(self) -> Values:
        """The most ink of a pixel at the line, (n,)."""
        return np.asarray(np.where(self._is_soft & self._is_inside, self._values(), 0).max(0), np.float32)

    def erase(self, ink: Ink, chosen: Mask) -> None:
        """Takes the line away, in place, in the columns (n,) that are chosen."""
        rows, places = np.nonzero(self._is_soft & self._is_inside & chosen)
        ink[self._rows[rows, places], self._columns[places]] = 0

    def _values(self) -> Values:
        return np.asarray(self._ink[np.clip(self._rows, 0, len(self._ink) - 1), self._columns])


def fit(x: NDArray[np.number[Any]], y: NDArray[np.float64]) -> tuple[float, float]:
    """Where a line through most points (n,) begins, and its slope: medians, the latter over pairs half of it apart."""
    half = len(x) // 2
    slope = median(((y[half : 2 * half] - y[:half]) / (x[half : 2 * half] - x[:half])).tolist())
    return median((y - slope * x).tolist()), slope
