"""What stands in deploy/ fits the server: paths, options, bounds, and what each denies it."""

import json
import os
import re
import select
import shlex
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from tests.serving.conftest import serve

from inkdigit.cli import app
from inkdigit.serving import server
from inkdigit.serving.bounds import Bounds, override

ROOT = Path(__file__).parent.parent
ENGLISH = ROOT / "docs" / "serving.md"
DOCKERFILE, UNIT, NGINX = (ROOT / "deploy" / name for name in ("Dockerfile", "inkdigit.service", "nginx.conf"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
SEVEN = ROOT / "samples" / "seven.png"
BOUNDS = Bounds()
SETTINGS = dict(re.findall(r"^(\w+)=(.*)$", UNIT.read_text(), re.MULTILINE))
COMMAND = shlex.split(SETTINGS["ExecStart"])


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
        if not shutil.which("nginx"):
            pytest.skip("there is no nginx here")
        command = ["nginx", "-t", "-p", str(tmp_path), "-c", str(whole)]
        subprocess.run(command, capture_output=True, check=True, timeout=60)
