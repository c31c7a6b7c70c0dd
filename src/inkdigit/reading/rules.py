"""Rules of plausibility: which texts a line may say. A new one is a function and its entry in ``RULES``."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from inkdigit.errors import DataError, UsageError, unknown
from inkdigit.files import read_list
from inkdigit.images import CLASSES, Probabilities
from inkdigit.reading.pattern import Pattern
from inkdigit.reading.result import Candidate

EXCEPTIONS = 0.01
"""The share of its weight that what a line looks like keeps if it breaks a rule: rules have exceptions.

Of 1,600 lines of MNIST's validation digits, half of them turned, a tenth without the required Luhn digit, 133 were
repaired rightly and 15 wrongly; with 0.001 it was 159 and 38, and a wrong number costs more than a ``?``."""

LIKELY = 0.5
"""From this probability on, a text replaces what the line looks like: it is more likely right than wrong."""

MAX_CANDIDATES = 4096
FLOOR = 1e-6
"""Texts are not considered whose probability, relative to what the line looks like, is less than this."""

MAX_LIST_BYTES = 16 * 2**20
MAX_LISTED = 1_000_000

Fits: TypeAlias = Callable[[str], bool]
"""Whether a text of digits meets a rule."""

Ratios: TypeAlias = NDArray[np.float64]
"""Probabilities of the digits of a line, (k, 10), each digit's divided by its greatest."""


class Rules:
    """Rules that a line must meet, all at once.

    Texts are tried strictly in the order of their probability, the product of their digits', but at most
    ``MAX_CANDIDATES`` of them. A text's probability under the rules is its share of all that fit. If what the line
    looks like does not fit, it still counts with ``EXCEPTIONS`` of its weight: now and then, a number that does not fit
    is just what was written.

    Attributes:
        name: the names of all, as ``length+luhn``; empty where there is none.
    """

    def __init__(self, rules: "str | Listed | Iterable[str | Listed]" = ()) -> None:
        """Builds rules.

        Args:
            rules: names of ``RULES``, each with its value where it takes one, as ``["length=16", "luhn"]``; numbers
                that are at hand, and in no file, as ``Listed``.

        Raises:
            UsageError: an unknown name, or a value that the rule does not take.
            DataError: a list of numbers that cannot be read.
        """
        wanted: list[str | Listed] = [rules] if isinstance(rules, str | Listed) else list(dict.fromkeys(rules))
        tests = [_build(rule) for rule in wanted]
        self.name = "+".join("among" if isinstance(rule, Listed) else rule.partition("=")[0] for rule in wanted)
        self._listed = next((test for test in tests if isinstance(test, Listed)), None)
        self._tests = [test for test in tests if test is not self._listed]
        self._sent = [test if isinstance(test, Listed) else rule for rule, test in zip(wanted, tests, strict=True)]

    def __reduce__(self) -> "tuple[type[Rules], tuple[list[str | Listed]]]":
        """Rules are sent to another process by their names: most tests are closures. A list goes as it was read."""
        return Rules, (self._sent,)

    def find(self, probabilities: Probabilities) -> tuple[Candidate, ...]:
        """The texts that fit a line, best first; none where nothing comes near to fitting.

        Args:
            probabilities: of each digit of the line, (k, classes).
        """
        ratios = _to_ratios(probabilities)
        ranked = self._listed.rank(ratios) if self._listed else _rank(ratios)
        looked_at = zip(ranked.texts, ranked.weights, strict=True)
        fitting = [(text, weight) for text, weight in looked_at if all(fits(text) for fits in self._tests)]
        if not fitting:
            return ()
        unseen = ranked.total / sum(ranked.weights)  # assuming that the same share of the unseen texts fits
        mass = sum(weight for _, weight in fitting) * unseen + (EXCEPTIONS if fitting[0][1] < 1 else 0)
        return tuple(Candidate(text, round(weight / mass, 6)) for text, weight in fitting)


@dataclass(frozen=True)
class Ranked:
    """Texts of one length in the order of their weight.

    Attributes:
        texts: the heaviest, best first.
        weights: the probability of each, divided by that of what the line looks like.
        total: the weight of all there are, also of those that are left out.
    """

    texts: list[str]
    weights: list[float]
    total: float


class Listed:
    """The rule that a text is one of a list."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Takes the list.

        Raises:
            UsageError: a text is not of digits alone.
        """
        of_length: dict[int, list[str]] = {}
        for text in dict.fromkeys(texts):
            if not (isinstance(text, str) and text.isascii() and text.isdigit()):
                raise UsageError(f"found {ascii(text)[:60]} in a list of numbers, expected texts of digits alone")
            of_length.setdefault(len(text), []).append(text)
        self._columns = {k: _to_columns("".join(texts), k) for k, texts in of_length.items()}

    def __call__(self, text: str) -> bool:
        """Whether it is one of them."""
        return bool((self._of(len(text)) == _to_columns(text, len(text))).all(0).any())

    def rank(self, ratios: Ratios) -> Ranked:
        """Those that are as long as a line, by their weight."""
        columns = self._of(len(ratios))
        kept, weights = np.arange(columns.shape[1]), np.ones(columns.shape[1])
        for row, column in zip(ratios, columns, strict=True):
            weights *= row[column[kept]]
            near = weights >= FLOOR  # after one digit hardly a tenth is left
            kept, weights = kept[near], weights[near]
        best = _find_largest(weights)
        return _in_order(columns[:, kept[best]].T, weights[best], float(weights.sum()))

    def _of(self, k: int) -> NDArray[np.uint8]:
        """The digits of the texts of length k, (k, n): contiguous in memory for each place."""
        return self._columns.get(k, np.empty((k, 0), np.uint8))


def _to_columns(letters: str, k: int) -> NDArray[np.uint8]:
    """Texts of length k in a row → their digits, (k, n)."""
    return np.ascontiguousarray(np.frombuffer(letters.encode(), np.uint8).reshape(-1, k).T - ord("0"))


def _to_ratios(probabilities: Probabilities) -> Ratios:
    digits = np.asarray(probabilities[:, :CLASSES], np.float64)
    return np.asarray(digits / np.maximum(digits.max(1, keepdims=True), np.finfo(np.float64).tiny))


def _rank(ratios: Ratios) -> Ranked:
    """All texts of a line, by their weight: a beam search, exact since the heaviest have the heaviest beginnings."""
    digits, weights = np.empty((1, 0), np.uint8), np.ones(1)
    for row in ratios:
        longer = np.multiply.outer(weights, row).ravel()  # (n,) → (10 n,)
        best = _find_largest(longer)
        last = (best % CLASSES).astype(np.uint8)
        digits, weights = np.column_stack([digits[best // CLASSES], last]), longer[best]
    return _in_order(digits, weights, math.prod(ratios.sum(1).tolist()))


def _find_largest(weights: NDArray[np.float64]) -> NDArray[np.intp]:
    """The places of the weights that count, at most ``MAX_CANDIDATES``, in order; of ties at the limit, the first."""
    found = np.flatnonzero(weights >= FLOOR)
    if len(found) <= MAX_CANDIDATES:
        return found
    least = np.partition(weights[found], -MAX_CANDIDATES)[-MAX_CANDIDATES]
    larger, equal = found[weights[found] > least], found[weights[found] == least]
    return np.sort(np.concatenate([larger, equal[: MAX_CANDIDATES - len(larger)]]))


def _in_order(digits: NDArray[np.uint8], weights: NDArray[np.float64], total: float) -> Ranked:
    """Digits of texts (n, k), unordered → the texts, best first."""
    order = np.argsort(-weights, kind="stable")
    k = digits.shape[1]
    letters = (digits[order] + ord("0")).tobytes().decode()
    return Ranked([letters[start : start + k] for start in range(0, len(letters), k)], weights[order].tolist(), total)


@dataclass(frozen=True)
class Rule:
    """A rule to choose.

    Attributes:
        description: one line for a list.
        build: from its value to the test of a text.
        value: what its value looks like; empty where it takes none, and then it is one for ``--check``.
    """

    description: str
    build: Callable[[str], Fits]
    value: str = ""


def _build(rule: "str | Listed") -> Fits:
    """The test of ``name`` or ``name=value``."""
    if isinstance(rule, Listed):
        return rule
    name, _, value = rule.partition("=")
    if name not in RULES:
        raise unknown("rule", name, RULES)
    entry = RULES[name]
    if bool(value) != bool(entry.value):
        expected = f"{name}={entry.value}" if entry.value else name
        raise UsageError(f"found rule {rule!r}, expected {expected!r}")
    return entry.build(value)


def _length(value: str) -> Fits:
    found = re.fullmatch(r"([0-9]{1,4})(?:-([0-9]{1,4}))?", value)
    least, most = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= least <= most:
        raise UsageError(f"found length {value!r}, expected how many digits a line has, as 8, or from 4 to 6 as 4-6")
    return lambda text: least <= len(text) <= most


def _among(file: str) -> Fits:
    """The rule of a file of numbers, one a line."""
    content = read_list(Path(file), MAX_LIST_BYTES, "a file of numbers, one a line")
    content = content.removeprefix(b"\xef\xbb\xbf")  # the byte order mark that Windows' programs write
    lines = [line.strip() for line in content.splitlines()]
    wrong = next((number for number, line in enumerate(lines, start=1) if line and not line.isdigit()), None)
    if wrong is not None:
        told = ascii(lines[wrong - 1][:40].decode(errors="replace"))
        raise DataError(f"{file}: line {wrong} is {told}, expected a number on each line, of digits alone")
    numbers = [line.decode() for line in lines if line]
    if not 1 <= len(numbers) <= MAX_LISTED:
        raise DataError(f"{file}: has {len(numbers):,} numbers, expected 1 to {MAX_LISTED:,}, one a line")
    return Listed(numbers)


def _luhn(text: str) -> bool:
    doubled = (2 * int(digit) for digit in text[-2::-2])
    total = sum(map(int, text[-1::-2])) + sum(number - 9 if number > 9 else number for number in doubled)
    return len(text) > 1 and total % 10 == 0


def _isbn10(text: str) -> bool:
    weights = range(10, 0, -1)
    return len(text) == 10 and sum(weight * int(digit) for weight, digit in zip(weights, text, strict=True)) % 11 == 0


def _ean13(text: str) -> bool:
    return len(text) == 13 and (sum(map(int, text[::2])) + 3 * sum(map(int, text[1::2]))) % 10 == 0


def _isbn13(text: str) -> bool:
    return text.startswith(("978", "979")) and _ean13(text)


RULES: Mapping[str, Rule] = {
    "length": Rule("as many digits: --length 8, or --length 4-6 for 4 to 6", _length, "N|N-M"),
    "pattern": Rule(r"a regular expression of the whole line: --pattern '20\d\d'", Pattern, "REGEX"),
    "among": Rule("one of the numbers of a file, one a line: --among FILE", _among, "FILE"),
    "luhn": Rule("the check digit of cards and many other numbers: --check luhn", lambda _: _luhn),
    "isbn10": Rule(
        "a book's, of ten digits: --check isbn10; not one that ends in X, which is no digit", lambda _: _isbn10
    ),
    "isbn13": Rule("a book's, of thirteen digits from 978 or 979: --check isbn13", lambda _: _isbn13),
    "ean13": Rule("an article's, of thirteen digits: --check ean13", lambda _: _ean13),
}

CHECKS = tuple(name for name, rule in RULES.items() if not rule.value)
"""Those that ``--check`` takes."""


def name_rules(
    length: str | None, pattern: str | None, among: str | Listed | None, check: str | None
) -> list[str | Listed]:
    """The rules that a command line or a request names, always in the same order.

    Args:
        length: its value, or None where it is not asked for; so are the others.
        pattern: likewise.
        among: a file's name, or numbers.
        check: one of ``CHECKS``.

    Raises:
        UsageError: there is no such check.
    """
    if check is not None and check not in CHECKS:
        raise unknown("check", check, CHECKS)
    valued = {"length": length, "pattern": pattern, "among": among}
    named = [
        value if isinstance(value, Listed) else f"{name}={value}" for name, value in valued.items() if value is not None
    ]
    return [*named, check] if check else named
