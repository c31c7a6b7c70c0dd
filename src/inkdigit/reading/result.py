"""What reading answers: digits in lines in a reading, frozen, to and from JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from inkdigit.preparation.box import Box

Reason: TypeAlias = Literal["unsure", "not_a_digit", "cut_off", "too_small", "rule"]
"""Why a digit was refused, or changed."""

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
        value: the best guess, 0 to 9, also where it is refused; or what a rule made of it.
        confidence: the probability of this value by the picture, whatever rules say, 0..1; with ``single`` also by the
            word for it that it is a digit.
        box: in pixels of the upright picture.
        sure: whether both networks name it, and it is at least 90 % probable; of an image like MNIST's, which the
            classifier reads as it is, whether that one does.
        refused: whether it is too doubtful to be told.
        reason: why it is refused; ``rule`` where it is not: a rule changed it; or None.
        alternatives: the guesses, best first; but the first is ``value``, also where a rule changed it.
    """

    value: int
    confidence: float
    box: Box
    sure: bool
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
class Ruling:
    """What rules made of a line.

    Attributes:
        name: of the rules, joined by ``+``.
        changed: places of the digits, from 0, that are not what they look like.
        probability: of the best text that fits, given the rules; 0 where none is near.
    """

    name: str
    changed: tuple[int, ...]
    probability: float


@dataclass(frozen=True)
class Line:
    """Digits side by side.

    Attributes:
        text: from left to right, a refused digit as ``?``.
        alternatives: the most probable texts of the whole line, best first; of those that fit its rules, if any do.
        digits: from left to right.
        rule: what rules made of it, or None where none was asked for.
    """

    text: str
    alternatives: tuple[Candidate, ...]
    digits: tuple[Digit, ...]
    rule: Ruling | None = None

    @property
    def guess(self) -> str:
        """What it looks like: the best guesses, before rules and refusal."""
        changed = self.rule.changed if self.rule else ()
        return "".join(str(digit.alternatives[place in changed].value) for place, digit in enumerate(self.digits))


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
        """Plain values, for JSON; a line has no ``rule`` where none was asked for."""
        values = asdict(self)
        for line in values["lines"]:
            if line["rule"] is None:
                del line["rule"]
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Reading":
        """The reading that ``to_dict`` gave; keys that it does not know are left out."""
        lines = tuple(_line(line) for line in values["lines"])
        return cls(values["source"], values["width"], values["height"], values["text"], lines)


def _line(values: Mapping[str, Any]) -> Line:
    candidates = tuple(Candidate(item["text"], item["probability"]) for item in values["alternatives"])
    digits = tuple(_digit(digit) for digit in values["digits"])
    return Line(values["text"], candidates, digits, _ruling(values.get("rule")))


def _ruling(values: Mapping[str, Any] | None) -> Ruling | None:
    return Ruling(values["name"], tuple(values["changed"]), values["probability"]) if values else None


def _digit(values: Mapping[str, Any]) -> Digit:
    return Digit(
        value=values["value"],
        confidence=values["confidence"],
        box=Box(**{side: values["box"][side] for side in ("x", "y", "width", "height")}),
        sure=values["sure"],
        refused=values["refused"],
        reason=values["reason"],
        alternatives=tuple(Guess(item["value"], item["confidence"]) for item in values["alternatives"]),
    )
