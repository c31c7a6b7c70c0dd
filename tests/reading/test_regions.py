"""Parts of a picture: what is asked for, and what each says."""

import json
from collections.abc import Callable, Sequence
from dataclasses import astuple
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray
from tests.reading.fakes import find_bars, see_bars

from inkdigit import DataError, ImageError, Reader, UsageError
from inkdigit.files import Places
from inkdigit.images import Grey
from inkdigit.locator import Findings
from inkdigit.preparation.box import Box
from inkdigit.preparation.load import PictureLike
from inkdigit.reading.explain import Explanation
from inkdigit.reading.regions import (
    FARTHEST,
    MAX_BYTES,
    MAX_NAME,
    MAX_REGIONS,
    load_regions,
    name_file,
    name_part,
    parse_region,
)
from inkdigit.reading.result import Reading

Page = NDArray[np.uint8]
DrawPage = Callable[..., Page]

BARS = (Box(50, 40, 12, 60), Box(120, 40, 12, 60))
BLOCK = Box(250, 180, 60, 60)
REGIONS = {
    "bars": Box(30, 20, 130, 100),
    "right": Box(100, 20, 60, 100),
    "blot": Box(230, 160, 100, 100),
    "nothing": Box(10, 150, 150, 120),
}


def assert_about(found: Sequence[Box], *drawn: Box) -> None:
    """Boxes are where they were drawn, but for what is lost where a view is smaller than the picture."""
    for box, expected in zip(found, drawn, strict=True):
        assert astuple(box) == pytest.approx(astuple(expected), abs=3)


@pytest.fixture
def reader() -> Reader:
    return Reader(see_bars, locator=find_bars)


@pytest.fixture
def page(draw_page: DrawPage) -> Page:
    return draw_page(*BARS, BLOCK)


class TestRead:
    def test_a_region_is_read_alone_in_pixels_of_the_whole_picture(self, reader: Reader, page: Page) -> None:
        reading = reader.read(page, region=REGIONS["right"])
        assert (reading.source, reading.text, reading.width, reading.height) == ("image", "1", 400, 300)
        assert_about([digit.box for digit in reading.digits], BARS[1])

    def test_each_region_has_a_reading_of_its_own(self, reader: Reader, page: Page) -> None:
        found = reader.read_regions(page, REGIONS, name="form.png")
        assert list(found) == list(REGIONS)
        for name, result in found.items():
            assert isinstance(result, Reading)
            assert result == reader.read(page, region=REGIONS[name], name=f"form.png#region={name}")

    def test_an_empty_region_is_told_apart_from_an_unreadable_one(self, reader: Reader, page: Page) -> None:
        found = reader.read_regions(page, REGIONS)
        texts = {name: result.text for name, result in found.items() if isinstance(result, Reading)}
        assert texts == {"bars": "11", "right": "1", "blot": "?", "nothing": ""}
        blot, nothing = found["blot"], found["nothing"]
        assert isinstance(blot, Reading)
        assert isinstance(nothing, Reading)
        assert (len(blot.lines), blot.digits[0].reason, nothing.lines) == (1, "not_a_digit", ())

    def test_paper_without_ink_is_empty_whatever_the_locator_sees_in_its_grain(self) -> None:
        def imagine(page: Grey) -> Findings:
            height, width = page.shape
            box = np.array([[width / 2, height / 4, width / 8, height / 2]], np.float32)
            return Findings(box, np.full((1, 10), 0.9, np.float32))

        grain = np.random.default_rng(0).normal(235, 3, (80, 200)).astype(np.uint8)
        found = Reader(see_bars, locator=imagine).read_regions(grain, {"box": Box(0, 0, 200, 80)})["box"]
        assert isinstance(found, Reading)
        assert (found.text, found.lines) == ("", ())

    def test_a_picture_is_decoded_once(self, reader: Reader, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        decoded: list[PictureLike] = []

        def load(source: PictureLike) -> PIL.Image.Image:
            decoded.append(source)
            return PIL.Image.fromarray(page)

        monkeypatch.setattr("inkdigit.reading.reader.load_picture", load)
        assert len(reader.read_regions("form.png", REGIONS)) == len(REGIONS)
        assert decoded == ["form.png"]

    def test_a_region_outside_is_an_error_of_its_own(self, reader: Reader, page: Page) -> None:
        regions = {"below": Box(0, 300, 10, 10), "bars": REGIONS["bars"], "left": Box(-9, 0, 9, 300)}
        below, bars, left = reader.read_regions(page, regions, name="form.png").values()
        assert isinstance(below, ImageError)
        assert isinstance(left, ImageError)
        assert isinstance(bars, Reading)
        assert (below.code, below.source) == ("empty", "form.png#region=below")
        assert below.message == "found the region 0,300,10,10, expected one within 400x300 pixels; move it"
        assert (left.source, bars.text) == ("form.png#region=left", "11")

    def test_a_region_partly_outside_is_clipped(self, reader: Reader, page: Page) -> None:
        reading = reader.read(page, region=Box(-100, -100, 170, 5000))
        assert_about([digit.box for digit in reading.digits], BARS[0])

    @pytest.mark.parametrize("box", [Box(55, 50, 1, 1), Box(0, 0, 1, 300), Box(399, 299, 1, 1)])
    def test_a_region_of_hardly_a_pixel_has_an_answer(self, box: Box, reader: Reader, page: Page) -> None:
        assert isinstance(reader.read_regions(page, {"dot": box})["dot"], Reading)

    def test_options_hold_for_every_region(self, reader: Reader, page: Page) -> None:
        bars, right, *_ = reader.read_regions(page, REGIONS, single=True, rules="length=1").values()
        assert isinstance(bars, Reading)
        assert isinstance(right, Reading)
        assert (bars.text, right.text) == ("1", "1"), "the surest alone"
        assert bars.lines[0].rule is not None

    def test_what_is_wrong_with_the_picture_or_the_call_is_raised(self, reader: Reader, page: Page) -> None:
        with pytest.raises(ImageError) as caught:
            reader.read_regions(b"", REGIONS, name="form.png")
        assert (caught.value.code, caught.value.source) == ("empty", "form.png")
        with pytest.raises(UsageError, match="both region and regions"):
            reader.read_regions(page, REGIONS, region=Box(0, 0, 9, 9))
        with pytest.raises(UsageError, match="least confidence"):
            reader.read_regions(b"", REGIONS, min_confidence=2)

    def test_regions_are_looked_at_as_they_are_asked_for(self, reader: Reader, page: Page) -> None:
        explained = reader.explain_regions(page, REGIONS)
        first = next(explained)
        assert isinstance(first, Explanation)
        assert first.picture.size == (400, 300)
        assert first.images.shape == (2, 28, 28)
        assert first.ink.shape == (REGIONS["bars"].height, REGIONS["bars"].width), "nothing else was looked at"
        assert len(list(explained)) == len(REGIONS) - 1


class TestParse:
    @pytest.mark.parametrize(
        ("text", "box"),
        [
            ("100,40,300,80", Box(100, 40, 300, 80)),
            (" 1, 2 ,3, 4", Box(1, 2, 3, 4)),
            ("-5,+0,10,10", Box(-5, 0, 10, 10)),
            (f"0,0,{FARTHEST},1", Box(0, 0, FARTHEST, 1)),
        ],
    )
    def test_a_region(self, text: str, box: Box) -> None:
        assert parse_region(text) == box

    @pytest.mark.parametrize(
        "text",
        ["", "1,2,3", "1,2,3,4,5", "1,2,3,x", "1.5,2,3,4", "1,2,0,4", "1,2,3,-4", "1 2 3 4", "1_0,2,3,4", "١,2,3,4",
         f"{FARTHEST + 1},2,3,4", "1,2,3,\n", "9" * 9999],
    )  # fmt: skip
    def test_no_region(self, text: str) -> None:
        with pytest.raises(UsageError, match=r"^found the region .*, expected x,y,w,h in whole pixels") as caught:
            parse_region(text)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 200


class TestLoad:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "regions.json"

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_boxes_by_name_in_the_order_of_the_file(self, file: Path, encoding: str) -> None:
        file.write_text('{"总计": [1, 2, 3, 4], "a.b #1": [-5, 0, 10, 10]}', encoding=encoding)
        assert list(load_regions(file).items()) == [("总计", Box(1, 2, 3, 4)), ("a.b #1", Box(-5, 0, 10, 10))]

    def test_as_many_as_may_be(self, file: Path) -> None:
        regions = {str(n): [n, 0, 1, 1] for n in range(MAX_REGIONS)}
        file.write_text(json.dumps(regions, indent=4))
        assert len(load_regions(file)) == MAX_REGIONS
        file.write_text(json.dumps(regions | {"more": [0, 0, 1, 1]}))
        with pytest.raises(DataError, match="found 10,001 regions, expected 1 to 10,000"):
            load_regions(file)

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("", "is no JSON (Expecting value"),
            ("{", "is no JSON"),
            ("\x89PNG\r\n\x1a\n", "is no JSON"),
            ("[" * 100_000, "is no JSON (maximum recursion depth"),
            ('{"a": [' + "9" * 5000 + ", 0, 1, 1]}", "is no JSON (Exceeds the limit"),
            ("[[1, 2, 3, 4]]", "found a JSON list of 1, expected a JSON object of named boxes"),
            ('"total"', 'found "total", expected a JSON object'),
            ("null", "found null, expected a JSON object"),
            ("{}", "found 0 regions, expected 1 to 10,000"),
            ('{"a": [1, 2, 3, 4], "a": [5, 6, 7, 8]}', 'found the name "a" twice'),
            ('{"a": [1, 2, 3]}', 'found [1, 2, 3] for the region "a", expected [x, y, width, height] in whole'),
            ('{"a": [1, 2, 3, 4, 5]}', "found [1, 2, 3, 4, 5] for"),
            ('{"a": [1, 2, 3, 4.0]}', "found [1, 2, 3, 4.0] for"),
            ('{"a": [1, 2, 3, NaN]}', "found [1, 2, 3, NaN] for"),
            ('{"a": [1, 2, 3, true]}', "found [1, 2, 3, true] for"),
            ('{"a": [1, 2, 3, "4"]}', 'found [1, 2, 3, "4"] for'),
            ('{"a": [1, 2, 3, ' + "[" * 500 + "]" * 500 + "]}", "found a JSON list of 4 for"),
            ('{"a": [1, 2, 0, 4]}', "width and height at least 1"),
            ('{"a": [1, 2, 3, -4]}', "width and height at least 1"),
            ('{"a": [1, 2, 3, 1000000001]}', "found [1, 2, 3, 1000000001] for"),
            ('{"a": {"x": 1, "y": 2, "width": 3, "height": 4}}', 'found {"x": 1, "y": 2, "width": 3, "height": 4} for'),
            ('{"a": null}', "found null for"),
            ('{"": [1, 2, 3, 4]}', 'found a region named "", expected 1 to 64 printable letters'),
            ('{" ": [1, 2, 3, 4]}', 'found a region named " "'),
            ('{"a/b": [1, 2, 3, 4]}', 'found a region named "a/b"'),
            ('{"a\\\\b": [1, 2, 3, 4]}', 'found a region named "a\\\\b"'),
            ('{"a\\nb": [1, 2, 3, 4]}', 'found a region named "a\\nb"'),
            ('{"a\\u0000": [1, 2, 3, 4]}', 'found a region named "a\\u0000"'),
            ('{"\\ud800": [1, 2, 3, 4]}', "expected 1 to 64 printable letters"),
            (json.dumps({"n" * (MAX_NAME + 1): [1, 2, 3, 4]}), "expected 1 to 64 printable letters"),
            (" " * (MAX_BYTES + 1), "is larger than 4 MiB"),
        ],
    )
    def test_what_is_wrong_is_said_in_one_line(self, content: str, words: str, file: Path) -> None:
        file.write_text(content, encoding="latin-1")
        with pytest.raises(DataError) as caught:
            load_regions(file)
        message = str(caught.value)
        assert message.startswith(f"{file}: ")
        assert words in message
        assert "\n" not in message
        assert len(message) < 400 + len(str(file))

    @pytest.mark.parametrize(("name", "words"), [("none.json", "No such file"), ("", "Is a directory"), ("\0", "null")])
    def test_no_such_file(self, name: str, words: str, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=f"cannot be read .*{words}.*; expected a JSON file of named boxes"):
            load_regions(tmp_path / name)

    def test_no_more_is_read_than_may_be(self) -> None:
        with pytest.raises(DataError, match="is larger than 4 MiB"):
            load_regions(Path("/dev/zero"))

    def test_the_sample_lies_within_its_picture(self, reader: Reader) -> None:
        samples = Path(__file__).parents[2] / "samples"
        regions = load_regions(samples / "regions.json")
        found = reader.read_regions(samples / "page.png", regions)
        for box, reading in zip(regions.values(), found.values(), strict=True):
            assert isinstance(reading, Reading)
            assert min(box.x, box.y) >= 0
            assert box.x + box.width <= reading.width
            assert box.y + box.height <= reading.height
        assert [name for name, reading in found.items() if not reading.lines] == ["remarks"]  # type: ignore[union-attr]


class TestNames:
    @pytest.mark.parametrize(
        ("source", "region", "file"),
        [
            ("in/form.png", "total", "form-total"),
            ("in/form.png", "v1.2", "form-v1.2"),
            ("scan.pdf#page=2", "total", "scan-page-2-total"),
            ("a.zip#b.png", "total", "a-b-total"),
            ("a.zip#may/7.png", "total", "a-may-7-total"),
            ("-", "total", "total"),
            ("form.png", "..", "form"),
            ("#region=.png", "..", "#region="),
        ],
    )
    def test_files_are_named_after_picture_and_region(
        self, source: str, region: str, file: str, tmp_path: Path
    ) -> None:
        assert name_part(source, region) == f"{source}#region={region}"
        assert Places(tmp_path).take(name_file(name_part(source, region)), ".png") == tmp_path / f"{file}.png"

    @pytest.mark.parametrize("source", ["form.png", "a#page=.png", "a#page=x.png", "-", ""])
    def test_a_whole_picture_gives_its_own_name(self, source: str) -> None:
        assert name_file(source) == source

    def test_a_page_gives_its_number_whichever_comes_first(self, tmp_path: Path) -> None:
        places = Places(tmp_path)
        for page in (3, 1):
            place = places.take(name_file(f"in/scan.v2.pdf#page={page}"), ".png")
            assert place == tmp_path / f"scan.v2-page-{page}.png"
