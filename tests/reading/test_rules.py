"""Rules: which texts fit, in what order they are tried, and how sure the answer is."""

import itertools
import pickle
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from inkdigit import DataError, UsageError
from inkdigit.images import Probabilities
from inkdigit.reading import rules as module
from inkdigit.reading.pattern import REMEMBERED, Pattern
from inkdigit.reading.rules import CHECKS, EXCEPTIONS, LIKELY, RULES, Listed, Rules

VALID = {  # published examples
    "luhn": ["4111111111111111", "5555555555554444", "378282246310005", "79927398713", "18", "0000"],
    "isbn10": ["0306406152", "0198526636", "0471958697"],
    "isbn13": ["9780306406157", "9783161484100", "9791090636071"],
    "ean13": ["4006381333931", "5901234123457", "9780306406157"],
}
LENGTHS = {"luhn": (2, 19), "isbn10": (10, 10), "isbn13": (13, 13), "ean13": (13, 13)}


def sure_of(text: str, sureness: float = 0.9999) -> Probabilities:
    """The probabilities of a line that plainly says a text."""
    rows = np.full((len(text), 10), (1 - sureness) / 9, np.float32)
    rows[range(len(text)), list(map(int, text))] = sureness
    return rows


def blur(rows: Probabilities, place: int, value: int, confidence: float = 0.6) -> Probabilities:
    """The same, but at one place it looks like another digit; what it was is the second guess."""
    blurred = rows.copy()
    second = int(rows[place].argmax())
    blurred[place] = 0.01 / 8
    blurred[place, value], blurred[place, second] = confidence, 0.99 - confidence
    return blurred


def fits(rule: str, text: str) -> bool:
    name, _, value = rule.partition("=")
    return RULES[name].build(value)(text)


@st.composite
def valid_numbers(draw: st.DrawFn) -> tuple[str, str]:
    """The name of a check digit and a number that has it."""
    name = draw(st.sampled_from(CHECKS))
    least, most = LENGTHS[name]
    begin = draw(st.text("0123456789", min_size=least - 1, max_size=most - 1))
    if name == "isbn13":
        begin = draw(st.sampled_from(["978", "979"])) + begin[3:]
    ends = [begin + digit for digit in "0123456789" if fits(name, begin + digit)]
    assume(ends)  # a tenth of the ISBN-10 would end in X
    return name, ends[0]


class TestChecks:
    @pytest.mark.parametrize(("name", "text"), [(name, text) for name in VALID for text in VALID[name]])
    def test_published_numbers_fit_and_no_other_digit_does_in_any_place(self, name: str, text: str) -> None:
        assert fits(name, text)
        for place, digit in itertools.product(range(len(text)), "0123456789"):
            if digit != text[place]:
                assert not fits(name, text[:place] + digit + text[place + 1 :])

    @pytest.mark.parametrize("name", CHECKS)
    def test_a_tenth_or_less_fits(self, name: str) -> None:
        length = max(LENGTHS[name])
        random = np.random.default_rng(0)
        texts = ["".join(map(str, row)) for row in random.integers(0, 10, (2000, length))]
        assert sum(fits(name, text) for text in texts) / 2000 == pytest.approx(0 if name == "isbn13" else 0.1, abs=0.03)

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("luhn", "0"),
            ("luhn", "4111111111111112"),
            ("isbn10", "030640615"),
            ("isbn10", "9780306406157"),
            ("isbn13", "4006381333931"),
            ("isbn13", "0306406152"),
            ("ean13", "96385074"),
        ],
    )
    def test_others_do_not(self, name: str, text: str) -> None:
        assert not fits(name, text)

    @given(number=valid_numbers(), data=st.data())
    @settings(deadline=None)
    def test_one_blurred_digit_is_recovered(self, number: tuple[str, str], data: st.DataObject) -> None:
        name, text = number
        place = data.draw(st.integers(0, len(text) - 1))
        value = data.draw(st.integers(0, 9).filter(lambda value: value != int(text[place])))
        best, *others = Rules(name).find(blur(sure_of(text), place, value))
        assert best.text == text
        assert best.probability > 0.95
        assert all(other.probability < 0.05 for other in others)


class TestLength:
    @pytest.mark.parametrize(
        ("value", "lengths"), [("1", {1}), ("4", {4}), ("3-5", {3, 4, 5}), ("4-4", {4}), ("5-20", {5, 6, 7})]
    )
    def test_is_one_or_from_one_to_another(self, value: str, lengths: set[int]) -> None:
        assert {k for k in range(1, 8) if fits(f"length={value}", "0" * k)} == lengths

    @pytest.mark.parametrize("value", ["5-3", "x", "0", "0-3", "-3", "3-", "3-4-5", "1.5", " 4", "4 ", "²", "99999"])
    def test_anything_else_is_told(self, value: str) -> None:
        with pytest.raises(UsageError, match=r"found length .*expected how many digits"):
            Rules(f"length={value}")

    def test_of_a_line_of_another_length_nothing_fits(self) -> None:
        assert Rules("length=3").find(sure_of("12")) == ()
        assert Rules("length=1-2").find(sure_of("12"))[0].text == "12"


DIGIT_SETS = st.sampled_from([*"0123", ".", r"\d", "[01]", "[^0]", "[1-3]", r"[^\d]"])
EXPRESSIONS = st.recursive(
    DIGIT_SETS,
    lambda part: st.one_of(
        st.tuples(part, part).map("".join),
        st.tuples(part, part).map("({0[0]}|{0[1]})".format),
        st.tuples(part, part).map("(?:{0[0]}|{0[1]}|)".format),
        st.tuples(part, st.sampled_from(["*", "+", "?", "*?", "{2}", "{1,2}", "{2,}", "{,2}", "{0}", "{0,1}?"])).map(
            "({0[0]}){0[1]}".format
        ),
    ),
    max_leaves=6,
)
SHORT = ["".join(text) for k in range(6) for text in itertools.product("0123", repeat=k)]


class TestPattern:
    @given(expression=EXPRESSIONS)
    @settings(deadline=None)
    def test_matches_what_python_matches(self, expression: str) -> None:
        assume(len(expression) <= 40)
        pattern, python = Pattern(expression), re.compile(expression)
        for text in SHORT[::7]:
            assert pattern(text) == bool(python.fullmatch(text)), text

    @pytest.mark.parametrize("expression", [r"20\d\d", r"^20\d\d$", "20[0-9]{2}", "(19|20)..", r"(?:2|3)0\d{1,2}"])
    def test_is_of_the_whole_line(self, expression: str) -> None:
        assert fits(f"pattern={expression}", "2026")
        assert not fits(f"pattern={expression}", "12026")
        assert not fits(f"pattern={expression}", "20266")

    def test_what_it_remembers_is_bounded(self) -> None:
        pattern, python = Pattern(".*0.{20}"), re.compile(".*0.{20}")
        for number in range(200):
            text = f"{number * 10**8:040b}"
            assert pattern(text) == bool(python.fullmatch(text))
            assert len(pattern._known) <= REMEMBERED

    @pytest.mark.parametrize("expression", [r"(\d+)+[13]", r"(\d|\d\d)*0[13]", r"(\d*)*1", "(2|2?)+" + "2?" * 40 + "1"])
    def test_no_pattern_takes_for_ever(self, expression: str) -> None:
        before = time.process_time()
        assert not Pattern(expression)("2" * 500)
        assert time.process_time() - before < 2

    def test_too_many_ways_are_told(self) -> None:
        with pytest.raises(UsageError, match="more than 250 ways at once"):
            Pattern(r"((\d{1,99}){1,99}){1,99}")("2" * 60)

    @pytest.mark.parametrize(
        ("expression", "words"),
        [
            (r"\w+", re.escape(r"found '\w' in pattern '\w+', expected")),
            ("(", "no regular expression"),
            (")", "no regular expression"),
            ("1{3,2}", "no regular expression"),
            ("*", "no regular expression"),
            ("1{2}{3}", "no regular expression"),
            ("[9-1]", "no regular expression"),
            ("1{99999999999}", "no regular expression"),
            ("[0-9", r"found '\['"),
            ("x", "found 'x'"),
            ("1x", "found 'x'"),
            ("1 2", "found ' '"),
            ("1$|2", r"found '\$'"),
            (r"\w", "expected digits"),
            ("(?=1)", "found '='"),
            (r"(1)\1", "expected digits"),
            ("1++", r"found '\+'"),
            ("1{2}+", r"found '\{'"),
            ("٣", "expected digits"),
            ("1" * 201, "201 letters"),
        ],
    )
    def test_what_is_not_understood_is_told(self, expression: str, words: str) -> None:
        with pytest.raises(UsageError, match=words) as caught:
            Rules(f"pattern={expression}")
        assert "\n" not in str(caught.value)

    def test_deep_brackets_are_no_fault(self) -> None:
        assert Pattern("(" * 60 + "1" + ")?" * 60)("1")
        assert Pattern("(" * 100 + ")" * 100)("")


class TestAmong:
    @pytest.fixture
    def numbers(self, tmp_path: Path) -> Path:
        path = tmp_path / "numbers.txt"
        path.write_bytes(b"\xef\xbb\xbf1234\r\n\r\n 5678 \n99\n1234\n")
        return path

    def test_is_one_of_the_numbers_of_a_file(self, numbers: Path) -> None:
        assert all(fits(f"among={numbers}", text) for text in ("1234", "5678", "99"))
        assert not any(fits(f"among={numbers}", text) for text in ("123", "12345", "1235", "98", "1", "9" * 9))

    def test_far_guesses_count_as_well(self, numbers: Path) -> None:
        """What is written may be no digit's second or third guess; the list says that it is there."""
        rows = np.full((4, 10), 0.03, np.float32)
        rows[:, :3] = 0.3, 0.2, 0.18
        rows[range(4), [5, 6, 7, 8]] = 0.15
        best, second = Rules(f"among={numbers}").find(rows)
        assert (best.text, second.text) == ("5678", "1234")
        assert best.probability == pytest.approx(products(rows, ["1234", "5678"])["5678"], abs=1e-6)
        assert best.probability > LIKELY

    def test_what_is_far_from_all_is_none(self, numbers: Path) -> None:
        found = Rules(f"among={numbers}").find(sure_of("1290"))
        assert not found or found[0].probability < LIKELY
        assert Rules(f"among={numbers}").find(sure_of("123")) == ()

    def test_a_number_that_stands_twice_counts_once(self, numbers: Path) -> None:
        assert Rules(f"among={numbers}").find(sure_of("1234"))[0].probability == 1

    @given(
        listed=st.sets(st.text("0123456789", min_size=3, max_size=3), min_size=1, max_size=50),
        rows=arrays(np.float64, (3, 10), elements=st.floats(0.02, 1)),
    )
    @settings(deadline=None)
    def test_finds_the_best_of_the_list(self, listed: set[str], rows: NDArray[np.float64]) -> None:
        rules = Rules()
        rules._listed = module.Listed(sorted(listed))
        expected = products(rows.astype(np.float32), sorted(listed))
        found = {candidate.text: candidate.probability for candidate in rules.find(rows.astype(np.float32))}
        near = {text: share for text, share in expected.items() if share > 1e-4}
        assert near.keys() <= found.keys() <= expected.keys()
        assert [found[text] for text in near] == pytest.approx(list(near.values()), abs=1e-4)

    def test_a_list_and_a_check_hold_both(self, tmp_path: Path) -> None:
        (tmp_path / "n").write_text("18\n19\n26\n")
        found = Rules([f"among={tmp_path / 'n'}", "luhn"]).find(sure_of("19", 0.7))
        assert {candidate.text for candidate in found} == {"18", "26"}

    def test_two_lists_hold_both(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("12\n34\n")
        (tmp_path / "b").write_text("34\n56\n")
        found = Rules([f"among={tmp_path / 'a'}", f"among={tmp_path / 'b'}"]).find(sure_of("12", 0.7))
        assert [candidate.text for candidate in found] == ["34"]

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "has 0 numbers"),
            (b"\n \n", "has 0 numbers"),
            (b"12\n1x\n", "line 2 is '1x'"),
            (b"12\n\n1 2\n", "line 3 is '1 2'"),
            (b"-1\n", "line 1 is '-1'"),
            ("１\n".encode(), "line 1 is"),
            ("12\n".encode("utf-16"), "line 1 is"),
            (b"\x89PNG\r\n\x1a\n", "line 1 is"),
            (b"x" * 1000, f"line 1 is '{'x' * 40}'"),
        ],
    )
    def test_a_file_of_anything_else_is_told(self, content: bytes, words: str, tmp_path: Path) -> None:
        (tmp_path / "n.txt").write_bytes(content)
        with pytest.raises(DataError, match=words) as caught:
            Rules(f"among={tmp_path / 'n.txt'}")
        assert "\n" not in str(caught.value)
        assert str(tmp_path / "n.txt") in str(caught.value)

    def test_no_file(self, tmp_path: Path) -> None:
        for file, words in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory"), ("a\0b", "null byte")):
            with pytest.raises(DataError, match=words):
                Rules(f"among={file}")

    def test_a_huge_file_is_told_before_it_is_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with (tmp_path / "huge").open("wb") as file:
            file.truncate(2**30)
        with pytest.raises(DataError, match="larger than 16 MiB"):
            Rules(f"among={tmp_path / 'huge'}")
        with pytest.raises(DataError, match="larger than 16 MiB"):
            Rules("among=/dev/zero")
        monkeypatch.setattr(module, "MAX_LISTED", 3)
        (tmp_path / "many").write_text("1\n2\n3\n4\n")
        with pytest.raises(DataError, match="has 4 numbers, expected 1 to 3"):
            Rules(f"among={tmp_path / 'many'}")


def products(rows: Probabilities, texts: Sequence[str]) -> dict[str, float]:
    """The probability of each of the texts that fit, by the definition, best first."""
    ratios = rows.astype(np.float64) / rows.max(1, keepdims=True)
    weights = {text: float(np.prod([row[int(c)] for row, c in zip(ratios, text, strict=True)])) for text in texts}
    mass = sum(weights.values()) + (EXCEPTIONS if max(weights.values()) < 1 else 0)
    return {text: weights[text] / mass for text in sorted(texts, key=lambda text: -weights[text])}


def all_texts(k: int) -> list[str]:
    return ["".join(map(str, digits)) for digits in itertools.product(range(10), repeat=k)]


class TestOrder:
    @given(rows=st.integers(2, 3).flatmap(lambda k: arrays(np.float64, (k, 10), elements=st.floats(0.02, 1))))
    @settings(deadline=None)
    def test_the_best_of_all_texts_that_fit_with_its_share(self, rows: NDArray[np.float64]) -> None:
        probabilities = (rows / rows.sum(1, keepdims=True)).astype(np.float32)
        expected = products(probabilities, [text for text in all_texts(len(rows)) if fits("luhn", text)])
        found = Rules("luhn").find(probabilities)
        shares = [candidate.probability for candidate in found]
        assert shares == sorted(shares, reverse=True)
        assert {candidate.text for candidate in found} <= expected.keys()
        assert shares[:10] == pytest.approx(list(expected.values())[:10], abs=2e-5)
        assert expected[found[0].text] == pytest.approx(max(expected.values()))

    @given(rows=arrays(np.float64, (3, 10), elements=st.sampled_from([0.01, 0.1, 0.3, 0.9, 1.0])))
    @settings(deadline=None, max_examples=50)
    def test_where_there_are_too_many_the_best_are_tried(self, rows: NDArray[np.float64]) -> None:
        probabilities = (rows / rows.sum(1, keepdims=True)).astype(np.float32)
        weights = list(products(probabilities, all_texts(3)).values())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "MAX_CANDIDATES", 37)
            found = Rules("length=3").find(probabilities)
        assert len(found) == 37
        shares = [candidate.probability for candidate in found]
        assert shares == pytest.approx(weights[:37], abs=1e-3 * weights[0] + 1e-6)
        assert found[0].text == "".join(str(row.argmax()) for row in probabilities), "of equals the first"

    def test_of_equals_the_first_stays(self) -> None:
        found = Rules("length=6").find(np.full((6, 10), 0.1, np.float32))
        assert found[0].text == "000000"
        assert found[0].probability == pytest.approx(1e-6)
        assert len(found) == module.MAX_CANDIDATES

    @pytest.mark.parametrize("k", [1, 13, 19, 40])
    @pytest.mark.parametrize("sureness", [0.1, 0.6, 0.99])
    def test_the_time_is_bounded(self, k: int, sureness: float) -> None:
        rules, rows = Rules(["luhn", r"pattern=(\d\d?)+"]), sure_of("7" * k, sureness)
        before = time.process_time()
        rules.find(rows)
        assert time.process_time() - before < 0.5

    def test_a_long_line_of_doubt_is_no_fault(self) -> None:
        assert Rules("length=500").find(np.full((500, 10), 0.1, np.float32))[0].probability == 0

    def test_what_is_impossible_is_not_said(self) -> None:
        assert Rules("luhn").find(np.eye(10, dtype=np.float32)[[1, 9]]) == ()
        assert Rules("luhn").find(np.zeros((2, 10), np.float32)) == ()

    def test_a_class_that_is_no_digit_says_nothing(self) -> None:
        rows = np.column_stack([sure_of("18"), np.full(2, 0.9, np.float32)])
        assert Rules("luhn").find(rows)[0].text == "18"


class TestRules:
    def test_what_looks_fit_is_certain(self) -> None:
        best = Rules("luhn").find(sure_of("4111111111111111"))[0]
        assert best.text == "4111111111111111"
        assert best.probability > 0.998

    def test_what_is_surely_read_otherwise_is_not_repaired(self) -> None:
        best = Rules("luhn").find(sure_of("4111111111111112"))[0]
        assert best.probability < 0.1, "any of sixteen digits may be it, or none"

    def test_an_exception_is_likelier_than_a_far_text(self) -> None:
        assert Rules("pattern=28").find(sure_of("19")) == ()
        close = Rules("pattern=18").find(blur(sure_of("18"), 1, 9, 0.9895))
        assert close[0].probability == pytest.approx(0.0005 / 0.9895 / (0.0005 / 0.9895 + EXCEPTIONS), abs=1e-3)

    def test_all_hold_at_once(self) -> None:
        rows = blur(blur(sure_of("4111111111111111"), 15, 7), 3, 7)
        for rules in (["luhn", "length=16", "pattern=4111.*"], [r"pattern=4111\d{12}", "luhn"]):
            assert Rules(rules).find(rows)[0].text == "4111111111111111"
        assert Rules(["luhn", "length=15"]).find(rows) == ()

    def test_are_named_in_their_order(self) -> None:
        assert Rules(["length=3", "luhn"]).name == "length+luhn"
        assert Rules(["luhn", "luhn"]).name == "luhn"
        assert Rules("luhn").name == "luhn"
        assert Rules().name == ""

    @pytest.mark.parametrize(
        ("rule", "words"),
        [
            ("lunh", "unknown rule 'lunh'; did you mean 'luhn'"),
            ("", "unknown rule ''"),
            ("luhn=3", "found rule 'luhn=3', expected 'luhn'"),
            ("length", r"found rule 'length', expected 'length=N\|N-M'"),
            ("length=", "found rule 'length='"),
            ("among", "expected 'among=FILE'"),
        ],
    )
    def test_an_unknown_one_is_told(self, rule: str, words: str) -> None:
        with pytest.raises(UsageError, match=words):
            Rules([rule])

    def test_a_pattern_may_hold_a_sign_of_equality_in_its_message(self) -> None:
        with pytest.raises(UsageError, match="found '='"):
            Rules("pattern=1=2")


def test_numbers_that_are_at_hand_are_as_those_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "numbers").write_text("123\n173\n17\n")
    rows = blur(sure_of("123"), 1, 7)
    at_hand = Rules(["length=3", Listed(["123", "173", "17"]), "luhn"])
    of_file = Rules(["length=3", f"among={tmp_path / 'numbers'}", "luhn"])
    assert at_hand.name == of_file.name == "length+among+luhn"
    assert at_hand.find(rows) == of_file.find(rows)
    for alone in (Listed(["123"]), [Listed(["123"])]):
        assert Rules(alone).find(sure_of("123"))[0].text == "123"


@pytest.mark.parametrize("text", ["20a6", "", "²", b"2026", 2026])
def test_numbers_that_are_none_are_told(text: Any) -> None:
    with pytest.raises(UsageError, match="expected texts of digits alone"):
        Listed(["2026", text])


def test_rules_are_the_same_in_another_process(tmp_path: Path) -> None:
    (tmp_path / "numbers.txt").write_text("18\n26\n")
    rules = Rules(["length=2", f"among={tmp_path / 'numbers.txt'}", "luhn", Listed(["18", "34"])])
    (tmp_path / "numbers.txt").unlink()  # as a pipe has nothing left
    sent = pickle.loads(pickle.dumps(rules))  # noqa: S301
    assert sent.name == rules.name
    assert [c.text for c in sent.find(sure_of("18", 0.9))] == [c.text for c in rules.find(sure_of("18", 0.9))] == ["18"]
