"""The other contract in the middle: a locator is a callable from a page to the digits that it finds there."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from inkdigit.errors import DataError
from inkdigit.images import CLASSES, Grey
from inkdigit.session import IMAGES, PAGES, holds_floats, open_session, read_metadata, run, shape_of

STRIDE = 4
"""Pixels of a page from one cell of the maps to the next."""

BOX_SIDES = 4
"""Maps of a box: log width and log height, in pixels, and the x and y of its centre from the cell's, in cells."""

FAINTEST = 0.05
"""A peak lower than this is no finding."""

FARTHEST = 30.0
"""Values of box maps stay below this, be it a log size (no page has that many pixels) or an offset in cells."""

INPUT, CENTRES, BOXES = PAGES, "centres", "boxes"

JOINING = "joining"
"""The part of a locator's metadata that says how it is joined with a classifier."""

Boxes: TypeAlias = NDArray[np.float32]
"""float32 (k, 4): x, y, width, height in pixels; they may reach beyond the page."""

Maps: TypeAlias = NDArray[np.float32]
"""float32 (maps, h/4, w/4)."""


@dataclass(frozen=True)
class Findings:
    """Digits that were found, in no order.

    Attributes:
        boxes: float32 (k, 4), as in ``Boxes``.
        scores: float32 (k, 10), how much the cell looks like the centre of a digit of each class, 0..1.
    """

    boxes: Boxes
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.boxes)

    def take(self, places: Sequence[int] | NDArray[np.integer] | NDArray[np.bool_]) -> "Findings":
        """The findings at these places."""
        return Findings(self.boxes[places], self.scores[places])


Locator: TypeAlias = Callable[[Grey], Findings]
"""A page, uint8 (h, w) of any size → the digits between 12 and 110 pixels tall that are on it."""


def find_peaks(centres: Maps, boxes: Maps) -> Findings:
    """Maps of a page → their peaks: cells with the highest score among the nine of their 3x3 neighbourhood.

    Args:
        centres: float32 (10, h, w), 0..1.
        boxes: float32 (4, h, w).
    """
    best = centres.max(0)
    height, width = best.shape
    padded = np.zeros((height + 2, width + 2), np.float32)
    padded[1:-1, 1:-1] = best
    rows = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
    around = np.maximum(np.maximum(rows[:, :width], rows[:, 1 : width + 1]), rows[:, 2:])
    row, column = np.nonzero((best == around) & (best > FAINTEST))
    log_width, log_height, right, down = boxes[:, row, column]
    size = np.exp(np.stack([log_width, log_height], 1))
    middle = STRIDE * np.stack([column + 0.5 + right, row + 0.5 + down], 1)
    found = np.concatenate([middle - size / 2, size], 1).astype(np.float32)
    return Findings(found, np.ascontiguousarray(centres[:, row, column].T))


def share_of_union(first: Boxes, second: Boxes) -> NDArray[np.float32]:
    """Intersection over union of boxes (j, 4) and (k, 4), float32 (j, k), 0..1."""
    shared = _shared(first, second)
    areas = first[:, None, 2] * first[:, None, 3] + second[None, :, 2] * second[None, :, 3]
    return np.asarray(shared / np.maximum(areas - shared, 1e-6), np.float32)


def share_of_smaller(first: Boxes, second: Boxes) -> NDArray[np.float32]:
    """The intersection of boxes (j, 4) and (k, 4) as a share of the smaller one, float32 (j, k), 0..1."""
    smaller = np.minimum.outer(first[:, 2] * first[:, 3], second[:, 2] * second[:, 3])
    return np.asarray(_shared(first, second) / np.maximum(smaller, 1e-6), np.float32)


def _shared(first: Boxes, second: Boxes) -> NDArray[np.float32]:
    """The area that boxes (j, 4) and (k, 4) share, float32 (j, k)."""
    across, down = (  # one axis at a time: a product over an axis of length two takes ten times as long
        np.maximum(
            np.minimum.outer(first[:, axis] + first[:, axis + 2], second[:, axis] + second[:, axis + 2])
            - np.maximum.outer(first[:, axis], second[:, axis]),
            0,
        )
        for axis in (0, 1)
    )
    return np.asarray(across * down, np.float32)


class OnnxLocator:
    """A locator from one ``locator.onnx`` file: standardisation and sigmoid are inside its graph.

    Attributes:
        metadata: what the export wrote.
    """

    def __init__(self, path: str | os.PathLike[str], *, threads: int = 0) -> None:
        """Opens a model.

        Args:
            path: the file.
            threads: for one call; 0 lets ONNX Runtime choose.

        Raises:
            DataError: no file, not ONNX, or not a locator.
        """
        self.path = Path(path).absolute()  # whatever the current folder will be
        self._threads = threads
        self._session = open_session(self.path, threads, any_size=True)
        _check_signature(self._session, self.path)
        self.metadata: Mapping[str, Any] = read_metadata(self._session)

    def __reduce__(self) -> tuple[Callable[..., "OnnxLocator"], tuple[Path]]:
        """Pickles the model as its path; the receiving process reopens the file."""
        return partial(OnnxLocator, threads=self._threads), (self.path,)

    def __call__(self, page: Grey) -> Findings:
        """The digits on a page, uint8 (h, w).

        Raises:
            DataError: the model fails on it.
            MemoryError: it needs more memory than there is.
        """
        centres, boxes = run(self._session, self.path, [CENTRES, BOXES], {INPUT: page[None]}, "a page")
        if centres.shape[2:] != boxes.shape[2:] or not (
            np.isfinite(centres).all() and (np.abs(boxes) < FARTHEST).all()
        ):
            raise DataError(f"{self.path}: gave maps that mark no digits; export it again")
        return find_peaks(centres[0], boxes[0])


def _check_signature(session: onnxruntime.InferenceSession, path: Path) -> None:
    """Only a graph from uint8 (1, h, w) to maps of ten centres and of boxes is a locator."""
    found = [(i.name, i.type, shape_of(i)) for i in session.get_inputs()]
    maps = {output.name: shape_of(output)[:2] for output in session.get_outputs()}
    if [name for name, *_ in found] == [IMAGES]:
        raise DataError(f"{path}: a classifier, which reads one digit; expected a locator, which finds digits on pages")
    if (
        found != [(INPUT, "tensor(uint8)", [1, "n", "n"])]
        or maps != {CENTRES: [1, CLASSES], BOXES: [1, BOX_SIDES]}
        or not holds_floats(session)
    ):
        raise DataError(
            f"{path}: found inputs {found} and outputs {maps}, expected '{INPUT}' uint8 (1, h, w), '{CENTRES}' "
            f"(1, {CLASSES}, …) and '{BOXES}' (1, {BOX_SIDES}, …); export a locator's run with 'inkdigit export'"
        )
