"""What one may ask of a reading."""

import operator
from collections.abc import Iterable
from typing import TypeAlias, TypedDict

from inkdigit.errors import UsageError
from inkdigit.preparation.box import Box
from inkdigit.reading.rules import Listed, Rules

RulesLike: TypeAlias = Rules | str | Listed | Iterable[str | Listed]
"""Rules, or their names with their values, as ``luhn`` or ``["length=8"]``, or numbers as ``Listed``; see ``RULES``."""


class Options(TypedDict, total=False):
    """Options of ``Reader.read`` and its kin; all may be left out.

    Attributes:
        name: what the reading calls the picture; None takes its path.
        single: whether the picture is known to hold one digit: only the surest is given, and it is seldom refused.
        region: the part of the upright picture that is read, in its pixels; boxes are those of the whole picture.
        rules: what each line must be, as ``["length=16", "luhn"]``; see ``inkdigit.reading.rules.RULES``. The likeliest
            text that fits is given, and what it changes is marked; where none is likely, the line is refused.
        min_confidence: a digit less sure than this is refused, 0..1; None takes the model's own threshold, and 0
            refuses none.
    """

    name: str | None
    single: bool
    region: Box | None
    rules: RulesLike
    min_confidence: float | None


def build_rules(rules: RulesLike) -> Rules:
    """Rules, checked."""
    return rules if isinstance(rules, Rules) else Rules(rules)


def check_confidence(least: float) -> None:
    """Checks that a least confidence is a probability.

    Raises:
        UsageError: it is not.
    """
    if not 0 <= least <= 1:
        raise UsageError(f"found a least confidence of {least}, expected 0, which refuses nothing, to 1")


def check_box(box: Box) -> Box:
    """A region in whole pixels, checked; any kind of integer will do.

    Raises:
        UsageError: it is not a region.
    """
    try:
        checked = Box(*map(operator.index, (box.x, box.y, box.width, box.height)))
    except (AttributeError, TypeError):
        raise UsageError(f"found the region {box!r}, expected inkdigit.Box(x, y, width, height) in pixels") from None
    if min(checked.width, checked.height) < 1:
        raise UsageError(f"found the region {box!r}, expected a width and a height of at least one pixel")
    return checked
