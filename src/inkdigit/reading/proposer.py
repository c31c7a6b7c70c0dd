"""Everything in a picture that may be a digit: where the locator sees it, and what the classifier reads there."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median  # that of numpy would first import its masked arrays, for 20 ms

import numpy as np
from numpy.typing import NDArray

from inkdigit.classifier import Classifier
from inkdigit.errors import ImageError
from inkdigit.images import CLASSES, SIZE, Images, Probabilities
from inkdigit.locator import Boxes, Findings, Locator, share_of_smaller
from inkdigit.preparation.cut import Edges, cut_digit
from inkdigit.preparation.prepare import main_box
from inkdigit.reading.detector import BLOCK, GLANCED, SIDES, WITHIN, View, glance, look, merge
from inkdigit.reading.scene import Scene

CLEAR = 0.5
"""What one view is surer of than this need not be looked at more closely."""

LEGIBLE = 22
"""Digits this tall in one view need no closer one, in pixels."""

LARGE = 48
"""If digits are this tall in a view, in pixels, far smaller ones are not looked for."""

COVERED = 0.97
"""No closer view is taken either if the digits seen hold more than this share of all ink, with no hint of another."""

SETTLED, CLOSE = 0.75, 0.08
"""A closer view is taken if a digit no surer than the first lies within twice the second, as a share of its size, of
another digit: they may share ink.

Of 500 generated strings of touching digits, 453 are read with it, 455 if no view is skipped, and 445 without it. Pages
are read as without it, in the same time; applying it to all digits takes 1.7 times as long on a photo of a page.
"""

HINT = 0.1
"""What one view is surer of than this is a hint: a 1 between two digits that touch it has hardly any ink of its own.

Of 100 generated strings of digits that overlap by a tenth of their height, 88 are read with it, and 84 without.
"""

LONELY, LARGER = 0.2, 64
"""No closer view is taken if a finding surer than the first, and taller than the second in pixels, holds all ink alone.

It may be a doubtful digit or none, but closer views would only show pieces of it. Of picture files with one digit each,
one in thirty is so doubtful that all views were looked at, which took a fifth of the time of all files.
"""

RIVAL = 0.5
"""A finding that is surer than this share of another's may own some of the ink that lies in both boxes."""

SKIMMED = 768
"""The longest side of a view that is only skimmed, in pixels."""

MAX_DIGITS = 4000
"""More are no page of digits, and would cost minutes."""


@dataclass(frozen=True)
class Proposals:
    """What may be a digit.

    Attributes:
        findings: the locator's, k of them, in pixels of the ink.
        images: uint8 (k, 28, 28), what the classifier saw.
        probabilities: float32 (k, 10 or 11), what it said.
    """

    findings: Findings
    images: Images
    probabilities: Probabilities


class Proposer:
    """Lets the locator look and the classifier read."""

    def __init__(self, locator: Locator, classifier: Classifier) -> None:
        """Takes both networks."""
        self._locator, self._classifier = locator, classifier

    def glance(self, scene: Scene) -> Proposals:
        """What is seen where the ink is, if all of it is taken for one digit."""
        extent = scene.extent()
        views = [] if extent is None else [glance(self._locator, scene.grey, extent)]
        return self._read(scene, merge(views))

    def skim(self, scene: Scene, size: float) -> Proposals:
        """What is seen in the one view that suits digits of this size, in pixels of the ink."""
        sides = [side for side in SIDES if side <= SKIMMED]
        side = min(sides, key=lambda side: abs(math.log(side / max(scene.grey.shape) * size / GLANCED)))
        return self._read(scene, merge(look(self._locator, scene.grey, [side])))

    def propose(self, scene: Scene) -> Proposals:
        """Everything in a picture that may be a digit; the largest piece of ink, if nothing else is.

        Raises:
            ImageError: more than can be read.
        """
        findings = merge(self._views(scene))
        if len(findings) > MAX_DIGITS:
            raise ImageError("too_complex", f"found {len(findings)} digits, at most {MAX_DIGITS} are read; cut it up")
        proposals = self._read(scene, findings)
        if not len(proposals.findings) and (box := main_box(scene.ink)) is not None:
            alone = Findings(np.array([box], np.float32), np.zeros((1, CLASSES), np.float32))
            proposals = self._read(scene, alone)
        return proposals

    def _views(self, scene: Scene) -> Iterator[View]:
        """Closer and closer views, until digits are legible, and either hold all ink or are large."""
        for view in look(self._locator, scene.grey, SIDES):
            yield view
            if _shows_all(view, scene):
                return

    def _read(self, scene: Scene, findings: Findings) -> Proposals:
        """What the classifier says of each finding that has ink of its own."""
        cuts = [cut_digit(scene.ink, box, others) for box, others in _with_rivals(findings)]
        inked = [place for place, image in enumerate(cuts) if image.any()]
        findings = findings.take(inked)
        if not inked:
            nothing = np.empty((0, SIZE, SIZE), np.uint8), np.empty((0, CLASSES + 1), np.float32)
            return Proposals(findings, *nothing)
        images = np.stack([cuts[place] for place in inked])
        return Proposals(findings, images, self._classifier(images))


def _shows_all(view: View, scene: Scene) -> bool:
    """Whether closer views than this one would bring nothing."""
    strength, heights = view.findings.scores.max(1, initial=0), view.findings.boxes[:, 3] * view.scale
    clear = strength > CLEAR
    if not clear.any():
        alone = np.flatnonzero((strength > LONELY) & (heights > LARGER)).tolist()
        return any(scene.cover(view.findings.take([place])) > COVERED for place in alone)
    if heights[clear].min() < LEGIBLE:
        return False
    if median(heights[clear].tolist()) >= LARGE:
        return True
    seen = view.findings.take(clear)
    if scene.cover(seen) <= COVERED or _is_hinted(view.findings, clear):
        return False
    return not _is_crowded(seen.boxes[strength[clear] <= SETTLED], seen.boxes)


def _is_hinted(findings: Findings, clear: NDArray[np.bool_]) -> bool:
    """Whether there is a hint of a digit apart from the clear ones; compared in blocks, which bounds memory."""
    hints = findings.boxes[~clear & (findings.scores.max(1, initial=0) > HINT)]
    blocks = (hints[start : start + BLOCK] for start in range(0, len(hints), BLOCK))
    return any((share_of_smaller(block, findings.boxes[clear]).max(1, initial=0) < WITHIN).any() for block in blocks)


def _is_crowded(unsure: Boxes, boxes: Boxes) -> bool:
    """Whether one of the boxes that are not settled lies so close to another that they may share ink."""
    blocks = (unsure[start : start + BLOCK] for start in range(0, len(unsure), BLOCK))
    return any((share_of_smaller(_widen(block), _widen(boxes)) > 0).sum() > len(block) for block in blocks)


def _widen(boxes: Boxes) -> Boxes:
    """Boxes (k, 4), widened by a margin on each side."""
    margin = CLOSE * boxes[:, 2:].max(1, keepdims=True)
    return np.concatenate([boxes[:, :2] - margin, boxes[:, 2:] + 2 * margin], 1)


def _with_rivals(findings: Findings) -> Iterator[tuple[Edges, Boxes]]:
    """Yields each box, with the boxes of those other findings of which the locator is not far less sure."""
    boxes, strength = findings.boxes, findings.scores.max(1, initial=0)
    for place, (x, y, width, height) in enumerate(boxes.tolist()):
        is_rival = strength > RIVAL * strength[place]
        is_rival[place] = False
        yield (x, y, width, height), boxes[is_rival]
