"""What is written, to the letter."""

import csv
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import PIL.Image
import pytest

from inkdigit.errors import EnvironmentFault, ImageError
from inkdigit.preparation.box import Box
from inkdigit.reading.draw import draw_annotated
from inkdigit.reading.explain import Explanation
from inkdigit.reading.formats import CSV_COLUMNS, EXECUTED, FORMATS, Result
from inkdigit.reading.reader import Reader
from inkdigit.reading.result import Digit

MakeExplanation = Callable[..., Explanation]
MakeDigit = Callable[..., Digit]
ERROR = ImageError("truncated", "begins as PNG, but is damaged", "bad.png")


@pytest.fixture
def two_lines(make_explanation: MakeExplanation, make_digit: MakeDigit) -> Explanation:
    """A reading of 12 and, below, of a refused 3."""
    top = [make_digit(1, Box(10, 20, 30, 40)), make_digit(2, Box(60, 20, 31, 41))]
    return make_explanation(top, [make_digit(3, Box(12, 90, 32, 42), reason="unsure")])


def render(name: str, *results: Result, several: bool = False, folder: Path | None = None) -> str:
    return "".join(FORMATS[name].write(iter(results), several, folder))


def rows(*results: Result) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render("csv", *results), newline="")))


def test_text_of_one_picture_is_its_lines(two_lines: Explanation, make_explanation: MakeExplanation) -> None:
    assert render("text", two_lines) == "12\n?\n"
    assert render("text", make_explanation()) == ""
    assert render("text", ERROR) == ""


def test_text_of_several_pictures_names_them(two_lines: Explanation, make_explanation: MakeExplanation) -> None:
    blank = make_explanation(source="blank.png")
    written = render("text", two_lines, ERROR, blank, several=True)
    assert written == "page.png: 12\npage.png: ?\nblank.png: \n"


def test_json_is_a_list_of_readings_and_errors(two_lines: Explanation, make_explanation: MakeExplanation) -> None:
    written = json.loads(render("json", two_lines, ERROR, make_explanation()))
    assert written[0] == json.loads(json.dumps(two_lines.reading.to_dict()))
    assert written[1] == {
        "source": "bad.png",
        "error": {"code": "truncated", "message": "begins as PNG, but is damaged"},
    }
    assert written[2] == {"source": "page.png", "width": 400, "height": 300, "text": "", "lines": []}
    assert json.loads(render("json")) == []
    assert len(json.loads(render("json", ERROR))) == 1


def test_jsonl_is_the_same_a_line_each(two_lines: Explanation) -> None:
    lines = render("jsonl", two_lines, ERROR).splitlines()
    assert [json.loads(line) for line in lines] == json.loads(render("json", two_lines, ERROR))


@pytest.mark.parametrize("name", ["text", "json", "jsonl", "annotated"])
def test_a_picture_is_written_before_the_next_is_read(
    name: str, two_lines: Explanation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def results() -> Iterator[Result]:
        yield two_lines
        raise AssertionError("nobody asked for the second")

    assert next(FORMATS[name].write(results(), True, None))


def test_json_holds_any_name(make_explanation: MakeExplanation) -> None:
    for source in ('a"\\\n.png', "数字.png", "\x1b.png"):
        assert json.loads(render("json", make_explanation(source=source)))[0]["source"] == source
    assert "数字" in render("jsonl", make_explanation(source="数字.png"))
    assert render("jsonl", make_explanation(source="a\nb.png")).count("\n") == 1


def test_text_has_no_line_that_a_name_made_up_and_nothing_that_a_terminal_obeys(
    make_explanation: MakeExplanation,
) -> None:
    for name in ("a.png: 5\n/b", "\x1b[2J", "\x9b2J", "\x7f", "\u2028"):
        written = render("text", make_explanation(source=f"数字{name}.png"), several=True)
        assert len(written.splitlines()) == 1
        assert written.removesuffix("\n").isprintable()
    source = os.fsdecode(b"\xff.png")  # no text, and still the name of its file
    assert render("text", make_explanation(source=source), several=True).startswith(source)


def test_json_of_a_name_that_is_no_text_is_still_json(make_explanation: MakeExplanation) -> None:
    source = os.fsdecode(b"\xff.png")
    written = render("json", make_explanation(source=source)).encode("utf-8", "strict")
    assert json.loads(written)[0]["source"] == source


def test_csv_has_a_row_per_digit_counted_from_one(two_lines: Explanation) -> None:
    written = render("csv", two_lines)
    assert written == (
        "source,line,position,value,confidence,refused,reason,x,y,width,height,error\n"
        "page.png,1,1,1,0.9,false,,10,20,30,40,\n"
        "page.png,1,2,2,0.9,false,,60,20,31,41,\n"
        "page.png,2,1,3,0.9,true,unsure,12,90,32,42,\n"
    )


def test_csv_of_no_digit_is_a_row_without_a_value(two_lines: Explanation, make_explanation: MakeExplanation) -> None:
    """An empty box of a form is there, and told apart from an unreadable one and from one outside the picture."""
    blank = make_explanation(source="form.png#region=total")
    empty, *full, outside = rows(blank, two_lines, ERROR)
    assert empty == {**dict.fromkeys(CSV_COLUMNS, ""), "source": "form.png#region=total"}
    assert [(row["value"], row["refused"]) for row in full] == [("1", "false"), ("2", "false"), ("3", "true")]
    assert outside["error"] == "truncated"


def test_csv_of_a_bad_picture_is_a_row_with_its_code(two_lines: Explanation) -> None:
    first, *_, last = rows(ERROR, two_lines)
    assert first == {**dict.fromkeys(CSV_COLUMNS, ""), "source": "bad.png", "error": "truncated"}
    assert last["error"] == ""


@pytest.mark.parametrize("sign", EXECUTED)
def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless(sign: str, make_explanation: MakeExplanation) -> None:
    name = f"{sign}cmd|'/c calc'!A1.png"
    assert rows(ImageError("empty", "", name))[0]["source"] == f"'{name}"
    assert rows(ImageError("empty", "", f"a{name}"))[0]["source"] == f"a{name}"


def test_standard_input_is_harmless_as_well(make_explanation: MakeExplanation, make_digit: MakeDigit) -> None:
    assert rows(make_explanation([make_digit()], source="-"))[0]["source"] == "'-"


@pytest.mark.parametrize("name", ["a,b.png", 'a"b.png', "a\nb.png", "a\rb.png", "a\r\nb.png", "a;b.png"])
def test_csv_holds_any_name_in_one_cell(name: str) -> None:
    assert rows(ImageError("empty", "", name), ERROR)[0]["source"] == name
    assert len(rows(ImageError("empty", "", name), ERROR)) == 2


@pytest.mark.parametrize(
    ("name", "file"),
    [("text", "readings.txt"), ("json", "readings.json"), ("jsonl", "readings.jsonl"), ("csv", "readings.csv")],
)
def test_with_a_folder_a_file_is_written_and_told(name: str, file: str, two_lines: Explanation, tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there yet"
    assert render(name, two_lines, ERROR, several=True, folder=folder) == f"{folder / file}\n"
    assert (folder / file).read_text() == render(name, two_lines, ERROR, several=True)
    assert [path.name for path in folder.iterdir()] == [file]


def test_a_folder_that_cannot_be_is_told(two_lines: Explanation, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in FORMATS:
        with pytest.raises(EnvironmentFault, match="cannot be written"):
            render(name, two_lines, folder=tmp_path / "file")


def test_annotated_pictures_are_named_after_their_sources(
    make_explanation: MakeExplanation, make_digit: MakeDigit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = ["a/x.jpg", "b/x.png", "b/x", "-", "bytes", "x-2.png"]
    results = [make_explanation([make_digit()], source=source) for source in sources]
    written = render("annotated", *results[:3], ERROR, *results[3:], several=True, folder=tmp_path).splitlines()
    expected = ["x.png", "x-2.png", "x-3.png", "picture.png", "bytes.png", "x-2-2.png"]
    assert written == [str(tmp_path / name) for name in expected]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(expected)
    with PIL.Image.open(tmp_path / "x.png") as picture:
        assert list(picture.get_flattened_data()) == list(draw_annotated(results[0]).get_flattened_data())
    monkeypatch.chdir(tmp_path)
    assert render("annotated", results[0]) == "annotated/x.png\n"
    assert (tmp_path / "annotated" / "x.png").exists()


def test_annotated_regions_are_named_after_picture_and_region(
    make_explanation: MakeExplanation, tmp_path: Path
) -> None:
    sources = ["in/form.png#region=total", "in/form.png#region=v1.2", "in/form.png#region=v1.3", "in/form.png"]
    results = [make_explanation(source=source) for source in sources]
    written = render("annotated", *results, several=True, folder=tmp_path).splitlines()
    assert written == [str(tmp_path / f"form{part}.png") for part in ("-total", "-v1.2", "-v1.3", "")]


def test_an_annotated_picture_never_replaces_its_source(tmp_path: Path) -> None:
    source = tmp_path / "seven.png"
    source.write_bytes((Path(__file__).parents[2] / "samples" / "seven.png").read_bytes())
    before = source.read_bytes()
    written = list(FORMATS["annotated"].write([Reader().explain(source)], False, tmp_path))
    assert written == [f"{tmp_path / 'seven-2.png'}\n"]
    assert source.read_bytes() == before
