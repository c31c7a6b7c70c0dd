"""A grey picture → its digits: the locator finds them, the classifier reads each again, and both are heard."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
from numpy.typing import NDArray

from inkdigit.classifier import Classifier
from inkdigit.images import CLASSES, SIZE, Grey, Images, Ink, Probabilities, find_ink_box, is_digit_image
from inkdigit.locator import Boxes, Findings, Locator
from inkdigit.preparation.box import Box
from inkdigit.preparation.cut import STROKE
from inkdigit.preparation.ink import reduce
from inkdigit.preparation.overrun import measure_overrun
from inkdigit.reading.detector import choose_apart
from inkdigit.reading.joining import Joining, speak_for
from inkdigit.reading.proposer import COVERED, Proposals, Proposer
from inkdigit.reading.scene import FIRM, Scene

COARSE, LARGE = 140, 40
"""For a glance, a picture is reduced to the first, in pixels, if its ink stays at least as long as the second."""

FAINT = 0.1
"""Ink above this counts at that size: writing by a fine pen leaves no more in so few pixels."""

PLAIN = 0.9
"""A glance is enough if both readers together are surer than this.

Of 153 digits on generated pages of which they were surer than that, one was wrong. Requiring 0.98 takes 1.2 times as
long.
"""

LIKELY, ALONE = 0.5, 0.85
"""What is less likely a digit than the first is left out, as is what is less likely than the second and not in line.

At least one is kept in any case.
"""

NONE = 0.9
"""A digit image that is no digit with at least this probability is read like any picture: it may hold two digits.

Of 41 images of two held-out digits, made like MNIST's, 35 are read this way, without it none; of 5,000 of one digit, 7
are looked at again, 10 ms each. With 0.5 it is 39 and 19.
"""

VOUCHED = 30
"""The odds that what is found is a digit are multiplied by this if the caller says that there is one.

By the joining of both readers, nine in ten things that may be a digit on people's pictures are one; then 270 in 271.
"""

ALIKE, NEAR = 0.5, 2.0
"""In line with a clear digit: heights in a ratio of at least the first, middles at most the second apart, in heights.

Of 700 generated pages, 536 are wholly right; with 1.5 heights 531, with 3 as many as with 1.75: 533.
"""

OVERRUN, PIECE = 0.05, 1 / 50
"""If ink goes on beyond a box by more than the first, as a share, the odds of a digit are multiplied by the second.

It does for one in two hundred digits of strangers' pictures, and for a quarter of what passes for a digit but is none.
Beside a clear digit that ends with its own box, it means nothing: on 1,400 generated pages, of boxes that
were clear but for that, 82 of 83 such were digits, and 23 of 33 others.
"""

TALL, BEYOND = 1 / 1000, 0.08
"""The odds of a digit are multiplied by the first if a 1 is a slash, a bracket or a bar, as far as its size tells.

It is if it reaches beyond each clear digit beside it, two at least, above and below, by more than the second, as a
share of that one's height. Of 200 generated lines with a slash 1.3 to 1.8 times as tall as a digit, 107 are wholly
right, and 2 without it; with such a bracket 127 and 63; with no sign 165 either way (``benchmarks/slashes.py``).
"""

SURE = 0.9
"""A digit is sure if both readers name it, and it is this probable."""

TURNED = 2
"""A page is turned if that makes this many times as many digits sure as upright, one added to those sure upright.

Of 160 short strings on their side, 126 of them without a sure digit as given, 138 are surest the right way up, and 12
are as sure upside down; of 500 generated pictures of no digit, or of one, none has two that are sure on its side.
"""

HALF = 0.5
"""Turning is only tried if sure digits hold less than this share of the ink, and the likeliest thing not all of it."""


@dataclass(frozen=True)
class Found:
    """The digits of a picture, in no order.

    Attributes:
        ink: float32 (h, w), at the size that was looked at.
        boxes: in pixels of the picture.
        lying: the same boxes, once the picture is turned the right way up.
        images: uint8 (k, 28, 28), what the classifier saw.
        probabilities: float32 (k, 11), of both together.
        agreed: bool (k,), whether locator and classifier named the same digit.
    """

    ink: Ink
    boxes: list[Box]
    lying: list[Box]
    images: Images
    probabilities: Probabilities
    agreed: NDArray[np.bool_]

    @property
    def is_digit(self) -> bool:
        """Whether anything of it may be a digit."""
        return bool((self.probabilities[:, CLASSES] < NONE).any())

    def vouched(self) -> "Found":
        """The same, given the caller's word that this is a digit."""
        return replace(self, probabilities=speak_for(self.probabilities, VOUCHED))


class Finder:
    """Finds and reads the digits of pictures."""

    def __init__(self, locator: Locator, classifier: Classifier, joining: Joining) -> None:
        """Takes the two readers and how to join them."""
        self._proposer, self._classifier, self._joining = Proposer(locator, classifier), classifier, joining

    def find(self, grey: Grey, *, single: bool = False) -> Found:
        """The digits of a picture, uint8 (h, w).

        Args:
            grey: a picture.
            single: whether it is known to hold one digit: only the surest is returned, and doubt whether it is one
                counts for little.

        Raises:
            ImageError: more digits than can be read.
        """
        found = self._find(grey, at_most=1 if single else None)
        return found.vouched() if single else found

    def _find(self, grey: Grey, at_most: int | None) -> Found:
        if is_digit_image(grey):
            (unchanged,) = self.read_images([grey])
            if at_most == 1 or unchanged.is_digit:
                return unchanged
        small, factor = reduce(grey)
        coarse, coarser = reduce(small, COARSE)
        scene, turns = Scene.of(coarse), 0
        if coarser > 1 and not _is_large(scene):
            scene, coarser = Scene.of(small), 1.0
        found = self._glance(scene, FAINT if coarser > 1 else FIRM)
        if found is None:
            scene, coarser = Scene.of(small) if coarser > 1 else scene, 1.0
            scene = scene.without_surroundings().without_frames()
            if not (scene.ink > STROKE).any():  # whatever the locator sees in the paper's grain
                return Found(scene.ink, [], [], *_NOTHING)
            found = self._examine(scene)
            if _is_doubtful(found, scene):
                found, turns = self._turn(scene, found)
            found = found.likely(at_most)
        factor *= coarser
        height, width = grey.shape
        lying = [_enlarge(box, factor, (width, height) if turns % 2 else grey.shape) for box in found.findings.boxes]
        boxes = [_turn_back(box, turns, width, height) for box in lying]
        return Found(scene.ink, boxes, lying, found.images, found.probabilities, found.agreed)

    def read_images(self, images: Sequence[Grey]) -> list[Found]:
        """Reads digit images like MNIST's, (28, 28), unchanged and without the locator."""
        stacked = np.stack(images)
        rows = self._joining.hear_alone(self._classifier(stacked))[:, None]  # (n, 11) → (n, 1, 11)
        inks = (stacked / np.float32(255)).astype(np.float32)
        starts, ends = (edges.tolist() for edges in find_ink_box(stacked))
        boxes = [Box(x, y, right - x + 1, down - y + 1) for (x, y), (right, down) in zip(starts, ends, strict=True)]
        parts = zip(inks, boxes, stacked[:, None], rows, strict=True)
        return [Found(ink, [box], [box], image, row, _AGREED) for ink, box, image, row in parts]

    def _glance(self, scene: Scene, least: float) -> "_Read | None":
        """The only digit of a plain picture; None where it is not sure, or ink beside it may be something more."""
        read = self._join(self._proposer.glance(scene))
        is_plain = len(read.findings) == 1 and bool(read.agreed[0]) and read.probabilities[0, :CLASSES].max() > PLAIN
        return read if is_plain and scene.cover(read.findings, least) > COVERED else None

    def _examine(self, scene: Scene) -> "_Read":
        """Everything that may be a digit and is not overlapped by something likelier, the likeliest first."""
        read = self._join(self._proposer.propose(scene))
        read = read.take(choose_apart(read.findings.boxes, read.chance)).doubt_pieces(scene.ink).doubt_tall()
        return read.take(np.argsort(-read.chance, kind="stable").tolist())

    def _turn(self, scene: Scene, upright: "_Read") -> "tuple[_Read, int]":
        """What is read in a picture that may lie on its side or upside down, and by how many quarters it was turned."""
        size = median(upright.findings.boxes[:, 2:].max(1).tolist())
        sure = {turns: self._skim(scene.turn(turns), size).sureness for turns in (1, 2, 3)}
        turns = max(sure, key=sure.__getitem__)
        if sure[turns][0] < TURNED * (len(upright.sure) + 1):
            return upright, 0
        return self._examine(scene.turn(turns)), turns

    def _skim(self, scene: Scene, size: float) -> "_Read":
        """What is read of digits of about that size, in one view."""
        return self._join(self._proposer.skim(scene, size))

    def _join(self, proposals: Proposals) -> "_Read":
        joined = self._joining.join(proposals.findings.scores, proposals.probabilities)
        agreed = proposals.findings.scores.argmax(1) == proposals.probabilities.argmax(1)
        return _Read(proposals.findings, proposals.images, joined, agreed)


@dataclass(frozen=True)
class _Read:
    """Proposals and what both readers together say of them."""

    findings: Findings
    images: Images
    probabilities: Probabilities
    agreed: NDArray[np.bool_]

    @property
    def chance(self) -> Probabilities:
        """How probably each is a digit at all, (k,)."""
        return np.asarray(1 - self.probabilities[:, CLASSES], np.float32)

    @property
    def sure(self) -> list[int]:
        """The places of the digits that both readers name and that are at least ``SURE``."""
        return np.flatnonzero(self.agreed & (self.probabilities[:, :CLASSES].max(1, initial=0) >= SURE)).tolist()

    @property
    def sureness(self) -> tuple[int, float]:
        """How many digits are sure, and the sum of their chances."""
        return len(self.sure), float(self.chance[self.sure].sum())

    def doubt_pieces(self, ink: Ink) -> "_Read":
        """The same, but what may be a piece of something larger is less probably a digit."""
        boxes, chance = self.findings.boxes, self.chance
        goes_on = _overrun(boxes, chance >= LIKELY, ink)
        is_piece = goes_on & ~_stand_in_line(boxes, (chance >= ALONE) & ~goes_on)
        return replace(self, probabilities=speak_for(self.probabilities, np.where(is_piece, PIECE, 1)))

    def doubt_tall(self) -> "_Read":
        """The same, but a 1 that is taller than the digits beside it is hardly a digit."""
        boxes, is_one = self.findings.boxes, self.probabilities[:, :CLASSES].argmax(1) == 1
        is_tall = np.zeros(len(boxes), bool)
        is_tall[is_one] = _reach_beyond(boxes[is_one], boxes[~is_one & (self.chance >= ALONE)])
        return replace(self, probabilities=speak_for(self.probabilities, np.where(is_tall, TALL, 1)))

    def likely(self, at_most: int | None) -> "_Read":
        """What is clearly a digit, or more likely one than not and in line with a clear one; else just the first."""
        is_clear = self.chance >= ALONE
        is_likely = is_clear | ((self.chance >= LIKELY) & _stand_in_line(self.findings.boxes, is_clear))
        likely: list[int] = np.flatnonzero(is_likely).tolist()
        return self.take(likely[:at_most] or list(range(len(self.chance)))[:1])

    def take(self, places: list[int]) -> "_Read":
        return _Read(self.findings.take(places), self.images[places], self.probabilities[places], self.agreed[places])


_NOTHING = (np.empty((0, SIZE, SIZE), np.uint8), np.empty((0, CLASSES + 1), np.float32), np.empty(0, bool))
"""Images, probabilities and agreement where there is no digit."""


_AGREED = np.ones(1, bool)


def _stand_in_line(boxes: Boxes, is_clear: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which boxes (k, 4) stand beside one that is clearly a digit, bool (k,)."""
    middles, heights = boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 3]
    apart = np.linalg.norm(middles[:, None] - middles[is_clear], axis=2)  # (k, 2), (clear, 2) → (k, clear)
    shorter = np.minimum.outer(heights, heights[is_clear])
    taller = np.maximum.outer(heights, heights[is_clear])
    return np.asarray(((shorter >= ALIKE * taller) & (apart <= NEAR * taller)).any(1))


def _reach_beyond(boxes: Boxes, others: Boxes) -> NDArray[np.bool_]:
    """Which boxes (k, 4) reach beyond each of the others (n, 4) beside them, two at least, above and below, (k,)."""
    beyond, (x, y, width, height) = np.zeros(len(boxes), bool), others.T
    for place, (left, top, wide, tall) in enumerate(boxes.tolist()):
        is_beside = (abs(x + width / 2 - left - wide / 2) <= NEAR * height) & (y < top + tall) & (y + height > top)
        over = np.minimum(y - top, top + tall - y - height)[is_beside]
        beyond[place] = len(over) > 1 and bool((over > BEYOND * height[is_beside]).all())
    return beyond


def _overrun(boxes: Boxes, is_likely: NDArray[np.bool_], ink: Ink) -> NDArray[np.bool_]:
    """Which of the likely boxes (k, 4) have strokes that go on beyond them and beyond other likely ones, bool (k,)."""
    beyond, likely = np.zeros(len(boxes), bool), boxes[is_likely]
    for own, place in enumerate(np.flatnonzero(is_likely)):
        x, y, width, height = (float(value) for value in boxes[place])
        beyond[place] = measure_overrun(ink, (x, y, width, height), np.delete(likely, own, 0)) > OVERRUN
    return beyond


def _is_large(scene: Scene) -> bool:
    """Whether the ink of a picture would make a clear digit as it is."""
    extent = scene.extent()
    return extent is not None and max(extent[2:]) >= LARGE


def _is_doubtful(read: _Read, scene: Scene) -> bool:
    """Whether sure digits hold little of the ink, and there is more than one thing: it may all lie on its side."""
    if not len(read.findings):
        return False
    sure, first = read.take(read.sure).findings, read.findings.take([0])
    return scene.cover(sure) < HALF and scene.cover(first) <= COVERED


def _turn_back(box: Box, turns: int, width: int, height: int) -> Box:
    """Where a box of a page that was turned by so many quarters lies on the page as given."""
    for turn in range((4 - turns) % 4):
        box = box.turn(height if (turns + turn) % 2 else width)
    return box


def _enlarge(box: NDArray[np.float32], factor: float, shape: tuple[int, ...]) -> Box:
    """A box at the working size → the picture's own pixels, within its bounds."""
    starts, ends = box[:2] * factor, (box[:2] + box[2:]) * factor
    x, y = (min(max(int(start), 0), limit - 1) for start, limit in zip(starts, shape[::-1], strict=True))
    right, bottom = (min(max(round(float(end)), 1), limit) for end, limit in zip(ends, shape[::-1], strict=True))
    return Box(x, y, max(1, right - x), max(1, bottom - y))
