"""Pictures → readings."""

import heapq
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np
import PIL.Image

from inkdigit.classifier import Classifier, OnnxClassifier
from inkdigit.errors import ImageError, UsageError
from inkdigit.images import CLASSES, Images, Probabilities
from inkdigit.preparation.box import Box
from inkdigit.preparation.load import PictureLike, load_picture, to_grey
from inkdigit.preparation.prepare import prepare
from inkdigit.reading.explain import Explanation
from inkdigit.reading.result import Candidate, Digit, Guess, Line, Reading, Reason, Ruling
from inkdigit.reading.rules import LIKELY, Rules
from inkdigit.reading.weights import DEFAULT, find_model

ALTERNATIVES = 3
"""How many guesses are told, of a digit and of a line."""

RulesLike: TypeAlias = Rules | str | Iterable[str]
"""Rules, or their names with their values, as ``luhn`` or ``["length=8"]``; see ``RULES``."""


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

    def read(
        self,
        source: PictureLike,
        *,
        name: str | None = None,
        rules: RulesLike = (),
        min_confidence: float = 0.0,
    ) -> Reading:
        """Reads one picture.

        Args:
            source: a path, the bytes of a file, a PIL image or an array; see ``inkdigit.preparation.load.load``.
            name: what the reading calls it; None takes the path.
            rules: what each line must be, as ``["length=16", "luhn"]``; see ``inkdigit.reading.rules.RULES``.
                The likeliest text that fits is told, and what it changes is marked; where none is likely, the
                line is refused.
            min_confidence: a digit less sure than this is refused, 0..1.

        Raises:
            ImageError: it cannot be read; its code says why.
            UsageError: an unknown rule, or a value that it does not take.
            DataError: a list of numbers that cannot be read.
        """
        return self.explain(source, name=name, rules=rules, min_confidence=min_confidence).reading

    def read_many(
        self, sources: Iterable[PictureLike], *, rules: RulesLike = (), min_confidence: float = 0.0
    ) -> Iterator[Reading | ImageError]:
        """Yields a reading, or the error, for each source in order; arguments as for ``read``."""
        built = _build(rules)
        for source in sources:
            try:
                yield self.read(source, rules=built, min_confidence=min_confidence)
            except ImageError as error:
                yield error

    def explain(
        self,
        source: PictureLike,
        *,
        name: str | None = None,
        rules: RulesLike = (),
        min_confidence: float = 0.0,
    ) -> Explanation:
        """Reads one picture and keeps what each step saw; arguments and errors as for ``read``."""
        built = _build(rules)
        _check_confidence(min_confidence)
        source_name = _name(source) if name is None else name
        try:
            picture = load_picture(source)
        except ImageError as error:
            error.source = source_name
            raise
        grey = to_grey(picture)
        prepared = prepare(grey)
        probabilities = self.classifier(prepared.images) if len(prepared.images) else np.empty((0, CLASSES), np.float32)
        found = _lines(prepared.lines, prepared.images, probabilities)
        lines = tuple(_refuse_unsure(_judge(line, rows, built), min_confidence) for line, rows in found)
        text = "\n".join(line.text for line in lines)
        reading = Reading(source_name, picture.width, picture.height, text, lines)
        return Explanation(reading, picture, grey, prepared.ink, prepared.images)


def read(
    source: PictureLike,
    *,
    model: str | os.PathLike[str] = DEFAULT,
    rules: RulesLike = (),
    min_confidence: float = 0.0,
) -> Reading:
    """Reads one picture with a model that stays open; arguments and errors as for ``Reader.read``."""
    path = find_model(model)
    reader = _open(path, path.stat().st_mtime_ns if path.is_file() else 0)
    return reader.read(source, rules=rules, min_confidence=min_confidence)


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


def _build(rules: RulesLike) -> Rules:
    return rules if isinstance(rules, Rules) else Rules(rules)


def _check_confidence(least: float) -> None:
    if not 0 <= least <= 1:
        raise UsageError(f"found a least confidence of {least}, expected 0, which refuses nothing, to 1")


def _lines(
    boxes: Sequence[Sequence[Box]], images: Images, probabilities: Probabilities
) -> Iterator[tuple[Line, Probabilities]]:
    """Each line, with the probabilities of its digits, (k, classes)."""
    rows = iter(zip(images, probabilities, strict=True))
    for line in boxes:
        part = list(islice(rows, len(line)))
        digits = [_digit(box, image, row) for box, (image, row) in zip(line, part, strict=True)]
        yield _line(digits), np.stack([row for _, row in part])


def _digit(box: Box, image: Images, probabilities: Probabilities) -> Digit:
    """A digit from one image (28, 28) and its probabilities (classes,)."""
    ranked = np.argsort(-probabilities[:CLASSES], kind="stable")[:ALTERNATIVES]
    guesses = tuple(_guess(int(value), probabilities) for value in ranked)
    is_empty = not image.any()
    return Digit(guesses[0].value, guesses[0].confidence, box, is_empty, "not_a_digit" if is_empty else None, guesses)


def _guess(value: int, probabilities: Probabilities) -> Guess:
    return Guess(value, round(float(probabilities[value]), 6))


def _line(digits: Sequence[Digit]) -> Line:
    return Line(_text(digits), _candidates(digits), tuple(digits))


def _text(digits: Iterable[Digit]) -> str:
    return "".join(digit.text for digit in digits)


def _judge(line: Line, probabilities: Probabilities, rules: Rules) -> Line:
    """A line as its rules have it: as it is where it fits, changed where that is likely, or refused."""
    if not rules.name:
        return line
    fitting = rules.find(probabilities)
    best = fitting[0] if fitting else Candidate("", 0.0)
    if best.text == line.guess or best.probability >= LIKELY:
        changed = tuple(place for place, digit in enumerate(line.digits) if str(digit.value) != best.text[place])
        digits = list(line.digits)
        for place in changed:
            digits[place] = _change(digits[place], int(best.text[place]), probabilities[place])
    else:
        changed = ()
        digits = [_refuse(digit, "rule") for digit in line.digits]
    ruling = Ruling(rules.name, changed, best.probability)
    return Line(_text(digits), fitting[:ALTERNATIVES] or line.alternatives, tuple(digits), ruling)


def _change(digit: Digit, value: int, probabilities: Probabilities) -> Digit:
    """A digit that says something else than it looks like, which becomes its second guess."""
    guess = _guess(value, probabilities)
    others = tuple(other for other in digit.alternatives if other.value != value)
    alternatives = (guess, *others)[:ALTERNATIVES]
    reason = digit.reason or "rule"
    return replace(digit, value=value, confidence=guess.confidence, reason=reason, alternatives=alternatives)


def _refuse(digit: Digit, reason: Reason) -> Digit:
    return digit if digit.refused else replace(digit, refused=True, reason=reason)


def _refuse_unsure(line: Line, least: float) -> Line:
    """A line without the digits that neither their pictures nor its rules make sure enough."""
    sure = line.rule.probability if line.rule else 0.0
    digits = tuple(_refuse(digit, "unsure") if max(digit.confidence, sure) < least else digit for digit in line.digits)
    return replace(line, text=_text(digits), digits=digits)


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
