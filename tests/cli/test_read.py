"""``inkdigit read``."""

import csv
import io
import json
import os
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import numpy as np
import PIL.Image
import pytest
from tests.reading.fakes import find_bars, see_bars

from inkdigit import Reader, Reading
from inkdigit.cli.read import _open
from inkdigit.images import Grey
from inkdigit.locator import Findings, OnnxLocator
from inkdigit.reading.explain import Explanation
from inkdigit.reading.regions import load_regions
from inkdigit.reading.rules import RULES

Run = Callable[..., subprocess.CompletedProcess[str]]
SCHEMA = Path(__file__).parents[2] / "docs" / "reading.schema.json"

OFFLINE = """
import socket
def refuse(*_):
    raise AssertionError("reading went to the network")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
import atexit
HEAVY = {"torch", "onnx", "sklearn", "matplotlib", "safetensors", "scipy", "pandas"}
atexit.register(lambda: print(sorted(HEAVY & set(sys.modules)), file=sys.stderr))
"""


@pytest.fixture
def bad(tmp_path: Path, samples: Path) -> dict[str, str]:
    """Files that are no pictures, with the code of what is wrong with each."""
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("not a picture at all\n")
    (tmp_path / "cut.png").write_bytes((samples / "chalk.png").read_bytes()[:5000])
    (tmp_path / "book.png").write_bytes(b"%PDF-1.7\n")
    PIL.Image.new("1", (10_000, 10_000)).save(tmp_path / "huge.png")
    (tmp_path / "folder").mkdir()
    return {
        "none.png": "not_found",
        "empty.png": "empty",
        "text.png": "not_an_image",
        "cut.png": "truncated",
        "book.png": "unsupported_format",
        "huge.png": "too_large",
        "folder": "not_an_image",
        f"{'n' * 300}.png": "not_found",
    }


def test_text(invoke: Run, samples: Path) -> None:
    assert invoke("read", samples / "page.png").stdout == "2026\n314159\n80\n"
    several = invoke("read", samples / "seven.png", samples / "page.png")
    names = [line.split(": ")[0] for line in several.stdout.splitlines()]
    assert names == [str(samples / "seven.png"), *[str(samples / "page.png")] * 3]
    assert (several.returncode, several.stderr) == (0, "")


def test_processes_say_what_one_says(invoke: Run, samples: Path, bad: dict[str, str]) -> None:
    arguments = ("read", samples, *bad, "--format", "jsonl", "--length", "1-6")
    alone, shared = invoke(*arguments), invoke(*arguments, "--processes", "2")
    assert shared.stdout == alone.stdout
    assert shared.stderr == alone.stderr
    assert shared.returncode == alone.returncode == 1


def test_json_is_what_python_reads_and_what_the_schema_says(invoke: Run, samples: Path, bad: dict[str, str]) -> None:
    PIL.Image.new("L", (40, 30), 200).save("blank.png")
    ended = invoke("read", "--format", "json", samples / "page.png", "blank.png", *bad)
    values = json.loads(ended.stdout)
    jsonschema.validate(values, json.loads(SCHEMA.read_text()))
    assert values[0] == json.loads(json.dumps(Reader().read(samples / "page.png").to_dict()))
    assert values[1] == {"source": "blank.png", "width": 40, "height": 30, "text": "", "lines": []}
    assert [value["source"] for value in values[2:]] == list(bad)


def test_a_bad_picture_has_a_code_and_a_line_and_the_others_are_read(
    invoke: Run, samples: Path, bad: dict[str, str]
) -> None:
    ended = invoke("read", "--format", "jsonl", *bad, samples / "seven.png")
    assert ended.returncode == 1
    *errors, last = [json.loads(line) for line in ended.stdout.splitlines()]
    assert {error["source"]: error["error"]["code"] for error in errors} == bad
    assert last["text"] == "7"
    lines = ended.stderr.splitlines()
    assert len(lines) == len(bad)
    for line, error in zip(lines, errors, strict=True):
        assert line == f"inkdigit: {error['source']}: {error['error']['message']}"


def test_a_picture_that_may_not_be_read(invoke: Run, samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Path.open

    def refuse(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.suffix == ".png":
            raise PermissionError(13, "Permission denied", str(path))
        return original(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    ended = invoke("read", samples / "seven.png", "--format", "jsonl")
    assert (ended.returncode, json.loads(ended.stdout)["error"]["code"]) == (1, "forbidden")
    assert ended.stderr.count("\n") == 1


def test_refused_digits_are_no_failure(invoke: Run, samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = Findings(np.empty((0, 4), np.float32), np.empty((0, 10), np.float32))
    seen = np.eye(11, dtype=np.float32)[[10]]  # no digit
    monkeypatch.setattr("inkdigit.reading.reader.OnnxLocator", lambda *_, **__: lambda page: nothing)
    monkeypatch.setattr("inkdigit.reading.reader.OnnxClassifier", lambda *_, **__: lambda images: seen)
    ended = invoke("read", samples / "seven.png")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "?\n", "")


def test_standard_input(invoke: Run, samples: Path) -> None:
    content = (samples / "seven.png").read_bytes()
    assert invoke("read", "-", stdin=content).stdout == "7\n"
    assert json.loads(invoke("read", "-", "--format", "json", stdin=content).stdout)[0]["source"] == "-"
    ended = invoke("read", "-")
    assert (ended.returncode, ended.stderr) == (1, "inkdigit: -: the file is empty\n")


def test_folders_and_patterns(invoke: Run, samples: Path, tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name in ("in/b1.png", "in/a.png", "in/deep/c.png"):
        (tmp_path / name).symlink_to(samples / "seven.png")
    assert invoke("read", "in").stdout == "in/a.png: 7\nin/b1.png: 7\nin/deep/c.png: 7\n"
    assert invoke("read", "in/*.png").stdout == "in/a.png: 7\nin/b1.png: 7\n"
    assert invoke("read", "in/b?.png").stdout == "in/b1.png: 7\n", "a pattern may match several"
    ended = invoke("read", "out/*.png")
    assert (ended.returncode, ended.stderr) == (1, "inkdigit: out/*.png: no such file\n")


def test_csv(invoke: Run, samples: Path, tmp_path: Path) -> None:
    (tmp_path / "=cmd.png").symlink_to(samples / "page.png")
    ended = invoke("read", "=cmd.png", "none.png", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ended.stdout)))
    assert ended.returncode == 1
    assert [(row["line"], row["position"], row["value"]) for row in rows[3:6]] == [
        ("1", "4", "6"),
        ("2", "1", "3"),
        ("2", "2", "1"),
    ]
    assert {row["source"] for row in rows[:-1]} == {"'=cmd.png"}
    assert (rows[-1]["source"], rows[-1]["value"], rows[-1]["error"]) == ("none.png", "", "not_found")


def test_pictures_are_written_where_they_are_wanted(invoke: Run, samples: Path, tmp_path: Path) -> None:
    ended = invoke("read", samples / "seven.png", samples / "photo.jpg", "--format", "annotated", "--out", "answers")
    assert ended.stdout == "answers/seven.png\nanswers/photo.png\n"
    with PIL.Image.open(tmp_path / "answers" / "photo.png") as annotated:
        reading = Reader().read(samples / "photo.jpg")
        assert annotated.size == (reading.width, reading.height), "upright"
    steps = invoke("read", samples / "seven.png", "--steps", "steps")
    assert steps.stdout == "7\n"
    assert len(list((tmp_path / "steps" / "seven").iterdir())) == 6


def test_a_file_instead_of_standard_output(invoke: Run, samples: Path, tmp_path: Path) -> None:
    ended = invoke("read", samples / "seven.png", "--format", "json", "--out", "answers")
    assert ended.stdout == "answers/readings.json\n"
    assert json.loads((tmp_path / "answers" / "readings.json").read_text())[0]["text"] == "7"


def test_an_own_model(invoke: Run, samples: Path, trained_run: Path) -> None:
    by_run = invoke("read", samples / "seven.png", "--format", "json", "--model", trained_run)
    by_file = invoke("read", samples / "seven.png", "--format", "json", "--model", trained_run / "model.onnx")
    shipped = invoke("read", samples / "seven.png", "--format", "json")
    assert by_run.stdout == by_file.stdout != shipped.stdout


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("gone.onnx", "no such model file"),
        ("runs/gone", "no such folder or file"),
        ("half", "no model.onnx"),
        ("damaged.onnx", "export it again"),
    ],
)
def test_a_model_that_is_not_what_it_says(
    model: str, words: str, fails: Callable[..., str], samples: Path, trained_run: Path
) -> None:
    Path("half").mkdir()
    Path("half/run.json").write_bytes((trained_run / "run.json").read_bytes())
    Path("damaged.onnx").write_bytes((trained_run / "model.onnx").read_bytes()[:-5000])
    assert words in fails(4, "read", samples / "seven.png", "--model", model)


@pytest.mark.parametrize("options", [["--out", "new"], ["--steps", "new"], ["--format", "annotated"]])
@pytest.mark.parametrize(("number", "words"), [(28, "No space left on device"), (13, "Permission denied")])
def test_a_place_that_cannot_be_written(
    options: list[str],
    number: int,
    words: str,
    fails: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, words)

    page = np.full((40, 40), 255, np.uint8)
    page[8:32, 18:22] = 0
    PIL.Image.fromarray(page).save("one.png")
    monkeypatch.setattr("os.fsync", fail)
    assert f"cannot be written ({words})" in fails(3, "read", "one.png", *options)
    assert {path.name for path in Path().rglob("*") if path.is_file()} == {"one.png"}


def test_a_line_is_there_before_the_next_picture_is(samples: Path, tmp_path: Path) -> None:
    """A pipe that nobody writes into yet stands for a slow second picture."""
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "inkdigit", "read", str(samples / "seven.png"), "-", "--format", "jsonl"]
    pipes = {"stdin": reading, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(command, env=environment, **pipes) as process:  # type: ignore[call-overload]
        os.close(reading)
        assert process.stdout is not None
        with os.fdopen(writing, "wb"):
            ready, _, _ = select.select([process.stdout], [], [], 30)
            assert ready
            assert json.loads(process.stdout.readline())["text"] == "7"
            assert process.poll() is None
        assert json.loads(process.stdout.readline())["error"]["code"] == "empty"
    assert process.returncode == 1


@pytest.mark.parametrize(
    ("pictures", "words"),
    [
        (["seven.png", ""], "found an empty name, expected that of a picture or a folder"),
        (["-", "seven.png", "-"], "found - twice, expected it once: standard input is one picture"),
    ],
)
def test_names_that_mean_nothing_are_told_before_any_is_read(
    pictures: list[str], words: str, samples: Path, run_cli: Run
) -> None:
    ended = run_cli("read", *pictures)
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", f"inkdigit: {words}\n")


@pytest.mark.parametrize("option", ["--out", "--steps"])
def test_an_empty_name_is_not_the_current_folder(option: str, samples: Path, run_cli: Run) -> None:
    ended = run_cli("read", samples / "seven.png", option, "")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "inkdigit: found an empty name, expected that of a folder\n"


@pytest.mark.parametrize(("stream", "stdout"), [(0, "7\n"), (1, ""), (2, "7\n")])
def test_a_closed_stream_is_an_empty_one(stream: int, stdout: str, samples: Path, tmp_path: Path) -> None:
    closed = f"import os, sys; os.close({stream}); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    command = [sys.executable, "-c", closed, "-m", "inkdigit", "read", str(samples / "seven.png")]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, stdout, "")


def test_letters_that_the_output_lacks_are_escaped(samples: Path, tmp_path: Path) -> None:
    name = "\xe9\u6570\udcff.png"
    (tmp_path / name).write_bytes((samples / "seven.png").read_bytes())
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    command = [sys.executable, "-m", "inkdigit", "read", name, str(samples / "seven.png")]
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert ended.stdout.splitlines()[0] == b"\xe9\\u6570\xff.png: 7"
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.parametrize("option", ["--out", "--steps"])
def test_a_place_for_files_is_checked_before_reading(
    option: str, fails: Callable[..., str], samples: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    assert "expected a folder" in fails(3, "read", samples / "seven.png", option, "file/deeper")


def test_regions_are_written_as_they_come(
    invoke: Run, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A form may have ten thousand, each with pictures of its own."""
    steps: list[str] = []
    explain = Reader.explain_regions

    def watched(*arguments: Any, **options: Any) -> Any:
        for result in explain(*arguments, **options):
            steps.append("read")
            yield result

    monkeypatch.setattr(Reader, "explain_regions", watched)
    monkeypatch.setattr("inkdigit.reading.steps.write_steps", lambda *_: steps.append("written"))
    (tmp_path / "parts.json").write_text(json.dumps({"a": [0, 0, 200, 200], "b": [100, 50, 100, 100]}))
    invoke("read", samples / "page.png", "--regions", "parts.json", "--steps", "steps")
    assert steps == ["read", "written"] * 2


def test_pictures_are_kept_only_where_they_are_drawn(samples: Path) -> None:
    """They would be sent from process to process, 50 MB for a photo."""
    named = (str(samples / "seven.png"), str(samples / "seven.png"))
    (plain,), (drawn,) = (_open("reader", "locator", None, {}, drawn)(named) for drawn in (False, True))
    assert isinstance(plain, Reading)
    assert isinstance(drawn, Explanation)
    assert drawn.reading == plain


def test_names_of_any_bytes(samples: Path, tmp_path: Path) -> None:
    name = b"\xff\n\x1b.png"
    (tmp_path / os.fsdecode(name)).write_bytes((samples / "seven.png").read_bytes())
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    command = [sys.executable.encode(), b"-m", b"inkdigit", b"read", name, b"none" + name]

    def run(*options: bytes) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([*command, *options], cwd=tmp_path, env=environment, capture_output=True, check=False)

    as_text, as_json = run(), run(b"--format", b"json")
    assert as_text.stdout == b"\xff\xef\xbf\xbd\xef\xbf\xbd.png: 7\n"  # what a terminal would obey is U+FFFD
    assert as_text.stderr.decode() == "inkdigit: none� �.png: no such file\n"
    assert as_text.returncode == as_json.returncode == 1
    assert json.loads(as_json.stdout.decode())[0]["source"] == os.fsdecode(name)


def test_reading_needs_neither_torch_nor_the_network(run_wrapped: Run, samples: Path) -> None:
    ended = run_wrapped(OFFLINE, "read", samples / "phone.jpg", "--format", "annotated", "--steps", "steps")
    assert ended.returncode == 0
    assert ended.stderr == "[]\n", "packages that reading must not load"


def test_rules_are_those_of_python(invoke: Run, samples: Path, tmp_path: Path) -> None:
    (tmp_path / "numbers.txt").write_text("2026\n1999\n")
    page = samples / "page.png"
    for options, rules in (
        (["--length", "2-4"], ["length=2-4"]),
        (["--length", "6", "--pattern", r"3\d+"], ["length=6", r"pattern=3\d+"]),
        (["--among", "numbers.txt"], ["among=numbers.txt"]),
        (["--check", "luhn", "--length", "6"], ["length=6", "luhn"]),
    ):
        ended = invoke("read", page, "--format", "json", *options, "--min-confidence", "0.9")
        expected = Reader().read(page, rules=rules, min_confidence=0.9).to_dict()
        assert json.loads(ended.stdout) == [json.loads(json.dumps(expected))]
        assert ended.returncode == 0


def test_what_a_rule_refuses_is_said(invoke: Run, samples: Path) -> None:
    page = samples / "page.png"
    ended = invoke("read", page, "--length", "4")
    assert (ended.returncode, ended.stdout) == (0, "2026\n??????\n??\n")
    assert ended.stderr.splitlines() == [
        f"inkdigit: {page}: {text} does not fit length, and nothing likely does" for text in ("314159", "80")
    ]


class _UndecidedLocator:
    """The shipped one, but any digit that it finds may have any value."""

    def __init__(self, path: Path) -> None:
        self._locator = OnnxLocator(path)

    def __call__(self, page: Grey) -> Findings:
        found = self._locator(page)
        return Findings(found.boxes, np.repeat(found.scores.max(1, keepdims=True, initial=0), 10, axis=1))


def test_what_a_rule_changes_is_said(invoke: Run, samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = np.full((12, 10), 0.0001, np.float32)
    seen[:, 8], seen[:, 1] = 0.9, 0.0992
    monkeypatch.setattr("inkdigit.reading.reader.OnnxClassifier", lambda *_, **__: lambda images: seen[: len(images)])
    monkeypatch.setattr("inkdigit.reading.reader.OnnxLocator", lambda path, **_: _UndecidedLocator(path))
    ended = invoke("read", samples / "seven.png", "--pattern", "[0-7]")
    assert (ended.returncode, ended.stdout) == (0, "1\n")
    assert ended.stderr == f"inkdigit: {samples / 'seven.png'}: 8 became 1 by pattern\n"
    ended = invoke("read", samples / "seven.png", "--pattern", "[0-7]", "--min-confidence", "0.9999")
    assert (ended.returncode, ended.stdout) == (0, "?\n")
    assert ended.stderr == f"inkdigit: {samples / 'seven.png'}: 8 may be 1 by pattern, but is not sure\n"


def test_least_confidence(invoke: Run, samples: Path) -> None:
    confidence = Reader().read(samples / "seven.png").digits[0].confidence
    assert invoke("read", samples / "seven.png", "--min-confidence", str(confidence)).stdout == "7\n"
    assert confidence < 1
    ended = invoke("read", samples / "seven.png", "--min-confidence", "1")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "?\n", "")


@pytest.mark.parametrize(
    ("code", "options", "words"),
    [
        (2, ["--length", "5-3"], "found length '5-3', expected how many digits"),
        (2, ["--length", "x"], "found length 'x'"),
        (2, ["--length", ""], "expected 'length=N|N-M'"),
        (2, ["--pattern", "("], "no regular expression"),
        (2, ["--pattern", "[a-z]"], "expected digits"),
        (2, ["--check", "lunh"], "unknown check 'lunh'; did you mean 'luhn'?"),
        (2, ["--check", "length"], "unknown check 'length'"),
        (2, ["--check", ""], "unknown check ''"),
        (4, ["--among", "none.txt"], "none.txt: cannot be read (No such file or directory)"),
        (4, ["--among", "empty.txt"], "empty.txt: has 0 numbers"),
        (4, ["--among", "words.txt"], "words.txt: line 2 is 'one'"),
        (2, ["--min-confidence", "1.5"], "'--min-confidence'"),
        (2, ["--min-confidence", "much"], "'--min-confidence'"),
    ],
)
def test_a_wrong_rule_is_one_line(
    code: int, options: list[str], words: str, fails: Callable[..., str], samples: Path
) -> None:
    Path("empty.txt").touch()
    Path("words.txt").write_text("1\none\n")
    assert words in fails(code, "read", samples / "seven.png", "none.png", *options)


def test_rules_are_listed(invoke: Run) -> None:
    lines = invoke("list", "rules").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(RULES)


class TestParts:
    """A form of 400x300: two bars, a blot below, the rest empty."""

    @pytest.fixture(autouse=True)
    def form(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr("inkdigit.reading.reader.OnnxLocator", lambda *_, **__: find_bars)
        monkeypatch.setattr("inkdigit.reading.reader.OnnxClassifier", lambda *_, **__: see_bars)
        page = np.full((300, 400), 255, np.uint8)
        page[40:100, 50:62] = page[40:100, 120:132] = page[180:240, 250:310] = 0
        PIL.Image.fromarray(page).save(tmp_path / "form.png")
        regions = {"code": [30, 20, 130, 100], "blot": [230, 160, 100, 100], "empty": [10, 150, 150, 120]}
        (tmp_path / "regions.json").write_text(json.dumps(regions))
        (tmp_path / "some.json").write_text(json.dumps(regions | {"away": [400, 0, 9, 9], "last": [100, 20, 60, 100]}))

    def test_a_region(self, invoke: Run) -> None:
        ended = invoke("read", "form.png", "--region", "100,20,60,100")
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "1\n", "")
        box = json.loads(invoke("read", "form.png", "--region", "100,20,60,100", "--format", "json").stdout)[0]
        assert box["source"] == "form.png"
        assert box["lines"][0]["digits"][0]["box"]["x"] == pytest.approx(120, abs=3)
        assert invoke("read", "form.png", "--region", "-50,-50,210,190").stdout == "11\n", "clipped"

    def test_a_region_outside_is_an_error_of_its_picture(self, invoke: Run) -> None:
        PIL.Image.new("L", (900, 900), 255).save("larger.png")
        ended = invoke("read", "form.png", "larger.png", "--region", "400,0,90,90")
        assert (ended.returncode, ended.stdout) == (1, "larger.png: \n")
        assert ended.stderr.splitlines()[0] == (
            "inkdigit: form.png: found the region 400,0,90,90, expected one within 400x300 pixels; move it"
        )

    def test_single_tells_one_digit(self, invoke: Run) -> None:
        assert invoke("read", "form.png", "--region", "30,20,130,100").stdout == "11\n"
        assert invoke("read", "form.png", "--region", "30,20,130,100", "--single").stdout == "1\n"
        assert "#region=code: 1\n" in invoke("read", "form.png", "--regions", "regions.json", "--single").stdout

    def test_text_names_each_region_and_an_empty_one_is_empty(self, invoke: Run) -> None:
        ended = invoke("read", "form.png", "--regions", "regions.json")
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout == "form.png#region=code: 11\nform.png#region=blot: ?\nform.png#region=empty: \n"

    def test_json_tells_empty_from_unreadable_and_is_what_python_reads(self, invoke: Run) -> None:
        ended = invoke("read", "form.png", "--regions", "regions.json", "--format", "json")
        values = json.loads(ended.stdout)
        jsonschema.validate(values, json.loads(SCHEMA.read_text()))
        assert [(value["text"], len(value["lines"])) for value in values] == [("11", 1), ("?", 1), ("", 0)]
        regions = load_regions(Path("regions.json"))
        found = Reader(see_bars, locator=find_bars).read_regions("form.png", regions).values()
        assert values == [json.loads(json.dumps(reading.to_dict())) for reading in found]

    def test_csv_tells_empty_from_unreadable(self, invoke: Run) -> None:
        ended = invoke("read", "form.png", "--regions", "some.json", "--format", "csv")
        rows = list(csv.DictReader(io.StringIO(ended.stdout)))
        told = [(row["source"].partition("=")[2], row["value"], row["refused"], row["error"]) for row in rows]
        assert told == [
            ("code", "1", "false", ""),
            ("code", "1", "false", ""),
            ("blot", "1", "true", ""),
            ("empty", "", "", ""),
            ("away", "", "", "empty"),
            ("last", "1", "false", ""),
        ]

    def test_a_region_outside_leaves_the_others(self, invoke: Run) -> None:
        ended = invoke("read", "form.png", "--regions", "some.json", "--format", "jsonl")
        values = [json.loads(line) for line in ended.stdout.splitlines()]
        assert [value.get("text") for value in values] == ["11", "?", "", None, "1"]
        assert (ended.returncode, values[3]["error"]["code"]) == (1, "empty")
        assert ended.stderr == f"inkdigit: form.png#region=away: {values[3]['error']['message']}\n"

    def test_a_bad_picture_has_one_error_and_the_next_is_read(self, invoke: Run) -> None:
        ended = invoke("read", "none.png", "form.png", "--regions", "regions.json", "--format", "jsonl")
        sources = [json.loads(line)["source"] for line in ended.stdout.splitlines()]
        assert sources == ["none.png", *(f"form.png#region={name}" for name in ("code", "blot", "empty"))]
        assert (ended.returncode, ended.stderr) == (1, "inkdigit: none.png: no such file\n")

    def test_standard_input_has_regions_too(self, invoke: Run) -> None:
        ended = invoke("read", "-", "--regions", "regions.json", stdin=Path("form.png").read_bytes())
        assert ended.stdout.splitlines()[0] == "-#region=code: 11"

    @pytest.mark.parametrize(
        ("options", "names"),
        [
            (["--region", "30,20,130,100"], ["form"]),
            (["--regions", "some.json"], ["form-blot", "form-code", "form-empty", "form-last"]),
        ],
    )
    def test_pictures_are_written_for_each(self, options: list[str], names: list[str], invoke: Run) -> None:
        ended = invoke("read", "form.png", *options, "--steps", "steps", "--format", "annotated", "--out", "out")
        assert sorted(ended.stdout.splitlines()) == [f"out/{name}.png" for name in names]
        assert sorted(path.name for path in Path("steps").iterdir()) == names
        assert all(len(list(place.iterdir())) == 6 for place in Path("steps").iterdir())

    def test_what_a_rule_refuses_is_said_of_its_region(self, invoke: Run) -> None:
        ended = invoke("read", "form.png", "--regions", "regions.json", "--length", "1")
        assert ended.stdout.splitlines()[0] == "form.png#region=code: ??"
        assert ended.stderr == "inkdigit: form.png#region=code: 11 does not fit length, and nothing likely does\n"

    @pytest.mark.parametrize(
        ("code", "options", "words"),
        [
            (2, ["--region", "1,2,3"], 'found the region "1,2,3", expected x,y,w,h in whole pixels'),
            (2, ["--region", ""], 'found the region "", expected x,y,w,h'),
            (2, ["--region", "1,2,0,4"], 'found the region "1,2,0,4"'),
            (2, ["--region", "1,2,3,4", "--regions", "regions.json"], "found both --region and --regions"),
            (4, ["--regions", "none.json"], "none.json: cannot be read (No such file or directory)"),
            (4, ["--regions", ""], "cannot be read (Is a directory)"),
            (4, ["--regions", "form.png"], "form.png: is no JSON"),
            (4, ["--regions", "list.json"], "list.json: found [1, 2, 3, 4], expected a JSON object"),
        ],
    )
    def test_what_is_wrong_is_one_line(
        self, code: int, options: list[str], words: str, fails: Callable[..., str]
    ) -> None:
        Path("list.json").write_text("[1, 2, 3, 4]")
        assert words in fails(code, "read", "form.png", "none.png", *options)
