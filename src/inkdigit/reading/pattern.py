r"""Regular expressions over digits, matched in bounded time.

Python's ``re`` tries one way to match after the other, and some patterns have more ways than there is time:
``(\d+)+1`` on a long number. Here all ways are followed at once (Antimirov's partial derivatives).
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from inkdigit.errors import UsageError

DIGITS = "0123456789"
MAX_LETTERS = 200
MAX_WAYS = 250
"""How many ways to match are followed at once; without nested counts there are fewer than letters."""

REMEMBERED = 2**10
"""How many steps from one set of ways to the next are cached: 60 MB if a stranger makes the ways as long as can be."""

_DIGIT = r"[0-9]|\.|\\d|\[\^?(?:[0-9]-[0-9]|[0-9]|\\d)+\]"
_COUNT = r"(?:[*+?]|\{(?:[0-9]+(?:,[0-9]*)?|,[0-9]+)\})\??(?!\+)"  # a ? behind only orders the ways, a + forbids some
_TOKEN = re.compile(rf"{_DIGIT}|\(\?:|[()|]|{_COUNT}")
_COUNTS: Mapping[str, tuple[int, float]] = {"*": (0, math.inf), "+": (1, math.inf), "?": (0, 1)}


@dataclass(frozen=True)
class Repeat:
    """Alternatives, one of which stands here, and again.

    Attributes:
        options: the alternatives.
        least: how many times at least.
        most: how many times at most, 1 or more.
    """

    options: tuple[tuple["Item", ...], ...]
    least: int
    most: float


Item: TypeAlias = frozenset[str] | Repeat
"""One digit of a set, or a group."""

Way: TypeAlias = tuple[Item, ...]
"""What must still follow for a match."""


class Pattern:
    """A regular expression that a whole text matches or does not."""

    def __init__(self, expression: str) -> None:
        r"""Understands digits, ``\d``, ``.``, ``[0-9]``, ``(a|b)``, ``*``, ``+``, ``?`` and ``{n,m}``.

        Raises:
            UsageError: anything else.
        """
        self._expression = expression
        self._start = frozenset(_parse(_split(expression)))
        self._known: dict[tuple[frozenset[Way], str], frozenset[Way]] = {}

    def __call__(self, text: str) -> bool:
        """Whether the whole text matches.

        Raises:
            UsageError: it may do so in too many ways.
        """
        ways = self._start
        for digit in text:
            ways = self._follow(ways, digit)
            if len(ways) > MAX_WAYS:
                raise UsageError(
                    f"pattern {_quote(self._expression)} matches in more than {MAX_WAYS} ways at once; "
                    "write it without counts within counts"
                )
        return any(all(map(_may_be_empty, way)) for way in ways)

    def _follow(self, ways: frozenset[Way], digit: str) -> frozenset[Way]:
        """The ways after one more digit, cached: candidates for a line have most of their beginnings in common."""
        following = self._known.get((ways, digit))
        if following is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            following = frozenset(rest for way in ways for rest in _after(way, digit))
            self._known[ways, digit] = following
        return following


def _split(expression: str) -> list[str]:
    """The tokens of an expression that ``re`` understands as well."""
    if len(expression) > MAX_LETTERS:
        raise UsageError(f"found a pattern of {len(expression)} letters, at most {MAX_LETTERS} are read; use 'among'")
    bare = expression.removeprefix("^").removesuffix("$")  # it is the whole line that matches, with them or without
    tokens, end = [], 0
    while token := _TOKEN.match(bare, end):
        tokens.append(token[0])
        end = token.end()
    if end < len(bare):
        wrong = bare[end : end + 2] if bare[end] == "\\" else bare[end]
        raise UsageError(
            f"found {_quote(wrong)} in pattern {_quote(expression)}, "
            r"expected digits, \d, ., [0-9], (a|b), *, +, ? and {n,m} alone"
        )
    try:
        re.compile(bare)
    except (re.error, OverflowError) as error:
        raise UsageError(f"found pattern {_quote(expression)}, which is no regular expression: {error}") from error
    return tokens


def _quote(expression: str) -> str:
    """A text in quotes, with unprintable characters escaped as in Python, but backslashes as they are."""
    return repr(expression).replace("\\\\", "\\")


def _parse(tokens: list[str]) -> tuple[Way, ...]:
    """The alternatives that tokens stand for; the brackets must match, and each count have something to repeat."""
    groups: list[list[list[Item]]] = [[[]]]  # those that are open, each with its alternatives
    for letters in tokens:
        items = groups[-1][-1]
        if letters.startswith("("):
            groups.append([[]])
        elif letters == "|":
            groups[-1].append([])
        elif letters == ")":
            options = tuple(map(tuple, groups.pop()))
            groups[-1][-1].append(Repeat(options, 1, 1))
        elif letters[0] in "*+?{":
            counted, (least, most) = items.pop(), _count(letters)
            items += [Repeat(((counted,),), least, most)] if most else []
        else:
            items.append(frozenset(digit for digit in DIGITS if re.fullmatch(letters, digit)))
    return tuple(map(tuple, groups[0]))


def _count(token: str) -> tuple[int, float]:
    """How often at least and at most."""
    if token[0] in _COUNTS:
        return _COUNTS[token[0]]
    least, comma, most = token.rstrip("?")[1:-1].partition(",")
    return int(least or 0), int(most) if most else math.inf if comma else int(least)


def _after(way: Way, digit: str) -> Iterator[Way]:
    """What may remain of one way after a digit."""
    for position, item in enumerate(way):
        rest = way[position + 1 :]
        if isinstance(item, frozenset):
            if digit in item:
                yield rest
            return
        again = Repeat(item.options, max(item.least - 1, 0), item.most - 1)
        for option in item.options:
            for remains in _after(option, digit):
                yield (*remains, again, *rest) if again.most else (*remains, *rest)
        if not _may_be_empty(item):
            return


def _may_be_empty(item: Item) -> bool:
    if isinstance(item, frozenset):
        return False
    return item.least == 0 or any(all(map(_may_be_empty, option)) for option in item.options)
