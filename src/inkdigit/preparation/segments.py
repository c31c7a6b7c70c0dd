"""Straight lines: what runs on thin and straight, from one pixel of a stroke to the next."""

from collections.abc import Iterator
from dataclasses import replace
from statistics import median

import numpy as np
from numpy.typing import NDArray

from inkdigit.preparation.course import PrintedLine, fit
from inkdigit.preparation.ink import Mask
from inkdigit.preparation.rulings import thicken

STRIP, LEAST = 4, 3
"""A line is put together of pieces as wide as the first, in pixels, at least the second in a row."""

THICKEST = 0.03
"""No line is thicker than this share of the picture's longer side, but for three pixels, which one always may be."""

TILT = 0.1
"""It rises or falls by no more than this share of its length."""

OFF = 1.6
"""So far it may be from where it should be, in pixels, and a tenth of its thickness more."""

SLENDER = 6
"""It is at least this many times as long as it is thick."""

MOST, MOST_PIECES = 200, 20_000
"""With more lines than the first, or more pieces than the second, a picture is a texture without lines."""


def find_segments(strokes: Mask) -> list[PrintedLine]:
    """All thin, straight lines of strokes (h, w) that lie, more or less, each once, the longest first."""
    if strokes.shape[1] < LEAST * STRIP:
        return []
    thick = thicken(strokes, 1)  # so that a tilted line fills its pieces
    pieces = _find_pieces(thick)
    if len(pieces) > MOST_PIECES:
        return []
    lines = [line for chain in _chain(pieces, len(strokes)) if (line := _straighten(pieces[chain])) is not None]
    if len(lines) > MOST:
        return []
    found: list[PrintedLine] = []
    for line in sorted((_extend(line, thick) for line in lines), key=lambda line: -line.length):
        if line.length >= SLENDER * line.thickness and not any(_is_part(line, other) for other in found):
            found.append(line)
    return found


def _find_pieces(thick: Mask) -> NDArray[np.float64]:
    """Where strips, STRIP wide, of thickened strokes (h, w) hold thin ink: (n, 3) of strip, middle y and thickness."""
    height, strips = len(thick), thick.shape[1] // STRIP
    filled = np.zeros((strips, height + 2), np.int8)
    filled[:, 1:-1] = thick[:, : strips * STRIP].reshape(height, strips, STRIP).all(2).T  # (h, w) → (strips, h)
    edges = np.flatnonzero(np.diff(filled.ravel()))
    (strip, top), end = np.divmod(edges[::2], height + 2), edges[1::2] % (height + 2)
    thickness = np.maximum(end - top - 2, 1)  # without what was added
    pieces = np.stack([strip, (top + end - 1) / 2, thickness], 1)
    return np.asarray(pieces[thickness <= max(3, THICKEST * max(thick.shape))])


def _chain(pieces: NDArray[np.float64], height: int) -> Iterator[list[int]]:
    """Yields the places of pieces (n, 3) that follow one another from strip to strip, at most two pixels off."""
    strip, row = pieces[:, 0].astype(int), pieces[:, 1].astype(int)
    place = np.full((int(strip.max(initial=0)) + 2, height + 4), -1)
    place[strip, row + 2] = np.arange(len(pieces))
    following = np.full(len(pieces), -1)
    for off in (0, -1, 1, 2, -2):
        following = np.where(following < 0, place[strip + 1, row + 2 + off], following)
    free, after = [True] * len(pieces), following.tolist()
    for start in range(len(pieces)):
        chain, one = [], start
        while one >= 0 and free[one]:
            free[one] = False
            chain.append(one)
            one = after[one]
        if len(chain) >= LEAST:
            yield chain


def _straighten(chain: NDArray[np.float64]) -> PrintedLine | None:
    """The longest straight part of a chain of pieces (n, 3); None if it is too short or too steep."""
    x, y = STRIP * chain[:, 0] + (STRIP - 1) / 2, chain[:, 1]
    start, slope = fit(x, y)
    good = np.flatnonzero(np.abs(y - start - slope * x) <= OFF)
    part = max(np.split(good, np.flatnonzero(np.diff(good) > 1) + 1), key=len)
    if abs(slope) > TILT or len(part) < LEAST:
        return None
    first, last = STRIP * int(chain[part[0], 0]), STRIP * int(chain[part[-1], 0] + 1)
    return PrintedLine(start, slope, first, last, median(chain[part, 2].tolist()))


def _extend(line: PrintedLine, thick: Mask) -> PrintedLine:
    """A line as far as there is ink along it, such as through a stroke that crosses it."""
    x = np.arange(thick.shape[1])
    y = np.rint(line.at(x)).astype(int)
    near = [thick[np.clip(y + off, 0, len(thick) - 1), x] for off in (-1, 0, 1)]
    is_empty = ~np.logical_or.reduce(near) | (y < 0) | (y >= len(thick))
    before, after = np.flatnonzero(is_empty[: line.first + STRIP]), np.flatnonzero(is_empty[line.last - STRIP :])
    first = int(before[-1]) + 1 if len(before) else 0
    last = line.last - STRIP + int(after[0]) if len(after) else len(x)
    return replace(line, first=min(first, line.first), last=max(last, line.last))


def _is_part(line: PrintedLine, other: PrintedLine) -> bool:
    """Whether the middle of a line lies on another."""
    middle = (line.first + line.last) / 2
    return other.first <= middle <= other.last and abs(other.at(middle) - line.at(middle)) <= max(3, other.thickness)
