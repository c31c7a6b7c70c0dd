"""A page at several scales → the digits on it, each seen at every scale at which it can be."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from inkdigit.images import Grey
from inkdigit.locator import Boxes, Findings, Locator, share_of_smaller, share_of_union

SIDES = tuple(round(48 * 2 ** (step / 2)) for step in range(11))
"""The longer side of a page at each scale, in pixels: 48, 68, 96 … 1536."""

ENLARGED = 1.42
"""A picture is enlarged by no more than this: it does not get sharper."""

TINY, TINY_ENLARGED = 140, 3
"""A picture of fewer pixels than the one is enlarged up to that, and by no more than the other."""

SMALLEST, LARGEST = 14, 100
"""A digit of this many pixels is expected to be found, if it is one."""

SAME = 0.45
"""Findings of two scales are of the same digit if they share so much of their union."""

APART, WITHIN = 0.4, 0.6
"""Two digits share no more of their union than the one, and of the smaller box no more than the other."""

FAINT = 0.1
"""What all scales together say less of is forgotten."""

MAX_FINDINGS = 6000
"""The most that are compared with one another."""


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
    """Views of a page, uint8 (h, w), one for each length of its longer side that makes sense, in their order."""
    picture, longest = PIL.Image.fromarray(page), max(page.shape)
    limit = max(ENLARGED, min(TINY_ENLARGED, TINY / longest))
    for side in sides:
        if side / longest <= limit:
            yield View(side / longest, _resized(locator, picture, side / longest))


def _resized(locator: Locator, picture: PIL.Image.Image, scale: float) -> Findings:
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    method = PIL.Image.Resampling.BOX if scale < 1 else PIL.Image.Resampling.BICUBIC
    findings = locator(np.asarray(picture.resize(size, method)))
    factors = np.array([picture.width / size[0], picture.height / size[1]] * 2, np.float32)
    return Findings(findings.boxes * factors, findings.scores)


def merge(views: Sequence[View]) -> Findings:
    """One finding for each digit, the surest first: its scores are means over all views in which it should be seen.

    A part of a large digit may look like a small one at one scale, but not at the others; a digit does at all.
    """
    boxes = np.concatenate([view.findings.boxes for view in views])
    scores = np.concatenate([view.findings.scores for view in views])
    place = np.repeat(np.arange(len(views)), [len(view.findings) for view in views])
    scale = np.array([view.scale for view in views], np.float32)
    size = boxes[:, 2:].max(1, initial=0)
    seen = size * scale[place]
    chosen = np.flatnonzero((seen >= 0.8 * SMALLEST) & (seen <= 1.2 * LARGEST))
    if len(chosen) > MAX_FINDINGS:
        chosen = chosen[np.argsort(-scores[chosen].max(1))[:MAX_FINDINGS]]
    boxes, scores, place, size = boxes[chosen], scores[chosen], place[chosen], size[chosen]
    best = scores.max(1, initial=0)
    same = share_of_union(boxes, boxes) > SAME  # (k, k)
    votes, mean_boxes = np.zeros_like(scores), np.zeros_like(boxes)
    weights, expected = np.zeros(len(boxes), np.float32), np.zeros(len(boxes), np.float32)
    for view, factor in enumerate(scale):
        members = np.flatnonzero(place == view)
        is_expected = (size * factor >= SMALLEST) & (size * factor <= LARGEST)
        expected += is_expected
        if not len(members):
            continue
        likeness = np.where(same[:, members], best[members], 0)  # (k, members)
        top = members[likeness.argmax(1)]
        weight = likeness.max(1)
        votes += np.where((is_expected & (weight > 0))[:, None], scores[top], 0)
        mean_boxes += boxes[top] * weight[:, None]
        weights += weight
    found = Findings(
        mean_boxes / np.maximum(weights, 1e-6)[:, None], votes / np.maximum(expected, 1)[:, None]
    )
    clear = found.scores.max(1, initial=0) > FAINT
    return suppress(Findings(found.boxes[clear], found.scores[clear]), found.scores[clear].sum(1))


def suppress(findings: Findings, strength: NDArray[np.float32]) -> Findings:
    """Of findings that lie on one another, the strongest; in the order of their strength (k,)."""
    kept = choose_apart(findings.boxes, strength)
    return Findings(findings.boxes[kept], findings.scores[kept])


def choose_apart(boxes: Boxes, strength: NDArray[np.float32]) -> list[int]:
    """Which of the boxes (k, 4) stand for themselves, the strongest first: no stronger one lies on them."""
    blocked = (share_of_union(boxes, boxes) > APART) | (share_of_smaller(boxes, boxes) > WITHIN)
    open_places, kept = np.ones(len(boxes), bool), []
    for place in np.argsort(-strength, kind="stable"):
        if open_places[place]:
            kept.append(int(place))
            open_places &= ~blocked[place]
    return kept
