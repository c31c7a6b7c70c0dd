"""What a reader cuts out of pages: digits with whatever lies around them, and things that are no digits."""

import gc
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from inkdigit.data.dataset import Dataset
from inkdigit.errors import EnvironmentFault
from inkdigit.images import SIZE, Images, Ink, Labels
from inkdigit.machine import count_cores
from inkdigit.preparation.cut import STROKE, Edges, cut_digit
from inkdigit.preparation.rulings import find_writing
from inkdigit.synthesis.hand import FIRM
from inkdigit.synthesis.outliers import NOT_A_DIGIT
from inkdigit.synthesis.pages import Pages
from inkdigit.synthesis.sheet import Page

DIGITS_PER_PAGE = 4
"""No more are taken: a dense form would outweigh all other pages."""

JITTER = 0.05
"""Standard deviation of the error in a locator's boxes, as a share of the digit's longer side."""

UPRIGHT_WIDTH = 7
"""Ink no wider than this, of 28 pixels, may be a 1."""

PAGES_AT_ONCE = 64
"""Pages that a process of the pool cuts before it returns their crops."""

CROPS_PER_PAGE = 4
"""A rough estimate: it decides how far ahead to cut, and nothing else."""

Crop: TypeAlias = tuple[Images, int]


def add_crops(dataset: Dataset, share: float, seed: int) -> Dataset:
    """A dataset followed by ``share`` crops per digit; non-digits are labelled ``NOT_A_DIGIT``."""
    if not share:
        return dataset
    images, labels = cut_crops(Pages(dataset, seed=seed), round(share * len(dataset)))
    return replace(
        dataset, images=np.concatenate([dataset.images, images]), labels=np.concatenate([dataset.labels, labels])
    )


def cut_crops(pages: Pages, n: int) -> tuple[Images, Labels]:
    """The first n crops of some pages, uint8 (n, 28, 28), and their labels, 0 to 10.

    Raises:
        EnvironmentFault: a process that cuts was killed.
    """
    crops: list[Crop] = []
    gc.collect()  # freed in a fork, a discarded model would wait for threads that do not exist there
    try:
        with ProcessPoolExecutor(count_cores(), initializer=_take, initargs=(pages,)) as pool:
            first = 0
            while len(crops) < n:  # the pages in their order, however many processes there are
                ahead = PAGES_AT_ONCE * min(16, -(-(n - len(crops)) // (CROPS_PER_PAGE * PAGES_AT_ONCE)))
                for part in pool.map(_cut_pages, range(first, first + ahead, PAGES_AT_ONCE)):
                    crops += part
                first += ahead
    except BrokenProcessPool as error:
        raise EnvironmentFault(
            "a process that cuts pages was killed, most likely for want of memory; give it more, or fewer cores"
        ) from error
    images, labels = zip(*crops[:n], strict=True) if n else ((), ())
    return np.array(images, np.uint8).reshape(-1, SIZE, SIZE), np.array(labels, np.int64)


def cut_page(page: Page, random: np.random.Generator) -> Iterator[Crop]:
    """Up to four digits of a page, each in a slightly wrong box, and up to three things that are none."""
    ink = find_writing(page.grey)
    chosen = random.permutation(len(page.boxes))[:DIGITS_PER_PAGE]
    boxes = [_jitter(box, random) for box in page.boxes]
    for place in chosen:
        image = cut_digit(ink, boxes[place], np.array(boxes[:place] + boxes[place + 1 :]).reshape(-1, 4))
        if image.any():
            yield image, int(page.labels[place])
    nothing = [box for make in (_pair, _other, _other) if (box := make(page, ink, random)) is not None]
    for box in nothing:
        image = cut_digit(ink, box)
        if image.any() and not _is_upright_line(image):
            yield image, NOT_A_DIGIT


def _is_upright_line(image: Images) -> bool:
    """Whether an image (28, 28) may show a 1, whatever it was cut from."""
    return int((image > FIRM).any(0).sum()) <= UPRIGHT_WIDTH


_TAKEN: list[Pages] = []
"""The pages of a process of the pool, which has nowhere else to keep them."""


def _take(pages: Pages) -> None:
    """Gives a process of the pool its pages, once; Ctrl-C is for the parent process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _TAKEN[:] = [pages]


def _cut_pages(first: int) -> list[Crop]:
    (pages,) = _TAKEN
    crops: list[Crop] = []
    for number in range(first, first + PAGES_AT_ONCE):
        crops += cut_page(pages[number], np.random.default_rng((pages.seed, number, 1)))
    return crops


def _jitter(box: np.ndarray, random: np.random.Generator) -> Edges:
    x, y, width, height = (float(value) for value in box)
    left, top, right, bottom = random.normal(0, JITTER, 4) * max(width, height)
    return x + left, y + top, max(width + right - left, 2.0), max(height + bottom - top, 2.0)


def _pair(page: Page, ink: Ink, random: np.random.Generator) -> Edges | None:  # noqa: ARG001
    """A digit and its neighbour to the right, as one."""
    if len(page.boxes) < 2:
        return None
    x, y, width, height = page.boxes[random.integers(len(page.boxes))]
    gap = page.boxes[:, 0] - (x + width)
    level = np.abs(page.boxes[:, 1] + page.boxes[:, 3] / 2 - y - height / 2) < height / 2
    near = np.flatnonzero(level & (gap > -0.3 * height) & (gap < 0.6 * height) & (page.boxes[:, 0] > x + width / 2))
    if not len(near):
        return None
    other = page.boxes[near[gap[near].argmin()]]
    top, bottom = min(y, other[1]), max(y + height, other[1] + other[3])
    return float(x), float(top), float(other[0] + other[2] - x), float(bottom - top)


def _other(page: Page, ink: Ink, random: np.random.Generator) -> Edges | None:
    """A piece of ink that stands by itself and is no part of a digit."""
    rows, columns = np.nonzero(ink > STROKE)
    if not len(rows):
        return None
    digits = np.concatenate([page.boxes, page.ignored])
    for _ in range(4):
        place = random.integers(len(rows))
        width, height = random.uniform(8, 70, 2)
        x, y = columns[place] - width * random.uniform(0.2, 0.8), rows[place] - height * random.uniform(0.2, 0.8)
        ends = np.minimum(digits[:, :2] + digits[:, 2:], (x + width, y + height))
        apart = (ends - np.maximum(digits[:, :2], (x, y)) < 2).any(1).all()
        if apart and _stands_alone(ink, x, y, width, height):
            return float(x), float(y), float(width), float(height)
    return None


def _stands_alone(ink: Ink, x: float, y: float, width: float, height: float) -> bool:
    """Whether little of the ink within a box goes on beyond it: else it may be the stroke of a large digit."""
    left, top = max(round(x), 0), max(round(y), 0)
    window = ink[top : round(y + height), left : round(x + width)] > STROKE
    if min(window.shape, default=0) < 4 or window.sum() < 12:
        return False
    border = window[0].sum() + window[-1].sum() + window[:, 0].sum() + window[:, -1].sum()
    return bool(border <= 0.08 * (2 * window.shape[0] + 2 * window.shape[1]))
