"""Printed boxes are no ink: lines that meet at their ends, around what somebody wrote, are taken away."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import median
from typing import TypeAlias

import numpy as np

from inkdigit.images import Grey, Ink
from inkdigit.preparation.course import SPREAD, Course, PrintedLine, fit
from inkdigit.preparation.cut import STROKE
from inkdigit.preparation.ink import Mask, find_paper
from inkdigit.preparation.segments import OFF, find_segments

SIDE = 800
"""Lines are looked for at a size whose longer side is at most this, in pixels."""

FAINT = 0.1
"""As much ink as this may be a printed line, which is often fainter than the writing."""

STRAIGHT = 0.6
"""In this share of its columns, at least, nothing crosses it, and it is where it should be."""

ALIKE = 0.3
"""How much the darkness of the lines of one page may differ: by this, and by this share of it."""

NEAR = 3
"""Two lines meet if they are this near, in pixels, and the thickness of one of them."""

WRITTEN = 0.3
"""What is written in a box is at least this tall, as a share of its shortest upright line."""

Lines: TypeAlias = list[PrintedLine]


@dataclass(frozen=True)
class Frame:
    """One box or several that share sides, in ink (h, w).

    Attributes:
        lying: its lines that lie.
        standing: those that stand, as lines that lie in the transpose of the ink.
    """

    lying: Lines
    standing: Lines

    @property
    def edges(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom, in pixels."""
        across, down = (sorted(line.at(line.first) for line in lines) for lines in (self.standing, self.lying))
        return across[0], down[0], across[-1], down[-1]

    def is_within(self, other: "Frame") -> bool:
        """Whether it lies in the other one: a 0 in a box is a box as well."""
        (left, top, right, bottom), (first, upper, last, lower) = self.edges, other.edges
        return self is not other and left >= first and top >= upper and right <= last and bottom <= lower

    def holds_writing(self, ink: Ink) -> bool:
        """Whether anything is written in it, in ink from which its lines have been taken away."""
        left, top, right, bottom = (max(round(edge), 0) for edge in self.edges)
        rows = (ink[top:bottom, left:right] > STROKE).any(1)
        return int(rows.sum()) >= WRITTEN * min(line.length for line in self.standing)


def erase_frames(grey: Grey, ink: Ink) -> tuple[Grey, Ink] | None:
    """A picture and its ink without printed boxes; None where none has writing in it.

    Strokes that cross a line keep their ink; what a stroke shares with a line along its way is lost.

    Args:
        grey: uint8 (h, w).
        ink: float32 (h, w), 0..1, of which no line has been taken away yet.
    """
    frames = find_frames(ink)
    if not frames:
        return None
    erased = ink.copy()
    for frame in frames:
        for view, lines in ((erased, frame.lying), (erased.T, frame.standing)):  # both are the same pixels
            for line in lines:
                _follow(view, line).erase()
    if not any(frame.holds_writing(erased) for frame in frames):
        return None
    return np.where(erased < ink, find_paper(grey, ink > FAINT), grey), erased


def find_frames(ink: Ink) -> list[Frame]:
    """All printed boxes in ink (h, w)."""
    small, factor = _reduce(ink > FAINT)
    lying = find_segments(small)
    both = _close(lying, find_segments(np.ascontiguousarray(small.T)) if lying else [])
    sides = [
        [_follow(view, _enlarge(line, factor), refine=True) for line in lines]
        for view, lines in zip((ink, ink.T), both, strict=True)
    ]
    printed = [side for some in sides for side in some if side.is_printed]
    if not printed:
        return []
    thickness, level = (median(values) for values in zip(*((s.course.usual, s.level) for s in printed), strict=True))
    alike = [[s.course.line for s in some if s.is_printed and s.is_like(thickness, level)] for some in sides]
    frames = list(_part(*_close(*alike)))
    return [frame for frame in frames if not any(frame.is_within(other) for other in frames)]


def _reduce(strokes: Mask) -> tuple[Mask, int]:
    """Strokes (h, w) at the size at which lines are looked for, and how many times as large they were."""
    factor = 1
    while max(strokes.shape) > SIDE:
        height, width = (side // 2 * 2 for side in strokes.shape)
        upper, lower = strokes[:height:2], strokes[1:height:2]
        strokes = upper[:, :width:2] | upper[:, 1:width:2] | lower[:, :width:2] | lower[:, 1:width:2]
        factor *= 2
    return strokes, factor


def _enlarge(line: PrintedLine, factor: int) -> PrintedLine:
    """The same line where everything is so many times as large."""
    start, thickness = factor * line.start + (factor - 1) / 2, factor * line.thickness
    return PrintedLine(start, line.slope, factor * line.first, factor * line.last, thickness)


def _close(lying: Lines, standing: Lines) -> tuple[Lines, Lines]:
    """Those lines that begin and end at lines of the other kind, which do so as well."""
    while True:
        across = [line for line in lying if _ends_at(line, standing)]
        upright = [line for line in standing if _ends_at(line, across)]
        if (len(across), len(upright)) == (len(lying), len(standing)):
            return lying, standing
        lying, standing = across, upright


def _part(lying: Lines, standing: Lines) -> Iterator[Frame]:
    """Yields closed lines together with all that they meet, directly or by others."""
    while lying:
        across, upright, before = lying[:1], list[PrintedLine](), 0
        while len(across) + len(upright) > before:
            before = len(across) + len(upright)
            upright = [line for line in standing if _meets(line, across)]
            across = [line for line in lying if _meets(line, upright)]
        yield Frame(across, upright)
        lying = [line for line in lying if line not in across]
        standing = [line for line in standing if line not in upright]


def _ends_at(line: PrintedLine, others: Lines) -> bool:
    """Whether a line begins and ends at others, of the other kind."""
    return all(any(_is_on(end, other) for other in others) for end in _ends(line))


def _meets(line: PrintedLine, others: Lines) -> bool:
    """Whether a line begins or ends at one of others, of the other kind, or one of them at it."""
    ends = _ends(line)
    return any(
        any(_is_on(end, other) for end in ends) or any(_is_on(end, line) for end in _ends(other)) for other in others
    )


def _ends(line: PrintedLine) -> list[tuple[float, float]]:
    return [(x, line.at(x)) for x in (line.first, line.last)]


def _is_on(point: tuple[float, float], line: PrintedLine) -> bool:
    """Whether a point, more or less, is on a line of the other kind, for which x and y are exchanged."""
    (x, y), near = point, NEAR + line.thickness
    return bool(line.first - near <= y <= line.last + near and abs(line.at(y) - x) <= near)


@dataclass(frozen=True)
class _Side:
    """A line and its ink (h, w).

    Attributes:
        course: the ink along it.
        is_straight: bool (n,), the columns in which nothing crosses it, and it is where it should be.
        level: how dark it is there, 0..1.
    """

    ink: Ink
    course: Course
    is_straight: Mask
    level: float

    @property
    def is_printed(self) -> bool:
        """Whether it is thin and straight for most of its length."""
        return int(self.is_straight.sum()) >= STRAIGHT * len(self.is_straight)

    def is_like(self, thickness: float, level: float) -> bool:
        """Whether it is about as thick and as dark as others."""
        return self.course.usual <= SPREAD * thickness + 1 and abs(self.level - level) <= ALIKE * (1 + level)

    def erase(self) -> None:
        """Takes it away, in place, except where darker strokes lie on it."""
        self.course.erase(self.ink, self.is_straight & (self.course.peak <= SPREAD * self.level + ALIKE))


def _follow(ink: Ink, line: PrintedLine, *, refine: bool = False) -> _Side:
    """The ink along a line, whose start and slope may have to be refined: they are those of a part of it."""
    course = Course(ink, line, off=2 + line.thickness / 2, least=FAINT)
    places = np.flatnonzero(course.is_thin)
    if refine and len(places) > 1:
        start, slope = fit(course.columns[places], course.middle[places])
        return _follow(ink, replace(line, start=start, slope=slope))
    off = np.abs(course.middle - line.at(course.columns))
    is_straight = course.is_thin & (off <= OFF + course.usual / 10)
    return _Side(ink, course, is_straight, median(course.peak[is_straight].tolist() or [0.0]))
