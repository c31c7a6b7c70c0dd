"""Pictures → readings."""

import heapq
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import PIL.Image

from inkdigit.classifier import Classifier, OnnxClassifier
from inkdigit.errors import ImageError
from inkdigit.images import CLASSES, Images, Probabilities
from inkdigit.preparation.box import Box
from inkdigit.preparation.load import PictureLike, load_picture, to_grey
from inkdigit.preparation.prepare import prepare
from inkdigit.reading.explain import Explanation
from inkdigit.reading.result import Candidate, Digit, Guess, Line, Reading
from inkdigit.reading.weights import DEFAULT, find_model

ALTERNATIVES = 3
"""How many guesses are told, of a digit and of a line."""


class Reader:
    """Reads digits with one model, opened once.

    Attributes:
        classifier: the network, as a callable from digit images to probabilities.
    """

    def __init__(self, model: str | os.PathLike[str] | Classifier = DEFAULT, *, threads: int = 0) -> None:
        """Opens a model.

        Args:
            model: the name of shipped weights, a run's folder, an .onnx file, or any classifier.
            threads: for one call of the network; 0 lets ONNX Runtime choose.

        Raises:
            UsageError: no such name, folder or file.
            DataError: the model is damaged or none of digits.
        """
        if isinstance(model, str | os.PathLike):
            self.classifier: Classifier = OnnxClassifier(find_model(model), threads=threads)
        else:
            self.classifier = model

    def read(self, source: PictureLike, *, name: str | None = None) -> Reading:
        """Reads one picture.

        Args:
            source: a path, the bytes of a file, a PIL image or an array; see ``inkdigit.preparation.load.load``.
            name: what the reading calls it; None takes the path.

        Raises:
            ImageError: it cannot be read; its code says why.
        """
        return self.explain(source, name=name).reading

    def read_many(self, sources: Iterable[PictureLike]) -> Iterator[Reading | ImageError]:
        """Yields a reading, or the error, for each source in order."""
        for source in sources:
            try:
                yield self.read(source)
            except ImageError as error:
                yield error

    def explain(self, source: PictureLike, *, name: str | None = None) -> Explanation:
        """Reads one picture and keeps what each step saw; arguments and errors as for ``read``."""
        source_name = _name(source) if name is None else name
        try:
            picture = load_picture(source)
        except ImageError as error:
            error.source = source_name
            raise
        grey = to_grey(picture)
        prepared = prepare(grey)
        probabilities = self.classifier(prepared.images) if len(prepared.images) else np.empty((0, CLASSES), np.float32)
        lines = _lines(prepared.lines, prepared.images, probabilities)
        text = "\n".join(line.text for line in lines)
        reading = Reading(source_name, picture.width, picture.height, text, lines)
        return Explanation(reading, picture, grey, prepared.ink, prepared.images)


def read(source: PictureLike, *, model: str | os.PathLike[str] = DEFAULT) -> Reading:
    """Reads one picture with a model that stays open; see ``Reader``.

    Raises:
        ImageError: the picture cannot be read; its code says why.
    """
    path = find_model(model)
    return _open(path, path.stat().st_mtime_ns if path.is_file() else 0).read(source)


@lru_cache(maxsize=4)
def _open(path: Path, _written_ns: int) -> Reader:
    """A reader that stays open until its file is written anew."""
    return Reader(path)


def _name(source: PictureLike) -> str:
    if isinstance(source, bytes):
        return "bytes"
    if isinstance(source, PIL.Image.Image | np.ndarray):
        return "image"
    return str(Path(source)) if source else ""


def _lines(boxes: Sequence[Sequence[Box]], images: Images, probabilities: Probabilities) -> tuple[Line, ...]:
    rows = iter(zip(images, probabilities, strict=True))
    return tuple(_line([_digit(box, *next(rows)) for box in line]) for line in boxes)


def _digit(box: Box, image: Images, probabilities: Probabilities) -> Digit:
    """A digit from one image (28, 28) and its probabilities (classes,)."""
    ranked = np.argsort(-probabilities[:CLASSES], kind="stable")[:ALTERNATIVES]
    guesses = tuple(Guess(int(value), round(float(probabilities[value]), 6)) for value in ranked)
    is_empty = not image.any()
    return Digit(guesses[0].value, guesses[0].confidence, box, is_empty, "not_a_digit" if is_empty else None, guesses)


def _line(digits: Sequence[Digit]) -> Line:
    return Line("".join(digit.text for digit in digits), _candidates(digits), tuple(digits))


def _candidates(digits: Sequence[Digit]) -> tuple[Candidate, ...]:
    """The most probable texts of a line, as if its digits were independent: a beam over the guesses."""
    beam = [Candidate("", 1.0)]
    for digit in digits:
        longer = [
            Candidate(f"{start.text}{guess.value}", start.probability * guess.confidence)
            for start in beam
            for guess in digit.alternatives
        ]
        beam = heapq.nlargest(ALTERNATIVES, longer, key=lambda candidate: candidate.probability)
    return tuple(Candidate(candidate.text, round(candidate.probability, 6)) for candidate in beam)
