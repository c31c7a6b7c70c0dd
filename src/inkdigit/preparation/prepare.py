"""A grey picture → digit images: the one way from pixels to what a network sees."""

from dataclasses import dataclass

import numpy as np

from inkdigit.errors import ImageError
from inkdigit.images import Grey, Images, Ink, is_digit_image
from inkdigit.preparation.box import Box
from inkdigit.preparation.ink import find_ink, reduce
from inkdigit.preparation.locate import locate
from inkdigit.preparation.normalize import normalize


@dataclass(frozen=True)
class Prepared:
    """What reading looks at.

    Attributes:
        ink: float32 (h, w), at working size.
        lines: boxes of digits, line by line, in pixels of the picture.
        images: uint8 (k, 28, 28), all digits in order.
    """

    ink: Ink
    lines: list[list[Box]]
    images: Images


def prepare(grey: Grey) -> Prepared:
    """Finds the digits of a picture, uint8 (h, w). One that is a digit image already passes unchanged."""
    if is_digit_image(grey):
        return Prepared(np.asarray(grey / 255, np.float32), [[_ink_box(grey)]], grey[None].copy())
    small, factor = reduce(grey)
    ink = find_ink(small)
    lines = locate(ink)
    images = [normalize(cut) for line in lines for _, cut in line]
    boxes = [[_enlarge(box, factor, grey.shape) for box, _ in line] for line in lines]
    return Prepared(ink, boxes, np.stack(images) if images else np.empty((0, 28, 28), np.uint8))


def prepare_single(grey: Grey) -> Images:
    """The digit image, uint8 (28, 28), of a picture that is known to hold one digit: the largest that is found.

    Raises:
        ImageError: there is no ink.
    """
    if is_digit_image(grey):
        return grey.copy()
    cuts = [found for line in locate(find_ink(reduce(grey)[0])) for found in line]
    if not cuts:
        raise ImageError("empty", "found no ink")
    return normalize(max(cuts, key=lambda found: found[0].height * found[0].width)[1])


def _ink_box(grey: Grey) -> Box:
    rows, columns = (np.flatnonzero(grey.any(axis)) for axis in (1, 0))
    return Box(int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)


def _enlarge(box: Box, factor: float, shape: tuple[int, ...]) -> Box:
    """A box at working size → the picture's own pixels, within its bounds."""
    x, y = int(box.x * factor), int(box.y * factor)
    right, bottom = (min(round((a + b) * factor), limit) for a, b, limit in
                     ((box.x, box.width, shape[1]), (box.y, box.height, shape[0])))  # fmt: skip
    return Box(x, y, max(1, right - x), max(1, bottom - y))
