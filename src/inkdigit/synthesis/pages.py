"""Pages of digits, as strangers write and photograph them; every page follows from its seed."""

import numpy as np

from inkdigit.data.dataset import Dataset
from inkdigit.synthesis.layouts import LAYOUTS
from inkdigit.synthesis.litter import strew_litter
from inkdigit.synthesis.paper import expose, rule
from inkdigit.synthesis.sheet import Page, Sheet

TURNED = 0.05
"""Share of the pages a locator learns from that lie on their side or head, where no digit is to be read."""

LIKE_DIGITS_TURNED = {1: (0, 8), 0: (0, 1, 2, 5, 6, 8, 9)}
"""Digits that still look like one after an odd (1) and an even (0) number of quarter turns."""


class Pages:
    """Pages by number, all different, all the same again from the same seed."""

    def __init__(self, digits: Dataset, side: int = 160, *, seed: int = 0, turned: float = TURNED) -> None:
        """Takes digit images to write with.

        Args:
            digits: real digits.
            side: height and width of a page, in pixels.
            seed: of everything else.
            turned: the share that lies on its side or its head.
        """
        self.digits, self.side, self.seed, self.turned = digits, side, seed, turned

    def __getitem__(self, number: int) -> Page:
        """The page of that number, from 0."""
        random = np.random.default_rng((self.seed, number))
        layouts, weights = zip(*LAYOUTS.values(), strict=True)
        sheet = layouts[random.choice(len(layouts), p=weights)](self.side, self.digits, random)
        return _finish(sheet, random, self.turned)


def _finish(sheet: Sheet, random: np.random.Generator, turned: float) -> Page:
    """Adds what else is on the paper, takes the picture, and turns a share of pages on their side or their head."""
    shape = sheet.ink.shape
    if random.uniform() < 0.2:
        strew_litter(sheet, random)
    lines = rule(shape, random) if random.uniform() < 0.35 else None
    grey = expose(sheet.ink, random, lines=lines)
    boxes = np.array([box[:4] for box in sheet.boxes], np.float32).reshape(-1, 4)
    labels = np.array([box[4] for box in sheet.boxes], np.int64)
    ignored = np.array(sheet.ignored, np.float32).reshape(-1, 4)
    page = Page(grey, boxes, labels, ignored)
    return _turn(page, int(random.integers(1, 4))) if random.uniform() < turned else page


def _turn(page: Page, quarters: int) -> Page:
    """A page on its side or its head, on which no digit is to be read; what looks like one does not count."""
    alike = np.isin(page.labels, LIKE_DIGITS_TURNED[quarters % 2])
    rest = np.concatenate([page.boxes[alike], page.ignored])
    grey = page.grey
    for _ in range(quarters):  # counter-clockwise
        rest = np.stack([rest[:, 1], grey.shape[1] - rest[:, 0] - rest[:, 2], rest[:, 3], rest[:, 2]], 1)
        grey = np.rot90(grey)
    return Page(np.ascontiguousarray(grey), page.boxes[:0], page.labels[:0], rest)
