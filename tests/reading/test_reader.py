"""The reader: from probabilities to a reading. The network is a lambda."""

import csv
import io
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import numpy as np
import PIL.Image
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

import inkdigit
from inkdigit import DataError, ImageError, Reader, Reading, UsageError
from inkdigit.images import Images, Probabilities
from inkdigit.preparation.box import Box
from inkdigit.preparation.ink import WORKING_SIDE
from inkdigit.preparation.load import PictureLike
from inkdigit.preparation.prepare import Prepared
from inkdigit.reading.draw import CHANGED, SURE, draw_annotated
from inkdigit.reading.formats import FORMATS
from inkdigit.reading.reader import ALTERNATIVES
from inkdigit.reading.rules import RULES, Rules

Page = NDArray[np.uint8]
DrawPage = Callable[..., Page]
THREE = (Box(50, 40, 12, 60), Box(120, 40, 12, 60), Box(50, 180, 14, 70))
"""Two bars side by side and one below."""


def always(*probabilities: float) -> Callable[[Images], Probabilities]:
    """A classifier that sees the same everywhere."""
    return lambda images: np.tile(np.array(probabilities, np.float32), (len(images), 1))


SEES_SEVEN = always(0.01, 0.15, 0.02, 0.02, 0.02, 0.01, 0.01, 0.7, 0.05, 0.01)


def encode(page: Page, orientation: int = 1) -> bytes:
    """A PNG that says how it is to be turned."""
    buffer, exif = io.BytesIO(), PIL.Image.Exif()
    exif[0x0112] = orientation
    PIL.Image.fromarray(page).save(buffer, "PNG", exif=exif)
    return buffer.getvalue()


def test_guesses_are_best_first_and_begin_with_the_value(draw_page: DrawPage) -> None:
    digit = Reader(SEES_SEVEN).read(draw_page(THREE[0])).digits[0]
    assert (digit.value, digit.confidence, digit.refused, digit.reason) == (7, 0.7, False, None)
    assert [(guess.value, guess.confidence) for guess in digit.alternatives] == [(7, 0.7), (1, 0.15), (8, 0.05)]


def test_lines_are_joined_by_a_newline(draw_page: DrawPage) -> None:
    reading = Reader(SEES_SEVEN).read(draw_page(*THREE))
    assert reading.text == "77\n7"
    assert [line.text for line in reading.lines] == ["77", "7"]
    assert [len(line.digits) for line in reading.lines] == [2, 1]


def test_each_digit_gets_its_own_answer_in_reading_order(draw_page: DrawPage) -> None:
    reading = Reader(lambda images: np.eye(10, dtype=np.float32)[: len(images)]).read(draw_page(*THREE))
    assert reading.text == "01\n2"
    assert [digit.box for digit in reading.digits] == list(THREE)


def test_the_network_sees_digit_images(draw_page: DrawPage) -> None:
    seen: list[Images] = []
    answer = always(*[0.1] * 10)
    explanation = Reader(lambda images: seen.append(images) or answer(images)).explain(draw_page(*THREE))  # type: ignore[func-returns-value]
    assert len(seen) == 1, "one call for the whole picture"
    assert seen[0].dtype == np.uint8
    assert seen[0].shape == (3, 28, 28)
    assert all(image.max() >= 250 for image in seen[0])
    np.testing.assert_array_equal(seen[0], explanation.images)


@given(rows=st.integers(1, 3).flatmap(lambda k: arrays(np.float64, (k, 10), elements=st.floats(0.001, 1))))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_alternatives_of_a_line_are_the_best_of_all_products(rows: NDArray[np.float64], draw_page: DrawPage) -> None:
    probabilities = (rows / rows.sum(1, keepdims=True)).astype(np.float32)
    page = draw_page(*(Box(50 + 70 * i, 40, 12, 60) for i in range(len(rows))))
    line = Reader(lambda _: probabilities).read(page).lines[0]
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


def test_not_a_digit_is_no_value(draw_page: DrawPage) -> None:
    reading = Reader(always(*[0.01] * 4, 0.03, *[0.01] * 5, 0.88)).read(draw_page(THREE[0]))
    assert (reading.text, reading.digits[0].confidence) == ("4", 0.03)
    assert all(guess.value < 10 for guess in reading.digits[0].alternatives)


def test_an_empty_box_is_refused(monkeypatch: pytest.MonkeyPatch, draw_page: DrawPage) -> None:
    images = np.zeros((2, 28, 28), np.uint8)
    images[1, 5:20, 10:14] = 255
    prepared = Prepared(np.zeros((300, 400), np.float32), [list(THREE[:2])], images)
    monkeypatch.setattr("inkdigit.reading.reader.prepare", lambda _: prepared)
    line = Reader(SEES_SEVEN).read(draw_page()).lines[0]
    assert line.text == "?7"
    assert line.alternatives[0].text == "77"
    assert [(digit.value, digit.refused, digit.reason) for digit in line.digits] == [
        (7, True, "not_a_digit"),
        (7, False, None),
    ]


def test_nothing_is_refused_for_being_unsure(draw_page: DrawPage) -> None:
    assert not any(digit.refused for digit in Reader(always(*[0.1] * 10)).read(draw_page(*THREE)).digits)


def test_no_ink_is_no_error(draw_page: DrawPage) -> None:
    def never(images: Images) -> Probabilities:
        raise AssertionError("there is nothing to classify")

    reading = Reader(never).read(draw_page(width=50, height=40))
    assert reading == Reading("image", 50, 40, "", ())


def test_numbers_are_short_and_plain(draw_page: DrawPage) -> None:
    values = Reader(always(*[1 / 3] * 3, *[0.0] * 7)).read(draw_page(*THREE)).to_dict()
    assert json.loads(json.dumps(values))["lines"][0]["digits"][0]["confidence"] == 0.333333


@pytest.mark.parametrize("scale", [1, 6, 10])
def test_boxes_are_pixels_of_the_picture_as_large_as_it_is(scale: int, draw_page: DrawPage) -> None:
    boxes = [Box(b.x * scale + 3, b.y * scale + 7, b.width * scale, b.height * scale) for b in THREE]
    reading = Reader(SEES_SEVEN).read(draw_page(*boxes, width=400 * scale + 10, height=300 * scale + 20))
    assert (reading.width, reading.height) == (400 * scale + 10, 300 * scale + 20)
    slack = 0 if 400 * scale <= WORKING_SIDE else 2 * 400 * scale / WORKING_SIDE
    for found, drawn in zip(reading.digits, boxes, strict=True):
        for side in ("x", "y", "width", "height"):
            assert getattr(found.box, side) == pytest.approx(getattr(drawn, side), abs=slack)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_are_pixels_of_the_upright_picture(orientation: int, draw_page: DrawPage) -> None:
    upright = draw_page(*THREE)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright),
        7: upright.T[::-1, ::-1],
        8: np.rot90(upright, -1),
    }[orientation]
    reading = Reader(SEES_SEVEN).read(encode(np.ascontiguousarray(stored), orientation))
    assert (reading.width, reading.height) == (400, 300)
    assert [digit.box for digit in reading.digits] == list(THREE)


def test_a_box_never_leaves_the_picture(draw_page: DrawPage) -> None:
    width, height = 3333, 1777
    corner = Box(width - 130, height - 620, 130, 620)
    box = Reader(SEES_SEVEN).read(draw_page(corner, width=width, height=height)).digits[0].box
    assert box.x + box.width <= width
    assert box.y + box.height <= height


def test_explanation_keeps_every_stage(draw_page: DrawPage) -> None:
    page = draw_page(*THREE)
    explanation = Reader(SEES_SEVEN).explain(PIL.Image.fromarray(page).convert("RGBA"))
    assert explanation.picture.mode in ("L", "RGB")
    np.testing.assert_array_equal(explanation.grey, page)
    assert explanation.ink.shape == page.shape
    assert (explanation.ink[page == 0] > 0.9).all()
    assert (explanation.ink[:20] == 0).all()
    assert explanation.reading == Reader(SEES_SEVEN).read(PIL.Image.fromarray(page).convert("RGBA"))


def test_a_reading_is_named_after_its_source(draw_page: DrawPage, tmp_path: Path) -> None:
    page, path = draw_page(THREE[0]), tmp_path / "one.png"
    path.write_bytes(encode(page))
    reader = Reader(SEES_SEVEN)
    assert reader.read(str(path)).source == str(path)
    assert reader.read(path).source == str(path)
    assert reader.read(encode(page)).source == "bytes"
    assert reader.read(page).source == "image"
    assert reader.read(PIL.Image.fromarray(page)).source == "image"
    assert reader.read(page, name="camera").source == "camera"


def test_an_error_is_named_after_its_source(tmp_path: Path) -> None:
    for source, name, expected in ((tmp_path / "a.png", None, str(tmp_path / "a.png")), (b"", "-", "-")):
        with pytest.raises(ImageError) as caught:
            Reader(SEES_SEVEN).read(source, name=name)
        assert caught.value.source == expected


def test_many_are_read_in_order_and_as_they_are_asked_for(draw_page: DrawPage, tmp_path: Path) -> None:
    asked = []

    def sources() -> Iterator[PictureLike]:
        listed = (draw_page(THREE[0]), tmp_path / "none.png", b"", encode(draw_page(*THREE)), "x\0")
        for source in listed:
            asked.append(source)
            yield source

    results = Reader(SEES_SEVEN).read_many(sources())
    assert not asked
    first = next(results)
    assert len(asked) == 1
    found = [first, *results]
    assert [result.text if isinstance(result, Reading) else result.code for result in found] == [
        "7",
        "not_found",
        "empty",
        "77\n7",
        "not_found",
    ]
    assert [result.source for result in found] == ["image", str(tmp_path / "none.png"), "bytes", "bytes", "x\0"]


def test_a_reader_opens_what_can_be_called_a_model(trained_run: Path, tmp_path: Path) -> None:
    for model in (trained_run, str(trained_run), trained_run / "model.onnx"):
        assert Reader(model).classifier.path == trained_run / "model.onnx"  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="did you mean 'reader'"):
        Reader("raeder")
    with pytest.raises(DataError, match=r"no model\.onnx"):
        Reader(tmp_path)


def test_a_model_is_opened_once(draw_page: DrawPage, monkeypatch: pytest.MonkeyPatch) -> None:
    inkdigit.read(draw_page(THREE[0]))
    monkeypatch.setattr("inkdigit.reading.reader.Reader", lambda *_: pytest.fail("opened again"))
    assert inkdigit.read(draw_page(THREE[0])).width == 400


CARD = "4111111111111111"


def says(text: str, place: int = -1, value: int = 0, confidence: float = 0.6) -> Callable[[Images], Probabilities]:
    """A classifier that sees a text, but at one place likelier another digit."""
    rows = np.full((len(text), 10), 1e-5, np.float32)
    rows[range(len(text)), list(map(int, text))] = 1 - 9e-5
    if place >= 0:
        rows[place] = 0.001
        rows[place, int(text[place])], rows[place, value] = 0.992 - confidence, confidence
    return lambda images: rows[: len(images)]


@pytest.fixture
def draw_bars(draw_page: DrawPage) -> Callable[..., Page]:
    """Draws lines of so many bars."""

    def draw(*counts: int) -> Page:
        boxes = [Box(20 + 40 * i, 20 + 100 * j, 12, 60) for j, count in enumerate(counts) for i in range(count)]
        return draw_page(*boxes, width=700, height=300)

    return draw


class TestRules:
    def test_what_a_rule_changes_is_marked(self, draw_bars: DrawPage) -> None:
        reading = Reader(says(CARD, 3, 7)).read(draw_bars(16), rules="luhn")
        (line,) = reading.lines
        assert reading.text == line.text == CARD
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

    def test_what_fits_stays_as_it_is(self, draw_bars: DrawPage) -> None:
        reader = Reader(says(CARD))
        plain, ruled = reader.read(draw_bars(16)), reader.read(draw_bars(16), rules=["luhn", "length=16"])
        assert ruled.digits == plain.digits
        assert ruled.lines[0].rule is not None
        assert (ruled.lines[0].rule.name, ruled.lines[0].rule.changed) == ("luhn+length", ())
        assert plain.lines[0].rule is None

    def test_what_fits_is_told_however_doubtful(self, draw_bars: DrawPage) -> None:
        line = Reader(always(*[0.1] * 10)).read(draw_bars(16), rules="length=16").lines[0]
        assert line.text == "0" * 16
        assert line.rule is not None
        assert line.rule.probability < 1e-6

    @pytest.mark.parametrize("rule", ["length=15", "length=17-20", "pattern=9+", "isbn13", "luhn"])
    def test_a_line_that_nothing_likely_fits_is_refused(self, rule: str, draw_bars: DrawPage) -> None:
        line = Reader(says("4111111111111112")).read(draw_bars(16), rules=rule).lines[0]
        assert line.text == "?" * 16
        assert line.guess == "".join(str(digit.value) for digit in line.digits) == "4111111111111112"
        assert {(digit.refused, digit.reason) for digit in line.digits} == {(True, "rule")}
        assert line.rule is not None
        assert line.rule.changed == ()
        assert line.rule.probability < 0.5
        assert line.alternatives

    def test_each_line_is_judged_by_itself(self, draw_bars: DrawPage) -> None:
        reading = Reader(says("18123", 1, 9)).read(draw_bars(2, 3), rules=["length=2", "luhn"])
        assert reading.text == "18\n???"
        assert [line.rule.changed if line.rule else None for line in reading.lines] == [(1,), ()]

    def test_one_of_a_list(self, draw_bars: DrawPage, tmp_path: Path) -> None:
        (tmp_path / "numbers").write_text("2026\n2031\n")
        reader, rule = Reader(says("2026", 3, 5, 0.9)), f"among={tmp_path / 'numbers'}"
        assert reader.read(draw_bars(4)).text == "2025"
        assert reader.read(draw_bars(4), rules=rule).text == "2026"
        (tmp_path / "numbers").write_text("1999\n20260\n")
        assert reader.read(draw_bars(4), rules=rule).text == "????"

    def test_an_empty_box_stays_refused(self, monkeypatch: pytest.MonkeyPatch, draw_page: DrawPage) -> None:
        images = np.zeros((2, 28, 28), np.uint8)
        images[1, 5:20, 10:14] = 255
        prepared = Prepared(np.zeros((300, 400), np.float32), [list(THREE[:2])], images)
        monkeypatch.setattr("inkdigit.reading.reader.prepare", lambda _: prepared)
        for rule, text in (("pattern=18", "?8"), ("pattern=99", "??")):
            line = Reader(says("18", 0, 2)).read(draw_page(), rules=rule).lines[0]
            assert line.text == text
            assert line.digits[0].reason == "not_a_digit"

    def test_the_same_call_from_everywhere(self, draw_bars: DrawPage, monkeypatch: pytest.MonkeyPatch) -> None:
        page, reader = draw_bars(16), Reader(says(CARD, 3, 7))
        expected = reader.read(page, rules=["luhn"], min_confidence=0.2)
        for rules in ("luhn", ("luhn",), iter(["luhn"]), Rules("luhn")):
            assert reader.read(page, rules=rules, min_confidence=0.2) == expected
        assert reader.explain(page, rules="luhn", min_confidence=0.2).reading == expected
        assert list(reader.read_many([page, page], rules=iter(["luhn"]), min_confidence=0.2)) == [expected] * 2
        monkeypatch.setattr("inkdigit.reading.reader._open", lambda *_: reader)
        assert inkdigit.read(page, rules=["luhn"], min_confidence=0.2) == expected

    def test_a_wrong_rule_is_told(self, draw_bars: DrawPage, tmp_path: Path) -> None:
        for rule, error in (("lunh", UsageError), ("length=5-3", UsageError), (f"among={tmp_path}", DataError)):
            with pytest.raises(error):
                Reader(SEES_SEVEN).read(draw_bars(1), rules=rule)
            with pytest.raises(error):
                list(Reader(SEES_SEVEN).read_many([draw_bars(1)], rules=rule))

    def test_plain_values_say_it_and_come_back(self, draw_bars: DrawPage) -> None:
        schema = json.loads((Path(__file__).parents[2] / "docs" / "reading.schema.json").read_text())
        reader = Reader(says("18123", 1, 9))
        for rules, keys in (((), []), (["length=2", "luhn"], ["rule"])):
            reading = reader.read(draw_bars(2, 3), rules=rules)
            values = json.loads(json.dumps(reading.to_dict()))
            jsonschema.validate([values], schema)
            assert list(values["lines"][0]) == ["text", "alternatives", "digits", *keys]
            assert Reading.from_dict(values) == reading
        rule = values["lines"][0]["rule"]
        assert rule == {"name": "length+luhn", "changed": [1], "probability": pytest.approx(1, abs=0.02)}
        for wrong in ({"name": "luhn"}, {"name": "luhn", "changed": [-1], "probability": 1}, 7):
            values["lines"][0]["rule"] = wrong
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate([values], schema)

    def test_tables_and_pictures_mark_it(self, draw_bars: DrawPage) -> None:
        explanation = Reader(says("18123", 1, 9)).explain(draw_bars(2, 3), rules=["length=2", "luhn"])
        rows = list(csv.DictReader(FORMATS["csv"].write([explanation], False, None)))
        assert [(row["value"], row["refused"], row["reason"]) for row in rows[:3]] == [
            ("1", "false", ""),
            ("8", "false", "rule"),
            ("1", "true", "rule"),
        ]
        assert "".join(FORMATS["text"].write([explanation], False, None)) == "18\n???\n"
        drawn = np.asarray(draw_annotated(explanation))
        for colour, first, last in ((SURE, 10, 40), (CHANGED, 50, 90)):
            found = np.nonzero((drawn == colour).all(2))[1]
            assert first <= found.min() <= found.max() <= last

    @given(text=st.text("0123456789", min_size=1, max_size=8), data=st.data())
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_no_change_goes_unmarked(self, text: str, data: st.DataObject, draw_bars: DrawPage) -> None:
        place, value = data.draw(st.integers(0, len(text) - 1)), data.draw(st.integers(0, 9))
        reader, page = Reader(says(text, place, value, data.draw(st.floats(0.5, 0.98)))), draw_bars(len(text))
        rule = data.draw(st.sampled_from(["luhn", "length=1-4", "pattern=.*[02468]", r"pattern=(\d\d)+"]))
        plain, line = reader.read(page).lines[0], reader.read(page, rules=rule).lines[0]
        assert line.rule is not None
        if "?" in line.text:
            assert line.text == "?" * len(text)
        else:
            assert RULES[rule.split("=")[0]].build(rule.partition("=")[2])(line.text)
            different = tuple(i for i, (a, b) in enumerate(zip(plain.text, line.text, strict=True)) if a != b)
            assert line.rule.changed == different
        assert line.guess == plain.text


class TestMinConfidence:
    @pytest.mark.parametrize(("least", "text"), [(0, "7"), (0.69, "7"), (0.7, "7"), (0.700001, "?"), (1, "?")])
    def test_a_digit_less_sure_is_refused(self, least: float, text: str, draw_page: DrawPage) -> None:
        reading = Reader(SEES_SEVEN).read(draw_page(THREE[0]), min_confidence=least)
        assert reading.text == reading.lines[0].text == text
        digit = reading.digits[0]
        assert (digit.value, digit.refused) == (7, text == "?")
        assert digit.reason == ("unsure" if text == "?" else None)

    def test_the_sure_ones_beside_it_are_told(self, draw_bars: DrawPage) -> None:
        assert Reader(says("2026", 1, 6)).read(draw_bars(4), min_confidence=0.9).text == "2?26"

    def test_a_rule_makes_sure(self, draw_bars: DrawPage) -> None:
        reader, page = Reader(says(CARD, 3, 7)), draw_bars(16)
        assert reader.read(page, min_confidence=0.9).text == "411?111111111111"
        assert reader.read(page, rules="luhn", min_confidence=0.9).text == CARD
        doubtful = reader.read(page, rules="length=16", min_confidence=0.9).lines[0]
        assert doubtful.text == "411?111111111111", "how many there are says nothing about which"
        assert doubtful.digits[3].reason == "unsure"

    def test_a_line_against_its_rules_stays_refused_for_that(self, draw_bars: DrawPage) -> None:
        reading = Reader(says("12")).read(draw_bars(2), rules="length=3", min_confidence=1)
        assert {digit.reason for digit in reading.digits} == {"rule"}

    @pytest.mark.parametrize("least", [-0.1, 1.1, float("nan"), float("inf")])
    def test_anything_but_a_share_is_told(self, least: float, draw_page: DrawPage) -> None:
        with pytest.raises(UsageError, match="expected 0, which refuses nothing, to 1"):
            Reader(SEES_SEVEN).read(draw_page(THREE[0]), min_confidence=least)
