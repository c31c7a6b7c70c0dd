"""What was found → a line: guesses, candidates, what rules make of it, what is refused and why."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from inkdigit.images import CLASSES, SIZE
from inkdigit.preparation.box import Box
from inkdigit.reading.finder import SURE, Found
from inkdigit.reading.lines import ALTERNATIVES, SMALL, build_line
from inkdigit.reading.result import Line, Reason
from inkdigit.reading.rules import RULES, Rules

PAGE = Box(0, 0, 2000, 300)
CARD = "4111111111111111"


def found(rows: NDArray[np.floating], boxes: list[Box] | None = None, agreed: bool = True) -> Found:
    """As if the finder had it, with probabilities (k, 10 or 11)."""
    k = len(rows)
    rows = np.pad(rows.astype(np.float32), ((0, 0), (0, CLASSES + 1 - rows.shape[1])))
    places = boxes or [Box(20 + 40 * n, 20, 12, 60) for n in range(k)]
    images = np.full((k, SIZE, SIZE), 255, np.uint8)
    return Found(
        ink=np.zeros((300, 2000), np.float32),
        boxes=places,
        lying=places,
        images=images,
        probabilities=rows,
        agreed=np.full(k, agreed),
    )


def build(rows: NDArray[np.floating], *rules: str, least: float = 0) -> Line:
    return build_line(found(rows), range(len(rows)), Rules(rules), least, PAGE)


def says(text: str, place: int = -1, value: int = 0, confidence: float = 0.6) -> NDArray[np.float32]:
    """Probabilities of a text, but at one place another digit is likelier."""
    rows = np.full((len(text), CLASSES), 1e-5, np.float32)
    rows[range(len(text)), list(map(int, text))] = 1 - 9e-5
    if place >= 0:
        rows[place] = 0.001
        rows[place, int(text[place])], rows[place, value] = 0.992 - confidence, confidence
    return rows


def one(*probabilities: float) -> NDArray[np.float32]:
    return np.array([probabilities], np.float32)


SEVEN = one(0.01, 0.15, 0.02, 0.02, 0.02, 0.01, 0.01, 0.7, 0.05, 0.01)


class TestGuesses:
    def test_guesses_are_best_first_and_begin_with_the_value(self) -> None:
        (digit,) = build(SEVEN).digits
        assert (digit.value, digit.confidence, digit.refused, digit.reason) == (7, 0.7, False, None)
        assert [(guess.value, guess.confidence) for guess in digit.alternatives] == [(7, 0.7), (1, 0.15), (8, 0.05)]

    def test_not_a_digit_is_no_value(self) -> None:
        line = build(one(*[0.01] * 4, 0.03, *[0.01] * 5, 0.88))
        assert (line.text, line.digits[0].confidence) == ("4", 0.03)
        assert all(guess.value < 10 for guess in line.digits[0].alternatives)

    def test_digits_stand_in_the_order_of_their_places(self) -> None:
        given = found(says("2026"))
        line = build_line(given, [3, 0, 2], Rules(), 0, PAGE)
        assert line.text == "622"
        assert [digit.box for digit in line.digits] == [given.boxes[place] for place in (3, 0, 2)]

    def test_numbers_are_short(self) -> None:
        line = build(one(*[1 / 3] * 3, *[0.0] * 7))
        assert line.digits[0].confidence == line.alternatives[0].probability == 0.333333

    @given(rows=st.integers(1, 3).flatmap(lambda k: arrays(np.float64, (k, 10), elements=st.floats(0.001, 1))))
    @settings(max_examples=40, deadline=None)
    def test_alternatives_of_a_line_are_the_best_of_all_products(self, rows: NDArray[np.float64]) -> None:
        probabilities = (rows / rows.sum(1, keepdims=True)).astype(np.float32)
        line = build(probabilities)
        products = {
            "".join(map(str, values)): float(np.prod([row[v] for row, v in zip(probabilities, values, strict=True)]))
            for values in itertools.product(range(10), repeat=len(rows))
        }
        best = sorted(products.values(), reverse=True)[:ALTERNATIVES]
        assert [candidate.probability for candidate in line.alternatives] == pytest.approx(best, abs=1e-5)
        told = [candidate.text for candidate in line.alternatives]
        assert len(set(told)) == ALTERNATIVES
        assert [products[text] for text in told] == pytest.approx(best, abs=1e-5)
        assert told[0] == line.text


class TestSure:
    @pytest.mark.parametrize(
        ("confidence", "agreed", "is_sure"), [(SURE, True, True), (SURE - 0.01, True, False), (0.99, False, False)]
    )
    def test_both_name_it_and_it_is_probable(self, confidence: float, agreed: bool, is_sure: bool) -> None:
        rows = says("7", 0, 1, 0.992 - confidence)
        line = build_line(found(rows, agreed=agreed), [0], Rules(), 0, PAGE)
        assert line.digits[0].value == 7
        assert line.digits[0].sure == is_sure

    def test_what_is_refused_or_changed_is_not_sure(self) -> None:
        assert [digit.sure for digit in build(says("12"), "length=3").digits] == [False, False]
        changed = build(says(CARD, 3, 7, 0.95), "luhn")
        assert changed.rule is not None
        assert changed.rule.changed == (3,)
        assert [digit.sure for digit in changed.digits] == [place != 3 for place in range(16)]
        assert not build(SEVEN, least=0.9).digits[0].sure


class TestRules:
    def test_what_a_rule_changes_is_marked(self) -> None:
        line = build(says(CARD, 3, 7), "luhn")
        assert line.text == CARD
        assert line.guess == "4117111111111111"
        assert line.rule is not None
        assert (line.rule.name, line.rule.changed) == ("luhn", (3,))
        assert line.rule.probability == line.alternatives[0].probability > 0.97
        assert line.alternatives[0].text == CARD
        digit = line.digits[3]
        assert (digit.value, digit.refused, digit.reason) == (1, False, "rule")
        assert digit.confidence == pytest.approx(0.392), "what its picture says, which is no matter of rules"
        assert [guess.value for guess in digit.alternatives[:2]] == [1, 7]
        assert len(digit.alternatives) == ALTERNATIVES
        assert {other.reason for place, other in enumerate(line.digits) if place != 3} == {None}

    def test_what_fits_stays_as_it_is(self) -> None:
        plain, ruled = build(says(CARD)), build(says(CARD), "luhn", "length=16")
        assert ruled.digits == plain.digits
        assert ruled.rule is not None
        assert (ruled.rule.name, ruled.rule.changed) == ("luhn+length", ())
        assert plain.rule is None

    def test_what_fits_is_told_however_doubtful(self) -> None:
        line = build(np.full((16, 10), 0.1), "length=16")
        assert line.text == "0" * 16
        assert line.rule is not None
        assert line.rule.probability < 1e-6

    @pytest.mark.parametrize("rule", ["length=15", "length=17-20", "pattern=9+", "isbn13", "luhn"])
    def test_a_line_that_nothing_likely_fits_is_refused(self, rule: str) -> None:
        line = build(says("4111111111111112"), rule)
        assert line.text == "?" * 16
        assert line.guess == "".join(str(digit.value) for digit in line.digits) == "4111111111111112"
        assert {(digit.refused, digit.reason) for digit in line.digits} == {(True, "rule")}
        assert line.rule is not None
        assert line.rule.changed == ()
        assert line.rule.probability < 0.5
        assert line.alternatives

    def test_one_of_a_list(self, tmp_path: Path) -> None:
        (tmp_path / "numbers").write_text("2026\n2031\n")
        rows, rule = says("2026", 3, 5, 0.9), f"among={tmp_path / 'numbers'}"
        assert build(rows).text == "2025"
        assert build(rows, rule).text == "2026"
        (tmp_path / "numbers").write_text("1999\n20260\n")
        assert build(rows, rule).text == "????"

    def test_rules_know_nothing_of_what_is_no_digit(self) -> None:
        rows = np.pad(says("18", 0, 2), ((0, 0), (0, 1)))
        rows[0] *= 0.1
        rows[0, CLASSES] = 0.9
        assert build(rows, "pattern=18").text == build(rows[:, :CLASSES], "pattern=18").text == "18"

    @given(text=st.text("0123456789", min_size=1, max_size=8), data=st.data())
    @settings(max_examples=40, deadline=None)
    def test_no_change_goes_unmarked(self, text: str, data: st.DataObject) -> None:
        place, value = data.draw(st.integers(0, len(text) - 1)), data.draw(st.integers(0, 9))
        rows = says(text, place, value, data.draw(st.floats(0.5, 0.98)))
        rule = data.draw(st.sampled_from(["luhn", "length=1-4", "pattern=.*[02468]", r"pattern=(\d\d)+"]))
        plain, line = build(rows), build(rows, rule)
        assert line.rule is not None
        if "?" in line.text:
            assert line.text == "?" * len(text)
        else:
            assert RULES[rule.split("=")[0]].build(rule.partition("=")[2])(line.text)
            different = tuple(i for i, (a, b) in enumerate(zip(plain.text, line.text, strict=True)) if a != b)
            assert line.rule.changed == different
        assert line.guess == plain.text


class TestRefusal:
    @pytest.mark.parametrize(("least", "text"), [(0, "7"), (0.69, "7"), (0.7, "7"), (0.700001, "?"), (1, "?")])
    def test_a_digit_less_sure_is_refused(self, least: float, text: str) -> None:
        line = build(SEVEN, least=least)
        assert line.text == text
        (digit,) = line.digits
        assert (digit.value, digit.refused) == (7, text == "?")
        assert digit.reason == ("unsure" if text == "?" else None)

    def test_the_sure_ones_beside_it_are_told(self) -> None:
        line = build(says("2026", 1, 6), least=0.9)
        assert line.text == "2?26"
        assert line.alternatives[0].text == line.guess == "2626"

    def test_nothing_is_refused_that_is_asked_for_at_any_confidence(self) -> None:
        assert not any(digit.refused for digit in build(np.full((3, 10), 0.1)).digits)
        assert not any(digit.refused for digit in build(one(*[0.01] * 10, 0.9)).digits)

    @pytest.mark.parametrize(
        ("box", "nothing", "reason"),
        [
            (Box(100, 100, 30, 40), 0.1, "unsure"),
            (Box(100, 100, 30, 40), 0.6, "not_a_digit"),
            (Box(100, 100, 5, SMALL - 1), 0.1, "too_small"),
            (Box(100, 100, SMALL - 1, 5), 0.1, "too_small"),
            (Box(100, 100, 5, SMALL), 0.1, "unsure"),
            (Box(50, 100, 30, 40), 0.1, "cut_off"),
            (Box(100, 20, 30, 40), 0.1, "cut_off"),
            (Box(620, 100, 30, 40), 0.1, "cut_off"),
            (Box(100, 280, 30, 40), 0.1, "cut_off"),
            (Box(51, 21, 598, 298), 0.1, "unsure"),
            (Box(50, 20, 5, 8), 0.1, "too_small"),
            (Box(50, 20, 5, 8), 0.6, "not_a_digit"),
            (Box(0, 0, 40, 40), 0.1, "unsure"),
        ],
    )
    def test_the_reason_is_told(self, box: Box, nothing: float, reason: Reason) -> None:
        """Within a region of the picture, whose edges cut off, while the picture's are elsewhere."""
        row = one(*[0.01] * 8, 0.9 - nothing - 0.08, 0.1, nothing)
        region = Box(50, 20, 600, 300)
        line = build_line(found(row, [box]), [0], Rules(), 0.9, region)
        assert line.text == "?"
        assert line.digits[0].value in (8, 9)
        assert line.digits[0].reason == reason

    def test_a_rule_makes_sure(self) -> None:
        rows = says(CARD, 3, 7)
        assert build(rows, least=0.9).text == "411?111111111111"
        assert build(rows, "luhn", least=0.9).text == CARD
        doubtful = build(rows, "length=16", least=0.9)
        assert doubtful.text == "411?111111111111", "how many there are says nothing about which"
        assert doubtful.digits[3].reason == "unsure"

    @pytest.mark.parametrize("rules", [(), ("length=1-99",), ("pattern=\\d+",)], ids=["none", "length", "pattern"])
    @pytest.mark.parametrize(("none", "text"), [(0.88, "?"), (0.02, "3")])
    def test_a_rule_makes_no_digit_of_what_is_none(self, rules: tuple[str, ...], none: float, text: str) -> None:
        rest = (1 - none) / 20
        line = build(one(rest, rest, rest, 11 * rest, *[rest] * 6, none), *rules, least=0.5)
        assert line.text == text
        assert line.digits[0].reason == (None if text == "3" else "not_a_digit")

    def test_a_line_against_its_rules_stays_refused_for_that(self) -> None:
        assert {digit.reason for digit in build(says("12"), "length=3", least=1).digits} == {"rule"}
