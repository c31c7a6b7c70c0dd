"""A sheet on a desk, a screen in its frame: what lies around is made as bright as the sheet, so that it is no ink."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from inkdigit.images import Grey
from inkdigit.preparation.ink import Mask, dilate, find_paper, otsu, quantile, shrink

SIDE = 128
"""A sheet is looked for at a size whose longer side is at most this, in pixels."""

LEAST, THINNEST = 64, 24
"""The least shorter side of a picture that has surroundings, in pixels, and at that size.

Smaller pictures are cut out, a stroke fills much of them, and the rim that is lost would be most of a sheet.
"""

STROKES = 24
"""Strokes up to twice this part of the longer side vanish before a sheet is looked for."""

CONTRAST = 24.0
"""A sheet differs from what lies around it by at least this, in grey values of 255."""

SHARP = 0.75
"""At least this share of that difference lies within a few pixels of the sheet's edge: a shadow's edge is softer."""

CROSSED, STROKE = 0.02, 0.25
"""If strokes fill more than the first, as a share, beside the edge on both sides, it is a shadow's: they cross it.

A stroke differs from the ground by at least the second, as a share of the difference between a sheet and its ground.
"""

SMALLEST = 0.15
"""A sheet fills at least this share of the picture."""

PAPER = 0.7
"""At least this share of a sheet is empty: a box of thick lines is none, nor is a large 0."""

NARROW = 0.3
"""A sheet is nowhere narrower than this share of the picture's shorter side: a heavy 1 is."""

CONVEX = 0.96
"""A sheet fills at least this share of its convex hull."""

LONG, STRAIGHT = 0.08, 0.7
"""Its hull's edges longer than the first, as a share of its perimeter, make up the second: a thick 0 is round."""

_ANGLES = np.linspace(0, 2 * np.pi, 72, endpoint=False)
_DIRECTIONS = np.stack([np.sin(_ANGLES), np.cos(_ANGLES)])
"""In which a hull is measured, (2, directions)."""


@dataclass(frozen=True)
class _Sheet:
    """What may be a sheet on a coarse grid.

    Attributes:
        values: uint8 (h, w), the picture, the sheet brighter than the rest.
        plain: likewise, without its strokes.
        mask: bool (h, w), where the sheet is.
        empty: the share of it on which nothing is written.
    """

    values: Grey
    plain: Grey
    mask: Mask
    empty: float

    @property
    def is_likely(self) -> bool:
        """Whether it is a sheet with something around it, by its size, its edge and its shape."""
        is_sheet = self.mask.mean() >= SMALLEST and self.empty >= PAPER
        return bool(is_sheet and self._stands_out() and self._has_shape())

    def inner(self) -> Mask:
        """The sheet without its rim."""
        return ~dilate(~self.mask, 1)

    def outer(self) -> Mask:
        """All around it, without its rim."""
        return ~dilate(self.mask, 1)

    def _has_shape(self) -> bool:
        """Whether it is wide and fills its convex hull, whose edges are straight."""
        places = np.argwhere(self.mask)
        along = places @ _DIRECTIONS  # (k, 2) → (k, directions)
        corners = places[along.argmax(0)]
        edges = np.linalg.norm(corners - np.roll(corners, 1, 0), axis=1)
        is_straight = edges[edges >= LONG * edges.sum()].sum() >= STRAIGHT * edges.sum()
        across = np.moveaxis(np.indices(self.mask.shape), 0, 2) @ _DIRECTIONS  # (h, w, directions)
        in_hull = (across <= along.max(0) - 0.5).all(2)  # half a pixel of a slanted edge lies beyond it
        is_wide = np.ptp(along, axis=0).min() >= NARROW * min(self.mask.shape)
        return bool(is_wide and is_straight and len(places) >= CONVEX * in_hull.sum())

    def _stands_out(self) -> bool:
        """Whether it differs clearly from what lies around it, all at once, and no stroke goes on beyond its edge."""
        bright, dark = (quantile(self.plain[part], 0.5) for part in (self.mask, ~self.mask))
        step = bright - dark
        if step < CONTRAST:
            return False
        rings = [part & dilate(~part, 3) & ~dilate(~part, 1) for part in (self.mask, ~self.mask)]
        if not all(ring.any() for ring in rings):
            return False
        clipped = self.plain.clip(dark, bright)  # what little is left of strokes beside the edge is no part of it
        inside, outside = (float(clipped[ring].mean()) for ring in rings)
        strokes = self.plain - self.values > STROKE * step
        is_crossed = all(strokes[ring].mean() > CROSSED for ring in rings)
        return inside - outside >= SHARP * step and not is_crossed


def level_surroundings(grey: Grey) -> Grey | None:
    """A picture with everything around its sheet as bright as the sheet, uint8 (h, w); None where there is no sheet.

    What is written around it, or in the shadow of another sheet, stays, with the same contrast as before. A narrow rim
    of the sheet is lost.
    """
    coarse = shrink(grey, SIDE)
    if min(grey.shape) < LEAST or min(coarse.shape) < THINNEST:
        return None
    sheet = next((sheet for sheet in _candidates(coarse) if sheet.is_likely), None)
    if sheet is None:
        return None
    inner, outer = (_enlarge(mask, grey) for mask in (sheet.inner(), sheet.outer()))
    paper = find_paper(grey, ~inner).astype(np.int16)
    around = grey + (paper - find_paper(grey, ~outer))
    return np.asarray(np.where(inner, grey, np.where(outer, around, paper)).clip(0, 255), np.uint8)


def _candidates(coarse: Grey) -> Iterator[_Sheet]:
    """Yields what may be a sheet brighter than the rest, and what may be a darker one.

    It leaves a corner of the picture free at least: a stroke that the edge cuts off fills none.
    """
    for values in (coarse, 255 - coarse):
        plain = _without_strokes(values)
        level = otsu(plain)
        if (plain[[0, 0, -1, -1], [0, -1, 0, -1]] <= level).any() and plain.max() > level:
            mask = ~_reach_from_edges(plain <= level)
            yield _Sheet(values, plain, mask, float((values[mask] > level).mean()))


def _without_strokes(values: Grey) -> Grey:
    """A picture without its narrow dark parts: grey closing by a square."""
    reach = max(1, max(values.shape) // STROKES)
    return _spread(_spread(values, reach, np.maximum), reach, np.minimum)


def _spread(values: Grey, reach: int, better: Callable[[Grey, Grey], Grey]) -> Grey:
    """The largest, or the smallest, value in a square of ``reach`` pixels to each side."""
    for _ in range(2):
        padded, done = np.pad(values, ((reach, reach), (0, 0)), mode="edge"), 1
        while done < 2 * reach + 1:
            step = min(done, 2 * reach + 1 - done)
            padded = better(padded[:-step], padded[step:])  # of twice as many rows as before
            done += step
        values = padded.T  # then the same along the other side
    return values


def _reach_from_edges(mask: Mask) -> Mask:
    """The part of a mask that straight runs from the picture's edges fill, bool (h, w)."""
    reached = np.zeros_like(mask)
    for turns in range(4):
        reached |= np.rot90(np.logical_and.accumulate(np.rot90(mask, turns), 0), -turns)
    return reached


def _enlarge(mask: Mask, grey: Grey) -> Mask:
    """A coarse mask → every pixel of a picture."""
    height, width = grey.shape
    enlarged = Image.fromarray(mask.astype(np.uint8) * 255).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(enlarged) > 127
