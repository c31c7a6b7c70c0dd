"""The page on serving: its commands run, its answers are a server's, its tables fit the code."""

import base64
import contextlib
import inspect
import json
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.serving.conftest import serve

from inkdigit.cli import app
from inkdigit.errors import IMAGE_ERROR_CODES
from inkdigit.learning import finetune
from inkdigit.serving.answers import BUSY, LATE, STATUSES
from inkdigit.serving.bounds import Bounds
from inkdigit.serving.queries import ReadQuery
from inkdigit.serving.security import POLICY

ROOT = Path(__file__).parent.parent
ENGLISH, CHINESE = (ROOT / "docs" / name for name in ("serving.md", "serving.zh.md"))
README = ROOT / "README.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
ADDRESS = "http://127.0.0.1:8000/"
ELSEWHERE = ("pip ", "docker ", "sudo ")  # would change this machine, or need what it lacks
SEVEN = ROOT / "samples" / "seven.png"
BOUNDS = Bounds()
OF_FILES = ("not_found", "forbidden")  # errors that only the command line meets

Play = Callable[[str], str]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER", "true")  # the program, which opens nothing


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained_run: Path, digits_folder: Path) -> Iterator[Play]:
    """Runs a line as it stands, but on a port that is free, and learns from little; returns what was printed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    address = ADDRESS
    with contextlib.ExitStack() as stack:

        def run(line: str) -> str:
            nonlocal address
            program, *words = shlex.split(line.replace(ADDRESS, address))
            if [program, *words[:1]] == ["inkdigit", "serve"]:
                stack.close()
                address = stack.enter_context(serve(*words[1:], "--set", "readers=1")).address
                return ADDRESS + "\n"
            if program == "curl":
                return run_out("curl", "--silent", "--show-error", "--fail", *words)
            if program == "python":
                return run_out(sys.executable, *words)
            assert (program, words[0]) == ("inkdigit", "learn-from"), line
            correct(address, Path(words[1]))
            small = ["--model", str(trained_run), "--data", str(digits_folder)]
            assert app([*words, *small], standalone_mode=False) in (0, None), line
            return ""

        yield run


def run_out(*command: str) -> str:
    if not shutil.which(command[0]):
        pytest.skip(f"there is no {command[0]} here")
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def correct(address: str, path: Path) -> None:
    """Downloads a correction, as the page makes it of what the network saw."""
    shown = httpx.post(f"{address}explain", files={"picture": SEVEN.read_bytes()}, timeout=30).json()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("7/1-1.png", base64.b64decode(shown["seen"][0].partition(",")[2]))


def check(told: Any, answered: Any) -> None:
    """What is told is so; ``…`` stands for what is left out."""
    if isinstance(told, dict):
        keys = told.keys() - {"…"}
        assert keys < answered.keys() if "…" in told else keys == answered.keys()
        for key in keys:
            check(told[key], answered[key])
    elif isinstance(told, list):
        shown = told[:-1] if told[-1:] == ["…"] else told
        assert len(answered) > len(shown) if shown is not told else len(answered) == len(told)
        for one, other in zip(shown, answered, strict=False):
            check(one, other)
    elif isinstance(told, str) and told.endswith("…"):
        assert answered.startswith(told[:-1])
    else:
        assert answered == (pytest.approx(told, rel=1e-3) if isinstance(told, float) else told)


@pytest.mark.slow
def test_all_that_is_shown_is_so(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finetune, "BATCH_SIZE", 16)
    printed = ""
    for kind, code in BLOCK.findall(ENGLISH.read_text()):
        if kind == "sh":
            printed = "".join(play(line) for line in code.splitlines() if not line.startswith(ELSEWHERE))
        elif kind == "python":
            printed = play(shlex.join(["python", "-c", code]))
        elif kind == "json":
            check(json.loads(code), json.loads(printed))
        else:
            assert (kind, code) == ("text", printed)
    assert Path("my-reader/model.onnx").exists()


def test_what_the_readme_shows_of_it_runs(play: Play) -> None:
    lines = [line for kind, code in BLOCK.findall(README.read_text()) if kind == "sh" for line in code.splitlines()]
    served = [line for line in lines if line.startswith(("inkdigit serve", "curl "))]
    assert len(served) > 1
    printed = [play(line) for line in served]
    assert json.loads(printed[-1])["text"] == "7"


def rows(path: Path, head: str) -> list[list[str]]:
    """The table whose first column is headed so."""
    _, _, found = path.read_text().partition(f"\n| {head} |")
    table = found.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table]


class TestTables:
    def test_bounds(self) -> None:
        words = dict(re.findall(r"^ +(\w+): (.*)\.$", inspect.getdoc(Bounds) or "", re.MULTILINE))
        assert rows(ENGLISH, "bound") == [
            [f"`{bound.name}`", tell(bound.name), words[bound.name]] for bound in fields(Bounds)
        ]

    def test_bounds_are_the_same_in_chinese(self) -> None:
        told = [[name, default] for name, default, _ in rows(CHINESE, "上限") if name != "`readers`"]
        assert told == [[name, default] for name, default, _ in rows(ENGLISH, "bound") if name != "`readers`"]

    def test_errors(self) -> None:
        table = [(int(status), re.findall(r"`(\w+)`", codes)) for status, codes, _ in rows(ENGLISH, "status")]
        told = {(status, code) for status, codes in table for code in codes}
        source = "".join(path.read_text() for path in (ROOT / "src" / "inkdigit" / "serving").glob("*.py"))
        refusals = re.findall(r'Refusal\(\s*(\w+),\s*"(\w+)"', source)
        assert len(refusals) > 8
        named = {"BUSY": BUSY, "LATE": LATE}
        found = {(named.get(status) or int(status), code) for status, code in refusals}
        found |= {(status, code) for code, status in STATUSES.items() if code} | {(404, "not_found"), (405, "method")}
        found |= {(STATUSES.get(code, 422), code) for code in IMAGE_ERROR_CODES if code not in OF_FILES}
        assert told == found

    def test_errors_are_the_same_in_chinese(self) -> None:
        english, chinese = rows(ENGLISH, "status"), rows(CHINESE, "状态码")
        assert [row[:2] for row in chinese] == [row[:2] for row in english]

    def test_metrics(self, play: Play) -> None:
        play("inkdigit serve")
        told = [name.strip("`") for name, _ in rows(ENGLISH, "metric")]
        given = re.findall(r"^# HELP (\w+)", play(f"curl {ADDRESS}metrics"), re.MULTILINE)
        assert set(told) == {name for name in given if not name.endswith("_created")}


def tell(name: str) -> str:
    """A default as people write it."""
    value = getattr(BOUNDS, name)
    if name == "readers":
        return "one a core"
    if name.endswith("_bytes"):
        return f"{value >> 30} GiB" if value >= 2**30 else f"{value >> 20} MiB"
    return f"{value:,}"


@pytest.mark.parametrize("page", [ENGLISH, CHINESE], ids=lambda page: page.name)
def test_the_load_that_is_told_was_measured(page: Path) -> None:
    figures = json.loads((ROOT / "benchmarks" / "results" / "serving.json").read_text())["figures"]
    (table,) = re.findall(r"benchmarks\.serving.*?\n\n(\|.*?)\n\n", page.read_text(), re.DOTALL)
    told = {float(number) for number in re.findall(r"[\d.]*\d", table)}
    measured = {name: round(value, 2) for name, value in figures.items()}
    for name, digits in (
        ("16 clients: answers a second", 0), ("16 clients: median (ms)", 0), ("16 clients: 99th percentile (ms)", 0),
        ("200 clients: slowest (s)", 2), ("after them: one answer (s)", 2),
        ("200 stuck clients: cut after at most (s)", 1), ("beside them: slowest honest answer (ms)", 0),
        ("SIGTERM, 20 rounds: slowest end (s)", 2), ("memory at most (MiB)", 0), ("memory growth (MiB a minute)", 2),
    ):  # fmt: skip
        assert round(measured[name], digits) in told, name
    assert figures["SIGTERM, 20 rounds: requests lost"] == figures["200 clients: others"] == 0


def test_words_of_the_code_are_as_they_are_told() -> None:
    text = ENGLISH.read_text()
    (options,) = re.findall(r"stand in the query: (.*?)\n\n", text, re.DOTALL)
    assert set(re.findall(r"`(\w+)`", options)) == set(ReadQuery.model_fields)
    (policy,) = re.findall(r"`(default-src[^`]+)`", text)
    assert POLICY.startswith(policy)
    assert f"up to {BOUNDS.max_batch} pictures" in text
    assert f"than {100 * finetune.TOLERANCE:.1f} points" in text
    page = (ROOT / "src/inkdigit/serving/static/words.js").read_text()
    for words in (text, CHINESE.read_text()):
        (button,) = re.findall(r'["“]([^"”\n]+)["”][^"”`]*`corrections\.zip`', words)
        assert f'download: "{button}"' in page


def test_both_languages_show_the_same() -> None:
    english, chinese = ENGLISH.read_text(), CHINESE.read_text()
    assert BLOCK.findall(chinese) == BLOCK.findall(english)
    for pattern in (r"^## ", r"^- ", r"^\|", r"^<!-- "):
        counts = [len(re.findall(pattern, page, re.MULTILINE)) for page in (english, chinese)]
        assert counts[0] == counts[1], pattern
    spans = [set(re.findall(r"`([^`\n]+)`", BLOCK.sub("", page))) for page in (english, chinese)]
    assert spans[0] == spans[1]
    for page in (english, chinese):
        for upper, lower in pairwise(page.split("\n")):
            if upper.startswith("|") and lower.startswith("|"):
                assert upper.count("|") == lower.count("|"), lower
