"""``inkdigit serve``: what it says, and what it refuses."""

import asyncio
import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_main import HIDE

from inkdigit.reading.weights import SHIPPED
from inkdigit.serving.bounds import Bounds

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the server is asked for; it answers at once, and ends."""
    found: dict[str, Any] = {}

    async def run(models: object, host: str, port: int, *, announce: Callable[[str], None], **more: Any) -> None:
        found.update(models=models, host=host, port=port, **more)
        announce(f"http://{host}:{port}/")
        await asyncio.sleep(0)

    monkeypatch.setattr("inkdigit.serving.server.run", run)
    monkeypatch.setattr("webbrowser.open", lambda address: found.update(opened=address))
    return found


def test_the_address_is_all_that_is_printed(asked: dict[str, Any], invoke: Run) -> None:
    ended = invoke("serve")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "http://127.0.0.1:8000/\n", "")
    assert (asked["models"], asked["bounds"]) == ({"reader": SHIPPED["reader"]}, Bounds())
    assert "opened" not in asked


def test_what_is_asked_for_is_passed_on(asked: dict[str, Any], invoke: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "model.onnx").touch()
    words = [
        "--model",
        "mine",
        "--model",
        "reader",
        "--port",
        "0",
        "--allow-host",
        "a.example",
        "--set",
        "queue=3",
        "--open",
    ]
    assert invoke("serve", *words).returncode == 0
    assert list(asked["models"]) == ["mine", "reader"]
    assert (asked["port"], asked["allowed"], asked["bounds"]) == (0, ["a.example"], Bounds(queue=3))
    assert asked["opened"] == "http://127.0.0.1:0/"


@pytest.mark.parametrize(("host", "is_open"), [("0.0.0.0", True), ("192.168.0.7", True), ("digits.example", True),
                                               ("::1", False), ("127.0.0.2", False), ("localhost", False)])  # fmt: skip
def test_beyond_loopback_is_warned_of(host: str, is_open: bool, asked: dict[str, Any], invoke: Run) -> None:
    ended = invoke("serve", "--host", host)
    assert ended.returncode == 0
    assert ended.stderr.startswith(f"inkdigit: whoever can reach {host}") == is_open
    assert ended.stderr.count("\n") == is_open


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--model", "raeder"], 2, "did you mean 'reader'"),
        (["--set", "quue=1"], 2, "did you mean 'queue'"),
        (["--set", "queue"], 2, "expected name=value"),
        (["--port", "70000"], 2, "--port"),
        (["--host", "256.1.1.1"], 3, "cannot listen there"),
        (["--host", "a..b"], 3, "cannot listen there"),
        (["--host", "192.0.2.1"], 3, "cannot listen there"),
        (["--model", "none.onnx"], 4, "none.onnx: cannot be read"),
        (["--model", "locator"], 4, "expected a classifier"),
    ],
)
def test_what_cannot_be_served(words: list[str], code: int, told: str, invoke: Run) -> None:
    ended = invoke("serve", "--port", "0", *words) if "--port" not in words else invoke("serve", *words)
    assert (ended.returncode, ended.stdout) == (code, "")
    assert told in ended.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("package", "name"),
    [("fastapi", "FastAPI"), ("hypercorn", "Hypercorn"), ("prometheus_client", "prometheus-client"),
     ("python_multipart", "python-multipart")],
)  # fmt: skip
def test_a_missing_extra_names_the_pip_command(package: str, name: str, run_wrapped: Run) -> None:
    ended = run_wrapped(HIDE.format(package), "serve", "--port", "0")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == f"inkdigit: {name} is not installed; it comes with: pip install 'inkdigit[serve]'\n"


def test_a_port_that_is_taken_is_told_and_sigterm_ends_well() -> None:
    command = [sys.executable, "-m", "inkdigit", "serve", "--set", "readers=1", "--port"]
    with subprocess.Popen([*command, "0"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        address = server.stdout.readline().strip()
        with urllib.request.urlopen(f"{address}health/ready") as answer:  # noqa: S310 - ours
            assert json.load(answer) == {"status": "ready"}
        port = address.rstrip("/").rpartition(":")[2]
        second = subprocess.run([*command, port], capture_output=True, text=True, check=False)
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) == 0
    assert (second.returncode, second.stdout) == (3, "")
    assert second.stderr.startswith(f"inkdigit: 127.0.0.1:{port}: cannot listen there (")
