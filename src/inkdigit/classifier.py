"""The contract in the middle: a classifier is a callable from digit images to probabilities.

Evaluation, calibration, the report and the reader know only that; in a test a classifier is a lambda.
"""

import base64
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from inkdigit.errors import DataError
from inkdigit.images import CLASSES, SIZE, Images, Probabilities, check_images
from inkdigit.session import IMAGES, PAGES, holds_floats, open_session, read_metadata, run, shape_of

Classifier: TypeAlias = Callable[[Images], Probabilities]
"""uint8 (n, 28, 28), ink bright on 0 → float32 (n, 10), or (n, 11) where the last class is "not a digit"."""

INPUT, OUTPUT = IMAGES, "probabilities"
FEATURE_OUTPUTS = "feature_outputs"
"""The metadata key of the declaration that turns feature maps into outputs."""

SUM_TOLERANCE = 1e-3
BATCH_SIZE = 64  # the fastest of 8 to 1,000 for the shipped reader, and within 2 % of it for LeNet


class OnnxClassifier:
    """A classifier from one ``model.onnx`` file: scaling, temperature and softmax are inside its graph.

    Attributes:
        metadata: what the export wrote: classes, recipe, seed, accuracy, hashes of the data.
    """

    def __init__(self, path: str | os.PathLike[str], *, threads: int = 0) -> None:
        """Opens a model.

        Args:
            path: the file.
            threads: for one call with several images; 0 lets ONNX Runtime choose.

        Raises:
            DataError: no file, not ONNX, or not a classifier of digit images.
        """
        self.path = Path(path).absolute()  # whatever the current folder will be
        self._threads = threads
        self._session = open_session(self.path, threads)
        # One thread answers a single image sooner than it wakes another: LeNet in 32 instead of 79 µs.
        self._session_for_one = self._session if threads == 1 else open_session(self.path, 1)
        _check_signature(self._session, self.path)
        self.metadata: Mapping[str, Any] = read_metadata(self._session)

    def __reduce__(self) -> tuple[Callable[..., "OnnxClassifier"], tuple[Path]]:
        """Pickles the model as its path; the receiving process reopens the file."""
        return partial(OnnxClassifier, threads=self._threads), (self.path,)

    def __call__(self, images: Images) -> Probabilities:
        """Probabilities, float32 (n, classes), of uint8 (n, 28, 28) images.

        Raises:
            DataError: the graph fails on them, or what it gives are no probabilities.
            MemoryError: it needs more memory than there is.
            ValueError: another type or shape; nothing is converted silently.
        """
        images = check_images(images)
        if len(images) <= BATCH_SIZE:
            probabilities = self._run(images)
        else:
            starts = range(0, len(images), BATCH_SIZE)
            probabilities = np.concatenate([self._run(images[start : start + BATCH_SIZE]) for start in starts])
        if len(probabilities) != len(images) or not _are_probabilities(probabilities):
            raise DataError(f"{self.path}: gave values that are no probabilities; export it again")
        return probabilities

    def _run(self, images: Images) -> Probabilities:
        session = self._session if len(images) > 1 else self._session_for_one
        probabilities: Probabilities = self._ask(session, [OUTPUT], images)[0]
        return probabilities

    def _ask(self, session: onnxruntime.InferenceSession, names: Sequence[str], images: Images) -> list[Any]:
        return run(session, self.path, names, {INPUT: images}, "digit images")

    def run_features(self, images: Images) -> dict[str, NDArray[np.float32]]:
        """Feature maps of each convolution by name, first layer first, float32 (n, c, h, w), of uint8 (n, 28, 28).

        Raises:
            DataError: the model does not declare them.
        """
        session = self._feature_session
        names = [output.name for output in session.get_outputs() if output.name != OUTPUT]
        return dict(zip(names, self._ask(session, names, check_images(images)), strict=True)) if names else {}

    @cached_property
    def _feature_session(self) -> onnxruntime.InferenceSession:
        declared = self.metadata.get(FEATURE_OUTPUTS)
        if not isinstance(declared, str):
            raise DataError(f"{self.path}: declares no feature maps; export the run again")
        try:
            appended = base64.b64decode(declared, validate=True)
        except ValueError as error:
            raise DataError(
                f"{self.path}: declares feature maps that are damaged ({error}); export it again"
            ) from error
        # Protocol buffers merge when they are joined: these bytes append outputs to the graph.
        return open_session(self.path, self._threads, appended)


def _are_probabilities(values: NDArray[np.float32]) -> bool:
    """Whether no value is negative or NaN, and each row sums to 1.

    A single row is checked in plain Python: 5 µs, where NumPy's reductions right after a run take 20.
    """
    if len(values) == 1:
        row = values[0].tolist()
        return bool(min(row) >= 0 and abs(sum(row) - 1) <= SUM_TOLERANCE)
    if not (values >= 0).all():  # also false for NaN
        return False
    with np.errstate(over="ignore"):
        sums = values.sum(axis=1)  # (n, classes) → (n,)
    return bool((np.abs(sums - 1) <= SUM_TOLERANCE).all())


def _check_signature(session: onnxruntime.InferenceSession, path: Path) -> None:
    """Only a graph from uint8 (n, 28, 28) to (n, 10 or 11) is a classifier of digit images."""
    found = [(i.name, i.type, shape_of(i)) for i in session.get_inputs()]
    expected = [(INPUT, "tensor(uint8)", ["n", SIZE, SIZE])]
    shapes = {output.name: shape_of(output) for output in session.get_outputs()}
    if [name for name, *_ in found] == [PAGES]:
        raise DataError(f"{path}: a locator, which finds digits on pages; expected a classifier, which reads one")
    is_told = shapes.get(OUTPUT) in (["n", CLASSES], ["n", CLASSES + 1]) and holds_floats(session)
    if found != expected or not is_told:
        raise DataError(
            f"{path}: found inputs {found} and outputs {shapes}, expected '{INPUT}' uint8 (n, 28, 28) and "
            f"'{OUTPUT}' float32 (n, 10 or 11); export the run with 'inkdigit export'"
        )
