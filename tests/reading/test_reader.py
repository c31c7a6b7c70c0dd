"""The reader: from probabilities to a reading. The network is a lambda."""

import io
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

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
from inkdigit.reading.reader import ALTERNATIVES

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
