"""The page on serving: its commands run, its answers are a server's, its tables and deploy/ fit the code."""

import base64
import contextlib
import inspect
import json
import os
import re
import select
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from tests.serving.conftest import serve

from inkdigit.cli import app
from inkdigit.errors import IMAGE_ERROR_CODES
from inkdigit.learning import finetune
from inkdigit.serving import server
from inkdigit.serving.answers import BUSY, LATE, STATUSES
from inkdigit.serving.bounds import Bounds, override
from inkdigit.serving.queries import ReadQuery
from inkdigit.serving.security import POLICY

ROOT = Path(__file__).parent.parent
ENGLISH, CHINESE = (ROOT / "docs" / name for name in ("serving.md", "serving.zh.md"))
README = ROOT / "README.md"
DOCKERFILE, UNIT, NGINX = (ROOT / "deploy" / name for name in ("Dockerfile", "inkdigit.service", "nginx.conf"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
ADDRESS = "http://127.0.0.1:8000/"
ELSEWHERE = ("pip ", "docker ", "sudo ")  # would change this machine, or need what it lacks
SEVEN = ROOT / "samples" / "seven.png"
BOUNDS = Bounds()
OF_FILES = ("not_found", "forbidden")  # errors that only the command line meets
SETTINGS = dict(re.findall(r"^(\w+)=(.*)$", UNIT.read_text(), re.MULTILINE))
COMMAND = shlex.split(SETTINGS["ExecStart"])

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
        told = [[name, default] for name, default, _ in rows(CHINESE, "界限") if name != "`readers`"]
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


@dataclass(frozen=True)
class Asked:
    """What a command line asks for."""

    host: str
    port: int
    allowed: list[str]
    bounds: Bounds


def parse(words: list[str]) -> Asked:
    """What comes after ``inkdigit serve``, or an error."""
    command: Any = typer.main.get_command(app)
    found = command.commands["serve"].make_context("serve", list(words)).params
    bounds = override(BOUNDS, found["settings"] or ())
    return Asked(found["host"], found["port"], list(found["allow_host"] or ()), bounds)


def need(bounds: Bounds) -> int:
    """Bytes of memory that a server may come to, as the docs tell."""
    return bounds.readers * bounds.max_memory_bytes + 512 * 2**20


class TestDocker:
    text = DOCKERFILE.read_text()

    def test_what_it_copies_is_there_and_is_not_ignored(self) -> None:
        ignored = (DOCKERFILE.parent / "Dockerfile.dockerignore").read_text().splitlines()
        copied = " ".join(re.findall(r"^COPY (?!--from)(.*) \S+$", self.text, re.MULTILINE)).split()
        assert {"src", "pyproject.toml", "constraints.txt"} <= set(copied)
        for source in copied:
            assert (ROOT / source).exists(), source
            assert f"!{source}" in ignored
        assert "*" in ignored

    def test_it_installs_what_serving_needs_alone(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        assert re.findall(r"'\.\[(.*?)\]'", self.text) == ["serve"]
        assert "serve" in project["optional-dependencies"]
        for version in re.findall(r"^FROM python:([\d.]+)-slim", self.text, re.MULTILINE):
            assert f"Programming Language :: Python :: {version}" in project["classifiers"]
        assert project["readme"] in self.text

    def test_it_is_nobody(self) -> None:
        (user,) = re.findall(r"^USER (\d+):\d+$", self.text, re.MULTILINE)
        assert int(user) > 0

    def test_what_it_runs_is_what_is_asked_for_its_health(self) -> None:
        (entry,) = re.findall(r"^ENTRYPOINT (\[.*\])$", self.text, re.MULTILINE)
        assert json.loads(entry)[:2] == ["inkdigit", "serve"]
        asked = parse(json.loads(entry)[2:])
        assert (asked.host, asked.port) == ("0.0.0.0", 8000)
        assert f"EXPOSE {asked.port}\n" in self.text
        (start,) = re.findall(r"--start-period=(\d+)s", self.text)
        assert int(start) >= BOUNDS.start_s

    def test_its_health_check_tells_a_server_from_none(self) -> None:
        (asked,) = re.findall(r"CMD (\[.*\])$", self.text.replace("\\\n", ""), re.MULTILINE)
        program, *words = json.loads(asked)
        assert program == "python"
        with serve("--set", "readers=1") as served:
            port = str(served.host[1])
            command = [sys.executable, *(word.replace("8000", port) for word in words)]
            assert subprocess.run(command, check=False, timeout=30).returncode == 0
        assert subprocess.run(command, check=False, capture_output=True, timeout=30).returncode != 0

    def test_the_docs_run_it_within_its_bounds(self) -> None:
        (line,) = re.findall(r"^docker run (.*)$", ENGLISH.read_text(), re.MULTILINE)
        words = shlex.split(line)
        before, after = words[: words.index("inkdigit")], words[words.index("inkdigit") + 1 :]
        given = dict(pairwise(before))
        assert "--read-only" in before
        bounds = parse(after).bounds
        assert int(given["--memory"].removesuffix("g")) << 30 >= need(bounds)
        assert float(given["--stop-timeout"]) > bounds.shutdown_s + server.LAST_CALL_S
        assert f"--file {DOCKERFILE.relative_to(ROOT)} " in ENGLISH.read_text()


class TestUnit:
    def test_its_bounds_are_those_of_the_server(self) -> None:
        asked = parse(COMMAND[2:])
        assert float(SETTINGS["TimeoutStopSec"]) > asked.bounds.shutdown_s + server.LAST_CALL_S
        assert int(SETTINGS["MemoryMax"].removesuffix("G")) << 30 >= need(asked.bounds)
        assert SETTINGS["OOMPolicy"] == "continue"
        assert (asked.host, SETTINGS["IPAddressAllow"]) == ("127.0.0.1", "localhost")

    def test_the_docs_install_it_where_it_looks(self) -> None:
        lines = "\n".join(code for kind, code in BLOCK.findall(ENGLISH.read_text()) if kind == "sh")
        assert COMMAND[:2] == ["/usr/local/lib/inkdigit/bin/inkdigit", "serve"]
        assert "venv /usr/local/lib/inkdigit\n" in lines
        assert f"cp {UNIT.relative_to(ROOT)} " in lines

    def test_systemd_understands_it(self, tmp_path: Path) -> None:
        copy = tmp_path / UNIT.name
        copy.write_text(UNIT.read_text().replace(COMMAND[0], sys.executable))
        if not shutil.which("systemd-analyze"):
            pytest.skip("there is no systemd-analyze here")
        command = ["systemd-analyze", "verify", "--man=no", str(copy)]  # what it does not know it tells, and ends well
        ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        assert UNIT.name not in ended.stderr

    def test_it_can_do_without_what_it_is_denied(self, tmp_path: Path) -> None:
        """Not a byte is written into any file, and none is made, whatever is sent."""
        assert SETTINGS["LimitFSIZE"] == "0"
        environment = {**os.environ, "HOME": str(tmp_path), "TMPDIR": str(tmp_path), "XDG_CACHE_HOME": ""}
        words = [*COMMAND[1:], "--port", "0", "--set", "readers=1"]
        limited = f"import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); sys.argv[1:] = {words!r}; "
        command = [sys.executable, "-c", f"{limited}from inkdigit.cli import main; main()"]
        streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, env=environment, cwd=tmp_path, **streams) as process:
            try:
                assert process.stdout
                assert select.select([process.stdout], [], [], 60)[0], "no address within a minute"
                address = process.stdout.readline().strip()
                pictures = [("pictures", content) for content in (SEVEN.read_bytes(), bytes(3 * 2**20))]
                names = {"Host": "digits.example", "Origin": "https://digits.example"}  # as nginx passes them on
                answers = httpx.post(f"{address}read/batch", files=pictures, headers=names, timeout=30).json()
                assert (answers[0]["text"], answers[1]["error"]["code"]) == ("7", "not_an_image")
            finally:
                process.terminate()
            assert process.communicate(timeout=15) == ("", "")
        assert (process.returncode, list(tmp_path.iterdir())) == (0, [])


class TestNginx:
    text = re.sub(r"#.*", "", NGINX.read_text())

    def value(self, name: str, after: str = "server {") -> str:
        """The first such directive's value after some words."""
        found = re.search(rf"^\s*{name}\s+([^;]+);", self.text.partition(after)[2], re.MULTILINE)
        assert found, name
        return found[1]

    def seconds(self, name: str, after: str = "server {") -> float:
        return float(self.value(name, after).removesuffix("s"))

    def test_its_bounds_are_those_of_the_server(self) -> None:
        for name in ("client_max_body_size", "client_body_buffer_size"):
            assert int(self.value(name).removesuffix("m")) << 20 == BOUNDS.max_body_bytes
        assert self.seconds("client_header_timeout") == BOUNDS.header_s
        assert self.seconds("client_body_timeout") == self.seconds("proxy_send_timeout") == BOUNDS.body_s
        assert self.seconds("send_timeout") == BOUNDS.unread_s
        assert self.seconds("proxy_read_timeout") > BOUNDS.answer_s
        assert self.seconds("keepalive_timeout", after="upstream") < BOUNDS.header_s

    def test_it_passes_on_what_the_server_checks(self) -> None:
        assert "proxy_set_header Host $http_host;" in self.text
        assert "proxy_set_header Origin" not in self.text  # nginx passes it on as it came
        asked = parse(COMMAND[2:])
        assert asked.allowed == [self.value("server_name")]
        assert f"server {asked.host}:{asked.port};" in self.text

    def test_no_picture_and_no_query_is_written(self) -> None:
        assert self.value("proxy_max_temp_file_size") == "0"
        (written,) = re.findall(r"log_format inkdigit '(.*)';", self.text)
        assert not {"$request", "$request_uri", "$args", "$query_string"} & set(re.findall(r"\$\w+", written))
        assert self.value("access_log").endswith(" inkdigit")

    def test_metrics_are_for_this_machine(self) -> None:
        _, _, metrics = self.text.partition("location = /metrics {")
        assert re.findall(r"(?:allow|deny) \S+;", metrics) == ["allow 127.0.0.1;", "allow ::1;", "deny all;"]

    def test_nginx_understands_it(self, tmp_path: Path) -> None:
        copy = tmp_path / "inkdigit.conf"
        copy.write_text(self.text.replace("/var/log/nginx", str(tmp_path)))
        whole = tmp_path / "nginx.conf"
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        places = " ".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in kinds)
        whole.write_text(f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ {places} include {copy}; }}")
        run_out("nginx", "-t", "-p", str(tmp_path), "-c", str(whole))
