"""What reading answers: digits in lines in a reading, frozen, to and from JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from inkdigit.preparation.box import Box

Reason: TypeAlias = Literal["unsure", "not_a_digit", "cut_off", "too_small"]
"""Why a digit was refused."""

REFUSED = "?"


@dataclass(frozen=True)
class Guess:
    """A digit that it may be.

    Attributes:
        value: 0 to 9.
        confidence: the probability that it is, 0..1.
    """

    value: int
    confidence: float


@dataclass(frozen=True)
class Digit:
    """One digit of a picture.

    Attributes:
        value: the best guess, 0 to 9, also where it is refused.
        confidence: the probability that the best guess is right, 0..1.
        box: in pixels of the upright picture.
        refused: whether it is too doubtful to be told.
        reason: why it is refused, or None.
        alternatives: the guesses, best first; the first is ``value``.
    """

    value: int
    confidence: float
    box: Box
    refused: bool
    reason: Reason | None
    alternatives: tuple[Guess, ...]

    @property
    def text(self) -> str:
        """The digit, or ``?``."""
        return REFUSED if self.refused else str(self.value)


@dataclass(frozen=True)
class Candidate:
    """A text that a line may say.

    Attributes:
        text: digits only.
        probability: 0..1.
    """

    text: str
    probability: float


@dataclass(frozen=True)
class Line:
    """Digits side by side.

    Attributes:
        text: from left to right, a refused digit as ``?``.
        alternatives: the most probable texts of the whole line, best first.
        digits: from left to right.
    """

    text: str
    alternatives: tuple[Candidate, ...]
    digits: tuple[Digit, ...]


@dataclass(frozen=True)
class Reading:
    """What was read in one picture.

    Attributes:
        source: where the picture came from.
        width: of the upright picture, in pixels.
        height: of the upright picture, in pixels.
        text: the lines, joined by newlines; empty where there is no ink.
        lines: from top to bottom.
    """

    source: str
    width: int
    height: int
    text: str
    lines: tuple[Line, ...]

    @property
    def digits(self) -> tuple[Digit, ...]:
        """All digits, line by line."""
        return tuple(digit for line in self.lines for digit in line.digits)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Reading":
        """The reading that ``to_dict`` gave; keys that it does not know are left out."""
        lines = tuple(_line(line) for line in values["lines"])
        return cls(values["source"], values["width"], values["height"], values["text"], lines)


def _line(values: Mapping[str, Any]) -> Line:
    candidates = tuple(Candidate(item["text"], item["probability"]) for item in values["alternatives"])
    return Line(values["text"], candidates, tuple(_digit(digit) for digit in values["digits"]))


def _digit(values: Mapping[str, Any]) -> Digit:
    return Digit(
        value=values["value"],
        confidence=values["confidence"],
        box=Box(**{side: values["box"][side] for side in ("x", "y", "width", "height")}),
        refused=values["refused"],
        reason=values["reason"],
        alternatives=tuple(Guess(item["value"], item["confidence"]) for item in values["alternatives"]),
    )
