"""The pages on reading: pictures drawn by their script, commands that run, figures as they were measured."""

import json
import re
import shlex
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from benchmarks import strings, throughput, wild
from benchmarks.readers import Answer, Answers
from benchmarks.wild_scores import Picture, score_pages
from docs.reading import __main__ as script
from docs.reading import text
from docs.rendering import HERE

from inkdigit.cli import app
from inkdigit.learning.recipe import override
from inkdigit.learning.recipes import find_recipe

ROOT = HERE.parent
ENGLISH, CHINESE = (HERE / target for target in text.TARGETS)
TEMPLATES = [HERE / "templates" / f"{target}.jinja" for target in text.TARGETS]
BLOCK = re.compile(r"^```(sh|python|text)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
PICTURE = re.compile(r"^!\[([^\]]*)\]\(([^)]+)\)$", re.MULTILINE)

MODELS: dict[str, dict[str, Any]] = {
    "reader": {
        "parameters": 153_883, "seconds": 1800.0, "test_accuracy": 0.99, "test_accuracy_interval": [0.98, 0.995],
    },
    "locator": {
        "parameters": 220_118, "seconds": 2400.0, "test_accuracy": 0.95, "test_accuracy_interval": [0.94, 0.96],
        "joining": {
            "say": 0.6, "locator": 1.5, "classifier": 0.3, "doubt": 0.0, "trust": 1.0, "threshold": 0.6,
        },
    },
}  # fmt: skip


def answer(pictures: Sequence[Picture], name: str) -> Answers:
    """What a reader of that name might say: all right, or all but the first."""
    texts = [picture.wanted for picture in pictures]
    if name == "Tesseract":
        texts[0] = "?"
    seconds = 0.1 if name.startswith("inkdigit") else 0.2
    return Answers(tuple(Answer(told, 0.9, seconds) for told in texts), 300.0, "1.2")


def write_results(folder: Path) -> None:
    """Results of the shape that the benchmarks write, by their own scores."""
    pictures = [Picture(f"{n}.png", str(n % 10), "photo" if n % 2 else "drawn", False, "") for n in range(20)]
    tasks = {
        name: {entrant: task.score(pictures, answer(pictures, entrant)) for entrant in task.entrants}
        for name, task in wild.TASKS.items()
    }
    machine = {"processor": "a processor", "cores": 2, "inkdigit": "1", "rapidocr": "3.10", "tesseract": "5.3"}
    told = {"date": "2026-11-22", "machine": machine, "busy": False}
    kinds = {
        kind: {name: score_pages(pictures, answer(pictures, name)) for name in strings.NAMES} for kind in strings.KINDS
    }
    installed = {"inkdigit (MiB)": 200.0, "RapidOCR (MiB)": 375.0}
    (folder / "wild.json").write_text(json.dumps({**told, "tasks": tasks, "installed": installed}))
    (folder / "strings.json").write_text(json.dumps({**told, "kinds": kinds}))
    rows = {name: {"a second": 1234.5, "ms": 67.8, "peak_mb": 234.5} for name in throughput.ROWS}
    (folder / "throughput.json").write_text(json.dumps({**told, "files": 3000, "rows": rows}))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    write_results(folder)
    return folder


@pytest.fixture(scope="module")
def pages(results: Path) -> list[str]:
    return [text.generate(target, results, MODELS) for target in text.TARGETS]


class TestText:
    @pytest.mark.parametrize("target", text.TARGETS)
    def test_is_told_as_it_was_measured(self, target: str) -> None:
        assert (HERE / target).read_text() == text.generate(target), "run: make docs"

    @pytest.mark.parametrize("target", text.READMES)
    def test_readme_tells_it_as_it_was_measured(self, target: str) -> None:
        assert (ROOT / target).read_text() == text.generate_readme(target), "run: make docs"

    @pytest.mark.parametrize("target", text.READMES)
    def test_readme_changes_between_its_marks_alone(self, target: str, results: Path) -> None:
        before, after = (ROOT / target).read_text(), text.generate_readme(target, results)
        assert text.BLOCK.search(after)
        assert text.BLOCK.sub("", before) == text.BLOCK.sub("", after)
        assert "| RapidOCR 3.10 |" in after

    def test_every_row_of_every_table_is_whole(self, pages: list[str], results: Path) -> None:
        readmes = [text.generate_readme(target, results) for target in text.READMES]
        for page in (*pages, *readmes):
            for upper, lower in pairwise(page.split("\n")):
                if upper.startswith("|") and lower.startswith("|"):
                    assert upper.count("|") == lower.count("|"), lower
            assert not re.search(r"\{[{%]|[%}]\}|\n\n\n", page)

    def test_every_entrant_has_its_row(self, pages: list[str]) -> None:
        english, chinese = pages
        entrants = [name for task in wild.TASKS.values() for name in task.entrants]
        for name in entrants:
            assert english.count(f"\n| {name} |") == entrants.count(name), name
        for kind in strings.KINDS:
            assert f"\n| {kind} |" in english
        assert chinese.count("\n| ") == english.count("\n| ")

    def test_tables_in_chinese_have_no_english_names(self, pages: list[str]) -> None:
        rows = "\n".join(re.findall(r"^\|.*", pages[1], re.MULTILINE))
        names = {name for task in wild.TASKS.values() for name in task.entrants} | {*wild.TASKS, *strings.KINDS}
        proper = {"inkdigit", "inkdigit --single", "RapidOCR", "Tesseract"}
        assert not [name for name in names - proper if f"| {name} |" in rows]

    def test_peer_that_is_ahead_is_named(self, results: Path, tmp_path: Path) -> None:
        found = json.loads((results / "wild.json").read_text())
        found["tasks"]["single"][text.OURS]["right"]["share"] = 0.5
        (tmp_path / "wild.json").write_text(json.dumps(found))
        for other in ("strings.json", "throughput.json"):
            (tmp_path / other).write_bytes((results / other).read_bytes())
        page = text.generate("reading.md", tmp_path, MODELS)
        assert "\n| right | single | RapidOCR | 100.0 % | 50.0 % |\n" in page
        ahead = [(row.task, row.measure, row.peer) for row in text.find_ahead({"single": found["tasks"]["single"]})]
        peers = ("a tutorial's LeNet", "RapidOCR", "RapidOCR, letters mapped", "Tesseract")
        assert ahead == [("single", "right", peer) for peer in peers]

    def test_both_languages_show_the_same(self, pages: list[str]) -> None:
        english, chinese = pages
        assert BLOCK.findall(english) == BLOCK.findall(chinese)
        assert [target for _, target in PICTURE.findall(english)] == [target for _, target in PICTURE.findall(chinese)]
        for pattern in (r"^## ", r"^### ", r"^- ", r"^\|"):
            counts = [len(re.findall(pattern, page, re.MULTILINE)) for page in pages]
            assert counts[0] == counts[1], pattern
        for pattern in (r"\d+\.\d+", r"`([^`\n]+)`"):
            shown = [set(re.findall(pattern, BLOCK.sub("", page).split("\n", 1)[1])) for page in pages]
            assert shown[0] == shown[1]

    def test_links_lead_somewhere(self) -> None:
        for template in TEMPLATES:
            for target in re.findall(r"\]\((?!http)([^)#]+)", template.read_text(encoding="utf-8")):
                assert (HERE / target).exists() or target in text.TARGETS, target


class TestPictures:
    def test_each_is_shown_and_said_what_is_on_it(self, pages: list[str]) -> None:
        for page, least in zip(pages, (50, 20), strict=True):
            shown = PICTURE.findall(page)
            assert [target for _, target in shown] == [f"pictures/reading/{name}" for name in script.READING]
            assert all(len(words) > least for words, _ in shown)

    def test_none_is_left_over(self) -> None:
        assert {path.name for path in script.PICTURES.iterdir()} == set(script.READING)

    @pytest.mark.parametrize("name", script.READING)
    def test_is_small_and_shows_something(self, name: str) -> None:
        path = script.PICTURES / name
        assert 5_000 < path.stat().st_size < 140_000
        with PIL.Image.open(path) as picture:
            assert 700 <= picture.width <= 1010
            assert max(picture.convert("L").histogram()) < 0.95 * picture.width * picture.height, "not empty"

    @pytest.mark.slow
    def test_all_are_drawn_by_the_script(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("sys.argv", ["reading", "--data", "optdigits", "--out", str(tmp_path)])
        script.main()
        drawn = [Path(line) for line in capsys.readouterr().out.splitlines()]
        assert [path.name for path in drawn] == list(script.READING)
        for path in drawn:
            with PIL.Image.open(path) as picture:
                assert picture.width >= 700


def test_commands_run(
    pages: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those that read do; of those that train, the recipe and its settings are real, and so is their order."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    for kind, code in BLOCK.findall(pages[0]):
        if kind == "text":
            assert capsys.readouterr().out == code
            continue
        capsys.readouterr()
        if kind == "python":
            exec(code, {})  # noqa: S102 - our own page
            continue
        for program, command, *arguments in map(shlex.split, code.splitlines()):
            assert program == "inkdigit"
            trained = [word for word in arguments if word.startswith("runs/")]
            if command == "train":
                settings = [value for name, value in pairwise(arguments) if name == "--set"]
                override(find_recipe(arguments[0]), settings)
                Path(trained[0]).mkdir(parents=True)
            elif trained:
                assert all(Path(run).exists() for run in trained)
                assert app([command, "--help"], standalone_mode=False) in (0, None)
            else:
                assert app([command, *arguments], standalone_mode=False) in (0, None), arguments
    assert (tmp_path / "steps" / "phone" / "panels.png").exists()
