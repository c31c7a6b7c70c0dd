"""The reader: from a source to a reading. The locator finds dark pieces, the classifier is a lambda."""

import io
import json
import pickle
import time
from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

import inkdigit
from inkdigit import DataError, ImageError, Reader, Reading, UsageError
from inkdigit.classifier import Classifier, OnnxClassifier
from inkdigit.images import CLASSES, SIZE, Images, Probabilities, is_digit_image
from inkdigit.locator import Findings, Locator, OnnxLocator
from inkdigit.preparation.box import Box
from inkdigit.preparation.load import PictureLike
from inkdigit.reading.joining import Joining
from inkdigit.reading.reader import AHEAD, BATCH
from inkdigit.reading.rules import Rules
from inkdigit.reading.weights import find_model

Page = NDArray[np.uint8]
DrawPage = Callable[..., Page]
THREE = (Box(50, 40, 20, 60), Box(120, 40, 20, 60), Box(50, 180, 22, 70))
"""Two bars side by side and one below."""

SAMPLES = Path(__file__).parents[2] / "samples"


def sees(value: int, probability: float = 0.97) -> Classifier:
    """A classifier that sees the same everywhere; 10 is no digit."""
    row = np.full(CLASSES + 1, (1 - probability) / CLASSES, np.float32)
    row[value] = probability
    return lambda images: np.tile(row, (len(images), 1))


def find_nothing(page: Page) -> Findings:
    return Findings(np.empty((0, 4), np.float32), np.empty((0, CLASSES), np.float32))


@pytest.fixture
def reader(find_blobs: Locator) -> Reader:
    """What it finds, both networks take for a 7."""
    return Reader(sees(7), locator=find_blobs)


@pytest.fixture
def digit_image() -> Images:
    """A bar as MNIST has it."""
    image = np.zeros((SIZE, SIZE), np.uint8)
    image[4:24, 12:16] = 255
    assert is_digit_image(image)
    return image


def encode(page: Page, orientation: int = 1) -> bytes:
    """A PNG that says how it is to be turned."""
    buffer, exif = io.BytesIO(), PIL.Image.Exif()
    exif[0x0112] = orientation
    PIL.Image.fromarray(page).save(buffer, "PNG", exif=exif)
    return buffer.getvalue()


def lie(reading: Reading, *drawn: Box, slack: float = 3) -> None:
    """Checks that digits are where they were drawn, in this order."""
    for digit, box in zip(reading.digits, drawn, strict=True):
        assert astuple(digit.box) == pytest.approx(astuple(box), abs=slack)


class TestLines:
    def test_lines_are_joined_by_a_newline(self, reader: Reader, draw_page: DrawPage) -> None:
        reading = reader.read(draw_page(*THREE))
        assert reading.text == "77\n7"
        assert [line.text for line in reading.lines] == ["77", "7"]
        assert [len(line.digits) for line in reading.lines] == [2, 1]
        assert all(digit.sure for digit in reading.digits)

    def test_each_digit_gets_its_own_answer_in_reading_order(self, find_blobs: Locator, draw_page: DrawPage) -> None:
        """The classifier tells bars by their shares of ink, whatever order they are shown in."""

        def classify(images: Images) -> Probabilities:
            widths = (images > 100).any(1).sum(1)
            return np.stack([sees(min(int(width), CLASSES))(images[:1])[0] for width in widths])

        drawn = Box(50, 40, 4, 80), Box(120, 42, 8, 80), Box(200, 41, 12, 80)
        find_all = Reader(classify, locator=lambda page: Findings(find_blobs(page).boxes, even(find_blobs(page))))
        reading = find_all.read(draw_page(*drawn))
        assert reading.text == "123"
        lie(reading, *drawn)

    def test_an_explanation_shows_the_images_in_the_order_of_the_digits(
        self, find_blobs: Locator, draw_page: DrawPage
    ) -> None:
        drawn = Box(50, 40, 4, 80), Box(120, 42, 8, 80), Box(200, 41, 12, 80), Box(60, 180, 8, 80)

        def find(page: Page) -> Findings:
            """The farther to the right, the surer."""
            found = find_blobs(page)
            return Findings(found.boxes, found.scores * (0.5 + found.boxes[:, :1] / page.shape[1] / 2))

        explanation = Reader(sees(7), locator=find).explain(draw_page(*drawn))
        widths = (explanation.images > 100).any(1).sum(1)
        assert widths.tolist() == [1, 2, 3, 2]
        assert explanation.images.shape == (4, SIZE, SIZE)
        assert all(image.max() >= 250 for image in explanation.images)

    def test_no_ink_is_no_error(self, reader: Reader, draw_page: DrawPage) -> None:
        explanation = reader.explain(draw_page(width=50, height=40))
        assert explanation.reading == Reading("image", 50, 40, "", ())
        assert explanation.images.shape == (0, SIZE, SIZE)

    def test_numbers_are_plain(self, reader: Reader, draw_page: DrawPage) -> None:
        values = reader.read(draw_page(*THREE)).to_dict()
        assert Reading.from_dict(json.loads(json.dumps(values))) == reader.read(draw_page(*THREE))


def even(found: Findings) -> NDArray[np.float32]:
    """Scores of a locator that knows where digits are, but not which."""
    return np.full((len(found), CLASSES), 0.5, np.float32)


class TestBoxes:
    @pytest.mark.parametrize("scale", [1, 5])
    def test_boxes_are_pixels_of_the_picture_as_large_as_it_is(
        self, scale: int, reader: Reader, draw_page: DrawPage
    ) -> None:
        boxes = [Box(b.x * scale + 3, b.y * scale + 7, b.width * scale, b.height * scale) for b in THREE]
        reading = reader.read(draw_page(*boxes, width=400 * scale + 10, height=300 * scale + 20))
        assert (reading.width, reading.height) == (400 * scale + 10, 300 * scale + 20)
        lie(reading, *boxes, slack=3 * scale)

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_boxes_are_pixels_of_the_upright_picture(
        self, orientation: int, reader: Reader, draw_page: DrawPage
    ) -> None:
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
        reading = reader.read(encode(np.ascontiguousarray(stored), orientation))
        assert (reading.width, reading.height) == (400, 300)
        assert reading == reader.read(upright, name="bytes")
        lie(reading, *THREE)


class TestRegion:
    def test_boxes_are_pixels_of_the_whole_picture(self, reader: Reader, draw_page: DrawPage) -> None:
        reading = reader.read(draw_page(*THREE), region=Box(100, 20, 60, 100))
        assert (reading.text, reading.width, reading.height) == ("7", 400, 300)
        lie(reading, THREE[1])

    def test_what_lies_outside_the_picture_is_left_out(self, reader: Reader, draw_page: DrawPage) -> None:
        page = draw_page(*THREE)
        assert reader.read(page, region=Box(-50, -50, 1000, 1000)) == reader.read(page)
        reading = reader.read(page, region=Box(30, 150, 10**9, 10**9))
        lie(reading, THREE[2])

    def test_numbers_of_numpy_are_numbers(self, reader: Reader, draw_page: DrawPage) -> None:
        region = Box(*np.array([100, 20, 60, 100]))
        reading = reader.read(draw_page(*THREE), region=region)
        assert json.loads(json.dumps(reading.to_dict()))["text"] == "7"
        (inner,) = reader.read_regions(draw_page(*THREE), {"a": region}).values()
        assert isinstance(inner, Reading)
        assert json.dumps(inner.to_dict()["lines"]) == json.dumps(reading.to_dict()["lines"])

    @pytest.mark.parametrize("region", [(100, 20, 60, 100), Box(1.5, 2, 3, 4), Box(5, 5, 0, 9), Box(9, 9, 5, -5)])  # type: ignore[arg-type]
    def test_what_is_no_box_is_told(self, region: Box, reader: Reader, draw_page: DrawPage) -> None:
        with pytest.raises(UsageError, match=r"found the region .*, expected"):
            reader.read(draw_page(*THREE), region=region)
        with pytest.raises(UsageError, match=r"found the region .*, expected"):
            reader.read_regions(draw_page(*THREE), {"a": region})

    @pytest.mark.parametrize("region", [Box(400, 0, 50, 50), Box(0, 300, 9, 9), Box(-60, 10, 60, 60)])
    def test_a_region_outside_is_told(self, region: Box, reader: Reader, draw_page: DrawPage) -> None:
        with pytest.raises(ImageError, match="expected one within 400x300 pixels") as caught:
            reader.read(draw_page(*THREE), region=region)
        assert (caught.value.code, caught.value.source) == ("empty", "image")

    def test_a_digit_that_the_region_cuts_off_is_refused_for_that(
        self, find_blobs: Locator, draw_page: DrawPage
    ) -> None:
        doubtful = Reader(sees(7, 0.5), locator=find_blobs)
        (digit,) = doubtful.read(draw_page(THREE[0]), region=Box(0, 0, 200, 90), min_confidence=1).digits
        assert (digit.refused, digit.reason) == (True, "cut_off")

    def test_a_digit_image_cut_out_of_a_page_is_one(self, reader: Reader, digit_image: Images) -> None:
        page = np.zeros((100, 100), np.uint8)
        page[40:68, 30:58] = digit_image
        (digit,) = reader.read(page, region=Box(30, 40, 28, 28)).digits
        assert digit.box == Box(42, 44, 4, 20)


class TestRefusal:
    def test_the_locators_model_says_from_where_on_a_digit_is_told(
        self, find_blobs: Locator, draw_page: DrawPage
    ) -> None:
        for threshold, text in ((0.0, "7"), (1.0, "?")):
            locator = Told(find_blobs, {"joining": {"threshold": threshold}})
            assert Reader(sees(7), locator=locator).read(draw_page(THREE[0])).text == text

    def test_what_is_asked_for_goes_before_what_the_model_says(self, find_blobs: Locator, draw_page: DrawPage) -> None:
        reader = Reader(sees(7), locator=Told(find_blobs, {"joining": {"threshold": 1.0}}))
        assert reader.read(draw_page(THREE[0]), min_confidence=0).text == "7"
        assert reader.read(draw_page(THREE[0]), min_confidence=0.5).text == "7"

    def test_a_lone_digit_that_only_the_classifier_sees_is_doubtful(self, draw_page: DrawPage) -> None:
        reader = Reader(sees(3), locator=find_nothing)
        assert reader.read(draw_page(THREE[0]), min_confidence=0).text == "3"
        (digit,) = reader.read(draw_page(THREE[0])).digits
        assert (digit.text, digit.value, digit.sure) == ("?", 3, False)

    def test_what_is_no_digit_is_refused_as_such(self, find_blobs: Locator, draw_page: DrawPage) -> None:
        reader = Reader(sees(10), locator=lambda page: Findings(find_blobs(page).boxes, even(find_blobs(page)) * 0.3))
        reading = reader.read(draw_page(*THREE))
        assert reading.text == "?"
        assert reading.digits[0].reason == "not_a_digit"
        assert reader.read(draw_page(*THREE), min_confidence=0).text != "?"

    def test_where_they_disagree_the_digit_is_not_sure(self, find_blobs: Locator, draw_page: DrawPage) -> None:
        reading = Reader(sees(1, 0.9999), locator=find_blobs).read(draw_page(*THREE), min_confidence=0)
        assert not any(digit.sure for digit in reading.digits)

    @pytest.mark.parametrize("least", [-0.1, 1.1, float("nan"), float("inf")])
    def test_anything_but_a_share_is_told(self, least: float, reader: Reader, draw_page: DrawPage) -> None:
        with pytest.raises(UsageError, match="expected 0, which refuses nothing, to 1"):
            reader.read(draw_page(THREE[0]), min_confidence=least)


class Told:
    """A locator whose model says something of itself."""

    def __init__(self, locator: Locator, metadata: dict[str, object]) -> None:
        self.locator, self.metadata = locator, metadata

    def __call__(self, page: Page) -> Findings:
        return self.locator(page)


class TestSingle:
    def test_one_digit_is_told(self, reader: Reader, draw_page: DrawPage) -> None:
        assert reader.read(draw_page(*THREE), single=True).text == "7"
        assert reader.read(draw_page(width=90, height=90), single=True).text == ""


class TestSources:
    def test_explanation_keeps_every_stage(self, reader: Reader, draw_page: DrawPage) -> None:
        page = draw_page(*THREE)
        explanation = reader.explain(PIL.Image.fromarray(page).convert("RGBA"))
        assert explanation.picture.mode in ("L", "RGB")
        np.testing.assert_array_equal(explanation.grey, page)
        assert explanation.ink.shape == page.shape
        assert (explanation.ink[page == 0] > 0.9).all()
        assert (explanation.ink[:20] == 0).all()
        assert explanation.reading == reader.read(PIL.Image.fromarray(page).convert("RGBA"))

    def test_a_reading_is_named_after_its_source(self, reader: Reader, draw_page: DrawPage, tmp_path: Path) -> None:
        page, path = draw_page(THREE[0]), tmp_path / "one.png"
        path.write_bytes(encode(page))
        assert reader.read(str(path)).source == str(path)
        assert reader.read(path).source == str(path)
        assert reader.read(encode(page)).source == "bytes"
        assert reader.read(page).source == "image"
        assert reader.read(PIL.Image.fromarray(page)).source == "image"
        assert reader.read(page, name="camera").source == "camera"

    def test_an_error_is_named_after_its_source(self, reader: Reader, tmp_path: Path) -> None:
        for source, name, expected in ((tmp_path / "a.png", None, str(tmp_path / "a.png")), (b"", "-", "-")):
            with pytest.raises(ImageError) as caught:
                reader.read(source, name=name)
            assert caught.value.source == expected

    def test_too_many_digits_are_named_as_well(
        self, reader: Reader, draw_page: DrawPage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("inkdigit.reading.proposer.MAX_DIGITS", 2)
        with pytest.raises(ImageError, match="found 3 digits") as caught:
            reader.read(draw_page(*THREE), name="form")
        assert (caught.value.code, caught.value.source) == ("too_complex", "form")


class TestMany:
    def test_they_are_read_in_order_and_as_they_are_asked_for(
        self, reader: Reader, draw_page: DrawPage, tmp_path: Path
    ) -> None:
        asked = []

        def sources() -> Iterator[PictureLike]:
            listed: list[PictureLike] = [
                draw_page(THREE[0]),
                tmp_path / "none.png",
                b"",
                encode(draw_page(*THREE)),
                "x\0",
            ]
            for source in [*listed, *[b""] * BATCH]:
                asked.append(source)
                yield source

        results = reader.read_many(sources())
        assert not asked
        first = next(results)
        assert len(asked) <= BATCH
        found = [first, *results]
        assert len(asked) == len(found) == BATCH + 5
        assert [result.text if isinstance(result, Reading) else result.code for result in found[:5]] == [
            "7",
            "not_found",
            "empty",
            "77\n7",
            "not_found",
        ]
        names = [result.source for result in found[:5]]
        assert names == ["image", str(tmp_path / "none.png"), "bytes", "bytes", "x\0"]

    def test_what_each_says_is_what_it_says_alone(
        self, reader: Reader, draw_page: DrawPage, digit_image: Images
    ) -> None:
        pages = [digit_image, draw_page(THREE[0]), 255 - digit_image, digit_image.T.copy()]
        sources: list[PictureLike] = [*pages, encode(digit_image)]
        expected = [reader.read(source, min_confidence=0.3) for source in sources]
        assert list(reader.read_many(sources, min_confidence=0.3)) == expected

    def test_digit_images_are_classified_together(self, digit_image: Images) -> None:
        calls: list[int] = []

        def classify(images: Images) -> Probabilities:
            calls.append(len(images))
            return sees(7)(images)

        reader = Reader(classify, locator=lambda _: pytest.fail("asked"))
        assert [one.text for one in reader.read_many([digit_image] * 5) if isinstance(one, Reading)] == ["7"] * 5
        assert calls == [5]

    def test_digit_images_that_are_rather_none_get_another_look(self, digit_image: Images) -> None:
        """Each says what it says alone, and no more than is needed is asked of the locator."""
        looks: list[int] = []

        def locate(page: Page) -> Findings:
            looks.append(max(page.shape))
            return find_nothing(page)

        none, one = digit_image.T.copy(), digit_image

        def classify(images: Images) -> Probabilities:
            return np.where(images[:, 5:6, 14] > 0, sees(7)(images), sees(10, 0.999)(images))

        reader = Reader(classify, locator=locate)
        alone = [reader.read(image) for image in (one, none)]
        looked = len(looks)
        assert looked > 0
        assert list(reader.read_many([one, none, one])) == [alone[0], alone[1], alone[0]]
        assert len(looks) == 2 * looked
        assert list(reader.read_many([none], single=True)) == [reader.read(none, single=True)]
        assert len(looks) == 2 * looked

    def test_processes_say_what_one_says(self, draw_page: DrawPage, digit_image: Images) -> None:
        reader = Reader()
        sources: list[PictureLike] = [draw_page(*THREE), digit_image, b"", encode(digit_image), "none.png"]
        expected = list(reader.read_many(sources, rules=["length=1-3"], min_confidence=0.1))
        found = list(reader.read_many(sources, processes=2, rules=["length=1-3"], min_confidence=0.1))
        assert list(map(str, found)) == list(map(str, expected))
        assert [one for one in found if isinstance(one, Reading)] == [o for o in expected if isinstance(o, Reading)]
        assert [one.code for one in found if isinstance(one, ImageError)] == ["empty", "not_found"]

    def test_a_damaged_image_of_pils_keeps_no_other_from_being_read(self, digit_image: Images) -> None:
        whole = encode(255 - np.kron(digit_image, np.ones((9, 9), np.uint8)))
        damaged = PIL.Image.open(io.BytesIO(whole[: len(whole) // 2]))
        first, second = Reader().read_many([damaged, PIL.Image.open(io.BytesIO(whole))], processes=2)
        assert isinstance(first, ImageError)
        assert (first.code, first.source) == ("truncated", "image")
        assert isinstance(second, Reading)
        assert second.text

    def test_answers_come_while_pictures_are_still_awaited(self, reader: Reader, draw_page: DrawPage) -> None:
        """As from a camera: the first answer is there long before the last picture is."""
        answered: list[Reading | ImageError] = []
        awaited: list[int] = []

        def camera() -> Iterator[Page]:
            for number in range(12):
                awaited.append(number - len(answered))
                time.sleep(0.05)
                yield draw_page(*THREE)

        for reading in reader.read_many(camera()):
            answered.append(reading)
        assert len(answered) == 12
        assert max(awaited) < 6, "no more pictures were taken ahead than are read meanwhile"

    def test_no_more_is_taken_ahead_than_the_cores_need(
        self, find_blobs: Locator, draw_page: DrawPage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("inkdigit.reading.reader.count_cores", lambda: 1)
        taken: list[int] = []

        def pages() -> Iterator[Page]:
            for number in range(50):
                taken.append(number)
                yield draw_page(*THREE)

        def slowly(images: Images) -> Probabilities:
            time.sleep(0.02)
            return sees(7)(images)

        answers = Reader(slowly, locator=find_blobs).read_many(pages())
        next(answers)
        assert len(taken) <= AHEAD + 2
        answers.close()  # type: ignore[attr-defined] # a generator
        assert len(taken) <= AHEAD + 2, "what is not begun is not read"

    def test_processes_need_files_and_there_is_at_least_one(self, reader: Reader) -> None:
        with pytest.raises(UsageError, match="every process opens its own"):
            reader.read_many([], processes=2)
        with pytest.raises(UsageError, match="found 0 processes, expected 1 or more"):
            reader.read_many([], processes=0)

    def test_networks_that_are_open_are_files_as_well(self) -> None:
        reader = Reader(OnnxClassifier(find_model("reader")), locator=OnnxLocator(find_model("locator")))
        (reading,) = reader.read_many([SAMPLES / "seven.png"], processes=2)
        assert isinstance(reading, Reading)
        assert reading.text == "7"


class TestModels:
    def test_a_reader_opens_what_can_be_called_a_model(self, trained_run: Path, tmp_path: Path) -> None:
        for model in (trained_run, str(trained_run), trained_run / "model.onnx"):
            opened = Reader(model, locator=find_nothing)
            assert opened.classifier.path == trained_run / "model.onnx"  # type: ignore[attr-defined]
        with pytest.raises(UsageError, match="did you mean 'reader'"):
            Reader("raeder")
        with pytest.raises(DataError, match=r"no model\.onnx"):
            Reader(tmp_path)

    def test_the_one_network_is_not_taken_for_the_other(self, trained_run: Path) -> None:
        with pytest.raises(DataError, match=r"a classifier, .*expected a locator"):
            Reader(locator=trained_run)
        with pytest.raises(UsageError, match="did you mean 'locator'"):
            Reader(locator="lokator")

    def test_a_locator_that_joins_by_nonsense_is_told(self, find_blobs: Locator) -> None:
        with pytest.raises(DataError, match="expected numbers"):
            Reader(sees(7), locator=Told(find_blobs, {"joining": {"say": "much"}}))

    def test_both_are_joined_as_the_locator_says(self, find_blobs: Locator, draw_page: DrawPage) -> None:
        told = {"say": 0.5, "doubt": 0.0, "threshold": 0.999}
        for joining, text in (({"threshold": 0.0}, "7"), (told, "?")):
            reader = Reader(sees(7, 0.8), locator=Told(find_blobs, {"joining": joining}))
            assert reader.read(draw_page(THREE[0])).text == text
        assert Joining.of(SimpleNamespace(metadata={"joining": told})) == Joining(**told)  # type: ignore[arg-type]

    def test_the_shipped_models_are_opened_once(self, draw_page: DrawPage, monkeypatch: pytest.MonkeyPatch) -> None:
        inkdigit.read(draw_page(THREE[0]))
        monkeypatch.setattr("inkdigit.reading.reader.Reader", lambda *_, **__: pytest.fail("opened again"))
        assert inkdigit.read(draw_page(THREE[0])).width == 400

    def test_another_locator_is_opened(self, draw_page: DrawPage, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="did you mean 'locator'"):
            inkdigit.read(draw_page(THREE[0]), locator="locatr")

    def test_an_option_that_there_is_not_is_told(self, reader: Reader, draw_page: DrawPage) -> None:
        page = draw_page(THREE[0])
        for ask in (reader.read, reader.explain, inkdigit.read):
            with pytest.raises(UsageError, match="unknown option 'singel'; did you mean 'single'"):
                ask(page, singel=True)  # type: ignore[call-arg]
        with pytest.raises(UsageError, match="unknown option 'threshold'"):
            list(reader.read_many([page], threshold=0.9))  # type: ignore[call-arg]


class TestRules:
    @pytest.fixture
    def page(self, draw_page: DrawPage) -> Page:
        """A line of four digits and one of three."""
        return draw_page(*(Box(20 + 40 * i, 20 + 100 * j, 14, 60) for j, n in enumerate((4, 3)) for i in range(n)))

    def test_each_line_is_judged_by_itself(self, reader: Reader, page: Page) -> None:
        reading = reader.read(page, rules="length=4")
        assert reading.text == "7777\n???"
        assert [line.rule.name if line.rule else None for line in reading.lines] == ["length", "length"]

    def test_the_same_call_from_everywhere(self, reader: Reader, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        expected = reader.read(page, rules=["luhn"], min_confidence=0.2)
        assert expected.lines[0].rule is not None
        for rules in ("luhn", ("luhn",), iter(["luhn"]), Rules("luhn")):
            assert reader.read(page, rules=rules, min_confidence=0.2) == expected
        assert reader.explain(page, rules="luhn", min_confidence=0.2).reading == expected
        assert list(reader.read_many([page, page], rules=iter(["luhn"]), min_confidence=0.2)) == [expected] * 2
        monkeypatch.setattr("inkdigit.reading.reader._open", lambda *_: reader)
        assert inkdigit.read(page, rules=["luhn"], min_confidence=0.2) == expected

    def test_a_wrong_rule_is_told(self, reader: Reader, page: Page, tmp_path: Path) -> None:
        for rule, error in (("lunh", UsageError), ("length=5-3", UsageError), (f"among={tmp_path}", DataError)):
            with pytest.raises(error):
                reader.read(page, rules=rule)
            with pytest.raises(error):
                list(reader.read_many([page], rules=rule))


def test_it_is_sent_to_other_processes_with_its_models() -> None:
    picture = SAMPLES / "seven.png"
    reader = Reader(threads=1)
    received = pickle.loads(pickle.dumps(reader))  # noqa: S301 - our own
    assert received.read(picture) == reader.read(picture)
    assert [reading.text for reading in received.read_many([picture], processes=1)] == ["7"]


@pytest.mark.parametrize(
    "source",
    [
        "a.png", b"a", bytearray(b"a"), memoryview(b"a"), io.BytesIO(b"a"), Path("a.png"), PIL.Image.new("L", (9, 9)),
        np.zeros((28, 28), np.uint8), np.zeros((60, 90, 3), np.uint8), np.zeros((60, 90, 4), np.uint8),
    ],
)  # fmt: skip
def test_one_picture_is_not_taken_for_many(source: PictureLike, reader: Reader) -> None:
    with pytest.raises(UsageError, match="found one picture, expected several"):
        reader.read_many(source)  # type: ignore[arg-type]
