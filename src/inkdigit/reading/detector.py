"""A page at several scales → the digits on it, each seen at every scale at which it can be."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from inkdigit.images import CLASSES, Grey
from inkdigit.locator import Boxes, Findings, Locator, share_of_smaller, share_of_union
from inkdigit.preparation.cut import Edges

SIDES = tuple(round(48 * 2 ** (step / 2)) for step in range(11))
"""The longer side of a page at each scale, in pixels: 48, 68, 96 … 1536."""

ENLARGED = 1.42
"""A picture is enlarged by no more than this: it does not get sharper."""

TINY, TINY_ENLARGED = 140, 3
"""A picture whose longer side is shorter than the first, in pixels, is enlarged up to it, by at most the second."""

GLANCED, SURROUNDINGS = 32, 0.2
"""A glance shows the ink at the first size, in pixels, with a margin of the second, as a share of its longer side.

Together that is less than the smallest of ``SIDES``: a locator gives so small a view no margin, which halves its time.
"""

SMALLEST, LARGEST = 14, 100
"""In a view, a digit between these sizes, in pixels, is expected to be found."""

NOTICED = 0.8
"""Beyond these sizes, by up to this factor, a digit is not expected, but believed where it is found."""

SAME = 0.45
"""Findings at two scales are the same digit if their boxes share more than this of their union."""

APART, WITHIN = 0.4, 0.7
"""The boxes of two digits share at most the first of their union, and at most the second of the smaller box.

More than half of a 1 that touches both of its neighbours lies within their boxes. Of 300 generated strings of digits
that overlap by a tenth of their height, 80.7 % are read with 0.6, and 82.7 % with 0.7.
"""

BEST = 2
"""A digit's score is the mean over this many views, those that see it best.

Of 2,900 things on 500 generated pages, 130 were wrongly taken for a digit or for none; 147 if all views are averaged.
"""

FAINT = 0.1
"""Findings whose mean score over the scales that should see them is no more than this are dropped."""

MAX_FINDINGS = 5000
"""Of one view, the most that are compared with those of the others."""

BLOCK = 256
"""So many are compared at once, for the memory that it takes."""


@dataclass(frozen=True)
class View:
    """What was found at one scale.

    Attributes:
        scale: pixels of this view for one of the page.
        findings: their boxes are in pixels of the page.
    """

    scale: float
    findings: Findings


def look(locator: Locator, page: Grey, sides: Iterable[int] = SIDES) -> Iterator[View]:
    """Views of a page, uint8 (h, w), one per longer side in ``sides`` that does not enlarge it too much, in order."""
    picture, longest = PIL.Image.fromarray(page), max(page.shape)
    for side in sides:
        if side / longest <= _limit(page):
            yield _resized(locator, picture, side / longest)


def glance(locator: Locator, page: Grey, box: Edges) -> View:
    """One small view of a page, uint8 (h, w): a box, which is thought to hold one digit, and what lies around it."""
    x, y, width, height = box
    longer = max(width, height)
    margin = SURROUNDINGS * longer
    left, top = max(int(x - margin), 0), max(int(y - margin), 0)
    around = page[top : math.ceil(y + height + margin), left : math.ceil(x + width + margin)]
    view = _resized(locator, PIL.Image.fromarray(around), min(GLANCED / longer, _limit(page)))
    return View(
        view.scale, Findings(view.findings.boxes + np.array([left, top, 0, 0], np.float32), view.findings.scores)
    )


def _limit(page: Grey) -> float:
    """By how much a page may be enlarged."""
    longest: int = max(page.shape)
    return max(ENLARGED, min(TINY_ENLARGED, TINY / longest))


def _resized(locator: Locator, picture: PIL.Image.Image, scale: float) -> View:
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    method = PIL.Image.Resampling.BOX if scale < 1 else PIL.Image.Resampling.BICUBIC
    findings = locator(np.asarray(picture.resize(size, method)))
    factors = np.array([picture.width / size[0], picture.height / size[1]] * 2, np.float32)
    return View(scale, Findings(findings.boxes * factors, findings.scores))


def merge(views: Iterable[View]) -> Findings:
    """One finding for each digit, those first whose boxes the views agree on most.

    A part of a large digit may look like a small digit at one scale, but not at the others; a digit looks like one at
    all scales. So the mean over all views in which it should be seen decides what is a digit; its scores come from the
    views that see it best. Of two that overlap, the one whose box the views agree on is kept: a box around two digits,
    seen in one view, resembles the box of either in the other views, but only roughly.
    """
    views = [_legible(view) for view in views]
    boxes = np.concatenate([np.empty((0, 4), np.float32), *(view.findings.boxes for view in views)])
    size = boxes[:, 2:].max(1, initial=0)
    votes, expected = np.zeros((len(views), len(boxes), CLASSES), np.float32), np.zeros((len(boxes), 1), np.float32)
    sums, weights = np.zeros_like(boxes), np.full((len(boxes), 1), 1e-6, np.float32)
    agreed = np.zeros((len(boxes), 1), np.float32)
    for place, view in enumerate(views):
        # In the closest view, everything found is expected: no other view shows it larger.
        smallest = NOTICED * SMALLEST if view is views[-1] else SMALLEST
        should_see = ((size * view.scale >= smallest) & (size * view.scale <= LARGEST))[:, None]
        expected += should_see
        if len(view.findings):
            seen, shared = _match(boxes, view.findings)
            votes[place] = np.where(should_see & (shared > 0), view.findings.scores[seen], 0)
            agreed += shared * votes[place].sum(1, keepdims=True)
            weight = shared * view.findings.scores[seen].max(1, keepdims=True)
            sums += view.findings.boxes[seen] * weight
            weights += weight
    means = votes.sum(0) / np.maximum(expected, 1)
    clear = means.max(1, initial=0) > FAINT
    boxes, agreed = (sums / weights)[clear], (agreed / np.maximum(expected, 1))[clear]
    kept = choose_apart(boxes, agreed[:, 0])
    best = np.sort(votes[:, clear][:, kept], axis=0)[-BEST:].sum(0) / np.clip(expected[clear][kept], 1, BEST)
    return Findings(boxes[kept], best)


def _legible(view: View) -> View:
    """A view's findings of about the size that is found, and no more of them than can be compared."""
    boxes, scores = view.findings.boxes, view.findings.scores
    size = boxes[:, 2:].max(1, initial=0) * view.scale
    chosen = np.flatnonzero((size >= NOTICED * SMALLEST) & (size <= LARGEST / NOTICED))
    chosen = chosen[np.argsort(-scores[chosen].max(1, initial=0), kind="stable")[:MAX_FINDINGS]]
    return View(view.scale, Findings(boxes[chosen], scores[chosen]))


def _match(boxes: Boxes, findings: Findings) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """For each box (k, 4), the finding of the same digit, (k,), and the share of their union, 0 for none, (k, 1)."""
    strength = findings.scores.max(1)
    best, shared = np.empty(len(boxes), np.int64), np.empty((len(boxes), 1), np.float32)
    for start in range(0, len(boxes), BLOCK):
        block = slice(start, start + BLOCK)
        same = share_of_union(boxes[block], findings.boxes)
        same[same <= SAME] = 0
        best[block] = (strength * same).argmax(1)
        shared[block] = np.take_along_axis(same, best[block, None], 1)
    return best, shared


def choose_apart(boxes: Boxes, strength: NDArray[np.float32]) -> list[int]:
    """The places of those boxes (k, 4) that are not overlapped by a stronger kept one, the strongest first."""
    is_open, kept = np.ones(len(boxes), bool), []
    for place in np.argsort(-strength, kind="stable"):
        if is_open[place]:
            kept.append(int(place))
            one = boxes[place : place + 1]
            is_open &= (share_of_union(one, boxes)[0] <= APART) & (share_of_smaller(one, boxes)[0] <= WITHIN)
    return kept
