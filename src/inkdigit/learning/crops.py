"""What a reader will be asked: what the shipped locator proposes on generated pages, cut out as a reader cuts it."""

import gc
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from inkdigit.data.dataset import Dataset
from inkdigit.images import CLASSES, SIZE, Images, Labels, Probabilities
from inkdigit.locator import OnnxLocator
from inkdigit.machine import count_cores
from inkdigit.reading.proposer import Proposer
from inkdigit.reading.scene import Scene
from inkdigit.reading.weights import LOCATOR, find_model
from inkdigit.synthesis.hand import FIRM
from inkdigit.synthesis.outliers import NOT_A_DIGIT
from inkdigit.synthesis.pages import Pages
from inkdigit.synthesis.sheet import Page

SIDES = (160, 400)
"""Heights of the pages, in pixels: half of them as coarse as the locator's own, half as people send them."""

FRESH = 2**33
"""Added to the seed: on pages that the locator learnt from it is less often wrong."""

MOST = 8
"""No more are taken of a page: a dense form would outweigh all other pages."""

UPRIGHT_WIDTH = 7
"""Ink no wider than this, of 28 pixels, may be a 1."""

PAGES_AT_ONCE = 32
"""A process of the pool cuts so many before it tells what it has."""

CROPS_PER_PAGE = 3
"""About so many: it decides how far ahead is cut, and nothing else."""

Crop: TypeAlias = tuple[Images, int]


def add_crops(dataset: Dataset, share: float, seed: int) -> Dataset:
    """A dataset, and behind it so many crops per digit; what is no digit is labelled ``NOT_A_DIGIT``."""
    if not share:
        return dataset
    images, labels = cut_crops(dataset, round(share * len(dataset)), seed)
    return replace(
        dataset, images=np.concatenate([dataset.images, images]), labels=np.concatenate([dataset.labels, labels])
    )


def cut_crops(digits: Dataset, n: int, seed: int) -> tuple[Images, Labels]:
    """The first n crops of pages written with some digits, uint8 (n, 28, 28), and their labels, 0 to 10."""
    crops: list[Crop] = []
    gc.collect()  # a model in garbage that a fork inherits would wait there for threads that it has not
    with ProcessPoolExecutor(count_cores(), initializer=_begin, initargs=(digits, seed)) as pool:
        first = 0
        while len(crops) < n:  # the pages in their order, however many processes there are
            ahead = PAGES_AT_ONCE * min(32, -(-(n - len(crops)) // (CROPS_PER_PAGE * PAGES_AT_ONCE)))
            for part in pool.map(_cut_pages, range(first, first + ahead, PAGES_AT_ONCE)):
                crops += part
            first += ahead
    images, labels = zip(*crops[:n], strict=True) if n else ((), ())
    return np.array(images, np.uint8).reshape(-1, SIZE, SIZE), np.array(labels, np.int64)


def open_proposer() -> Proposer:
    """The shipped locator, with a classifier that has nothing to say."""
    return Proposer(OnnxLocator(find_model(LOCATOR), threads=1), _say_nothing)


def _say_nothing(images: Images) -> Probabilities:
    return np.full((len(images), CLASSES), 1 / CLASSES, np.float32)


def cut_page(page: Page, proposer: Proposer, random: np.random.Generator) -> Iterator[Crop]:
    """Some of what is proposed on a page, in no order, and what it is.

    What looks like a 1 and is none is left out: it cannot be told from one by its ink.
    """
    proposals = proposer.propose(Scene.of(page.grey))
    truth = page.tell(proposals.findings.boxes)
    for place in random.permutation(np.flatnonzero(truth >= 0))[:MOST]:
        image, label = proposals.images[place], int(truth[place])
        if label != NOT_A_DIGIT or not _is_upright_line(image):
            yield image, label


def _is_upright_line(image: Images) -> bool:
    """Whether an image (28, 28) may show a 1, whatever it was cut from."""
    return int((image > FIRM).any(0).sum()) <= UPRIGHT_WIDTH


_OWN: list[tuple[list[Pages], Proposer]] = []
"""The pages of a process of the pool and what it looks at them with, which it has nothing else to keep in."""


def _begin(digits: Dataset, seed: int) -> None:
    """Gives a process its pages, once; Ctrl-C is for the process that asked."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _OWN[:] = [([Pages(digits, side, seed=FRESH + seed) for side in SIDES], open_proposer())]


def _cut_pages(first: int) -> list[Crop]:
    ((pages, proposer),) = _OWN
    crops: list[Crop] = []
    for number in range(first, first + PAGES_AT_ONCE):
        chosen = pages[number % len(pages)]
        crops += cut_page(chosen[number], proposer, np.random.default_rng((chosen.seed, number, 1)))
    return crops
