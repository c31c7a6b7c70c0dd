"""Networks that see what a test wants, on pages of 400x300 pixels with two bars."""

from dataclasses import astuple

import numpy as np

from inkdigit.classifier import Classifier
from inkdigit.images import CLASSES, Grey, Images, Probabilities
from inkdigit.locator import Findings, Locator
from inkdigit.preparation.box import Box

SEVEN, OTHER = Box(100, 60, 40, 120), Box(240, 70, 40, 120)


def sees(value: int, probability: float = 0.97, *, classes: int = CLASSES + 1) -> Classifier:
    """A classifier that sees the same everywhere; 10 is no digit."""
    row = np.full(classes, (1 - probability) / (classes - 1), np.float32)
    row[value] = probability
    return lambda images: np.tile(row, (len(images), 1))


def finds(*found: tuple[Box, int, float]) -> Locator:
    """A locator that finds the same places on every page of 400x300 pixels, however it is shown, if it is not tiny."""

    def find(page: Grey) -> Findings:
        scale = page.shape[1] / 400
        seen = [row for row in found if 12 <= max(row[0].width, row[0].height) * scale <= 110]
        scores = np.full((len(seen), CLASSES), 0.005, np.float32)
        for row, (_, value, score) in zip(scores, seen, strict=True):
            row[value] = score
        return Findings(np.array([astuple(box) for box, *_ in seen], np.float32).reshape(-1, 4) * scale, scores)

    return find


def find_nothing(page: Grey) -> Findings:
    return Findings(np.empty((0, 4), np.float32), np.empty((0, CLASSES), np.float32))


class Watched:
    """A locator that counts what it is shown."""

    def __init__(self, locator: Locator) -> None:
        self.locator = locator
        self.sides: list[int] = []

    def __call__(self, page: Grey) -> Findings:
        self.sides.append(max(page.shape))
        return self.locator(page)


def find_bars(page: Grey) -> Findings:
    """A locator that takes every upright bar for a 1, and finds nothing on blank paper."""
    dark = page < 128
    edges = np.flatnonzero(np.diff(np.pad(dark.any(0), 1).astype(int))).reshape(-1, 2)
    rows = [np.flatnonzero(dark[:, start:end].any(1)) for start, end in edges]
    boxes = [[start, row[0], end - start, np.ptp(row) + 1] for (start, end), row in zip(edges, rows, strict=True)]
    scores = np.full((len(boxes), 10), 0.01, np.float32)
    scores[:, 1] = [0.99 if width < height / 2 else 0.2 for _, _, width, height in boxes]
    return Findings(np.array(boxes, np.float32).reshape(-1, 4), scores)


def see_bars(images: Images) -> Probabilities:
    """A classifier that takes a bar for a 1, and for no digit what is as wide as it is high."""
    probabilities = np.full((len(images), 11), 0.001, np.float32)
    probabilities[range(len(images)), np.where(images.mean((1, 2)) > 80, 10, 1)] = 0.99
    return probabilities
