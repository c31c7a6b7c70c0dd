"""What the docs show is run, in order, as it stands; trainings on the small set, so that it takes seconds."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from docs import recipes, rendering

from inkdigit import OnnxClassifier
from inkdigit.cli import app
from inkdigit.learning.recipes import RECIPES
from inkdigit.locator import OnnxLocator
from inkdigit.reading.weights import find_model

ROOT = Path(__file__).parent.parent
README, CHINESE = ROOT / "README.md", ROOT / "README.zh.md"
BLOCK = re.compile(r"^```(sh|python|text)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INSTALLS = ("pip ", "make ")
CODE_OR_TARGET = re.compile(r"^```.*?^```|`[^`]*`|(?<=\])\([^)]*\)", re.MULTILINE | re.DOTALL)
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,:;?!()]|[,:;?!()][\u4e00-\u9fff]")
SERVED = ("inkdigit serve", "curl ")  # run in test_serving_docs.py


def blocks(path: Path) -> list[tuple[str, str]]:
    return [(kind, code) for kind, code in BLOCK.findall(path.read_text())]


def run_command(line: str) -> None:
    program, command, *arguments = shlex.split(line)
    assert program == "inkdigit"
    if command in ("train", "evaluate", "compare") and "--data" not in arguments:
        arguments += ["--data", "optdigits", *(["--set", "epochs=1"] if command != "evaluate" else [])]
    assert app([command, *arguments], standalone_mode=False) in (0, None), line


@pytest.mark.parametrize("page", [CHINESE, *sorted((ROOT / "docs").glob("*.zh.md"))], ids=lambda page: page.name)
def test_a_chinese_page_uses_chinese_punctuation(page: Path) -> None:
    text = CODE_OR_TARGET.sub("", page.read_text())
    assert not [text[found.start() - 10 : found.end() + 10] for found in HALF_WIDTH.finditer(text)]


def test_readme_works_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    for kind, code in blocks(README):
        if kind == "python":
            exec(code, {})  # noqa: S102 - our own README
        elif kind == "sh":
            capsys.readouterr()
            for line in code.splitlines():
                if not line.startswith((*INSTALLS, *SERVED)):
                    run_command(line)
        else:
            assert capsys.readouterr().out == code
    for made in (
        "answers/page.png",
        "steps/photo/panels.png",
        "runs/lenet-1/model.onnx",
        "my-lenet/curves.png",
        "features.png",
        "comparison/comparison.html",
    ):
        assert (tmp_path / made).exists(), made


@pytest.mark.parametrize("name", recipes.TARGETS)
def test_the_recipes_are_told_as_they_were_measured(name: str) -> None:
    assert (ROOT / "docs" / name).read_text() == recipes.generate(name), "run: make docs"


def test_readme_tells_lenet_as_it_was_measured() -> None:
    (row,) = (row for row in rendering.result("recipes")["rows"] if row["recipe"] == "lenet")
    told = f"| {rendering.percent(row['accuracy'])} % | {rendering.percents(row['accuracies'])} % |"
    assert told in README.read_text()
    assert told in CHINESE.read_text()


def test_both_languages_tell_the_recipes_with_the_same_commands_and_figures() -> None:
    english, chinese = (ROOT / "docs" / name for name in recipes.TARGETS)
    assert blocks(english) == blocks(chinese)
    # .05 in one language is 0.05 in the other
    figures = [set(map(float, re.findall(r"\d*\.\d{2,}", path.read_text()))) for path in (english, chinese)]
    assert figures[0] == figures[1]


def test_what_a_recipe_promises_is_what_was_measured() -> None:
    for row in rendering.result("recipes")["rows"]:
        expected = RECIPES[row["recipe"]].expected
        assert [round(bound, 4) for bound in row["accuracy_interval"]] == list(expected), row["recipe"]


@pytest.mark.slow
def test_commands_about_the_recipes_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all recipes that the page compares, those are trained whose runs it goes on to look at."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    commands = [line for _, code in blocks(ROOT / "docs" / "recipes.md") for line in code.splitlines()]
    compare, *others = [line for line in commands if not line.startswith("inkdigit compare cnn")]
    shown = sorted(set(re.findall(r"comparison/([\w-]+)-seed-0", "\n".join(others))))
    compared = compare.removeprefix("inkdigit compare ").removesuffix(" --seeds 3").split()
    assert {*RECIPES} >= {*compared} > {*shown}
    for line in (f"inkdigit compare {' '.join(shown)} --seeds 1", *others):
        run_command(line)
    assert len(list(tmp_path.glob("comparison/*/*.png"))) > 25


def test_chinese_readme_shows_the_same_commands_and_figures() -> None:
    assert blocks(CHINESE) == blocks(README)
    figures = [re.findall(r"\d+(?:\.\d+)?(?= %)", path.read_text()) for path in (README, CHINESE)]
    assert set(figures[0]) == set(figures[1])


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/*.md")), ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)", path.read_text()):
        assert (path.parent / target).exists(), target


def tell_accuracy(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """What the pages say of how a shipped model did."""
    bounds = (metadata["test_accuracy"], *metadata["test_accuracy_interval"])
    return tuple(rendering.percent(bound) for bound in bounds)


def test_figures_are_those_of_the_shipped_classifier() -> None:
    metadata = OnnxClassifier(find_model("reader")).metadata
    accuracy, low, high = tell_accuracy(metadata)
    card = (find_model("reader").with_suffix(".md")).read_text()
    for text in (README.read_text(), card):
        assert f"{accuracy} %" in text
        assert f"{low} to {high} %" in text
    assert f"{accuracy} %" in CHINESE.read_text()
    assert f"{low}–{high} %" in CHINESE.read_text()
    assert f"{metadata['parameters']:,} parameters" in card


def test_figures_are_those_of_the_shipped_locator() -> None:
    metadata = OnnxLocator(find_model("locator")).metadata
    accuracy, low, high = tell_accuracy(metadata)
    card = (find_model("locator").with_suffix(".md")).read_text()
    assert f"{accuracy} % found and named (95 % interval {low} to {high} %, of {metadata['test_n']:,})" in card
    assert f"{metadata['parameters']:,} parameters" in card
    assert f"{metadata['steps']:,} steps of {metadata['settings']['batch_size']} pages" in card
    joining = {name: f"{value:.2f}" for name, value in metadata["joining"].items()}
    for words in (
        "both weigh {say};", "the locator weighs {locator}, the classifier {classifier}",
        "doubt {doubt}, trust {trust}; told from a confidence of {threshold} on",
    ):  # fmt: skip
        assert words.format(**joining) in card


def test_no_figure_is_left_open() -> None:
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("src/**/*.md")]:
        assert not re.search(r"@@\w", path.read_text()), path


def test_no_path_or_host_of_a_machine_is_written_down() -> None:
    words = re.compile("|".join(("/ro" + "ot/", "/ho" + "me/", "pypi" + r"\.org", "/op" + "t/")))
    for path in [*ROOT.glob("src/**/*.py"), *ROOT.glob("tests/**/*.py"), *ROOT.glob("**/*.md"), *ROOT.glob("*.t[ox]*")]:
        if ".venv" not in path.parts:
            assert not words.search(path.read_text()), path
