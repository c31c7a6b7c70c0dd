"""Found digits → a line: its text, its alternatives, what rules make of it, what is refused."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from inkdigit.images import CLASSES, Probabilities
from inkdigit.preparation.box import Box
from inkdigit.reading.finder import SURE, Found
from inkdigit.reading.result import Candidate, Digit, Guess, Line, Reason, Ruling
from inkdigit.reading.rules import LIKELY, Rules

ALTERNATIVES = 3
"""How many guesses are told, of a digit and of a line."""

SMALL = 10
"""A doubtful digit whose longer side has fewer pixels is too small to be told."""


def build_line(found: Found, places: Sequence[int], rules: Rules, least: float, region: Box) -> Line:
    """The line of the digits at these places of what was found, with what rules and refusal make of it.

    Args:
        found: in a region of the picture.
        places: from left to right.
        rules: what the line must be.
        least: a digit less sure than this is refused.
        region: what was looked at.
    """
    digits = [_digit(found, place) for place in places]
    probabilities = found.probabilities[list(places)]
    line = _judge(Line(_text(digits), _candidates(digits), tuple(digits)), probabilities[:, :CLASSES], rules)
    return _refuse_unsure(line, probabilities[:, CLASSES], least, region)


def _digit(found: Found, place: int) -> Digit:
    probabilities = found.probabilities[place]
    ranked = np.argsort(-probabilities[:CLASSES], kind="stable")[:ALTERNATIVES]
    guesses = tuple(_guess(int(value), probabilities) for value in ranked)
    best = guesses[0]
    sure = bool(found.agreed[place]) and best.confidence >= SURE
    return Digit(best.value, best.confidence, found.boxes[place], sure, False, None, guesses)


def _guess(value: int, probabilities: Probabilities) -> Guess:
    return Guess(value, round(float(probabilities[value]), 6))


def _text(digits: Iterable[Digit]) -> str:
    return "".join(digit.text for digit in digits)


def _judge(line: Line, probabilities: Probabilities, rules: Rules) -> Line:
    """A line judged by its rules: unchanged if it fits, changed if a fitting text is likely, else refused."""
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
    """A digit with the value that a rule demands; what it looks like becomes its second guess."""
    guess = _guess(value, probabilities)
    others = tuple(other for other in digit.alternatives if other.value != value)
    alternatives = (guess, *others)[:ALTERNATIVES]
    return replace(
        digit, value=value, confidence=guess.confidence, sure=False, reason="rule", alternatives=alternatives
    )


def _refuse(digit: Digit, reason: Reason) -> Digit:
    return digit if digit.refused else replace(digit, sure=False, refused=True, reason=reason)


def _refuse_unsure(line: Line, nothing: Probabilities, least: float, region: Box) -> Line:
    """A line with those digits refused that neither the picture nor the rules make sure enough.

    Args:
        line: as rules left it.
        nothing: the probability that each of its digits is not a digit, (k,).
        least: the least confidence.
        region: what was looked at.
    """
    by_rule = line.rule.probability if line.rule else 0.0  # of the text, given that all of these are digits
    digits = tuple(
        digit if max(digit.confidence, by_rule * (1 - none)) >= least else _refuse(digit, _reason(digit, none, region))
        for digit, none in zip(line.digits, nothing.tolist(), strict=True)
    )
    return replace(line, text=_text(digits), digits=digits)


def _reason(digit: Digit, nothing: float, region: Box) -> Reason:
    """Why a digit is too doubtful to be told."""
    if nothing > digit.confidence:
        return "not_a_digit"
    if max(digit.box.width, digit.box.height) < SMALL:
        return "too_small"
    return "cut_off" if _is_at_edge(digit.box, region) else "unsure"


def _is_at_edge(box: Box, region: Box) -> bool:
    starts_at = box.x == region.x or box.y == region.y
    ends_at = box.x + box.width >= region.x + region.width or box.y + box.height >= region.y + region.height
    return starts_at or ends_at


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
