"""The command line, called without a process of its own."""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inkdigit.cli import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def invoke(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``inkdigit`` in an empty folder; what it gives is what ``run_cli`` gives, sooner."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: Any, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        words = ["inkdigit", *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", words)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main()
        code = caught.value.code
        assert isinstance(code, int)
        return subprocess.CompletedProcess(words, code, *capsys.readouterr())

    return run


@pytest.fixture
def fails(
    invoke: Callable[..., subprocess.CompletedProcess[str]],
) -> Callable[..., str]:
    """Runs ``inkdigit``, which must end with that code and one line of words; returns the line."""

    def run(code: int, *arguments: Any) -> str:
        ended = invoke(*arguments)
        assert ended.returncode == code, ended
        assert ended.stdout == ""
        assert ended.stderr.startswith("inkdigit: ")
        assert ended.stderr.count("\n") == 1, ended.stderr
        return ended.stderr.removesuffix("\n")

    return run


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of sample pictures."""
    return ROOT / "samples"


@pytest.fixture
def run_wrapped(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``inkdigit`` in a process of its own, after some code that changes its world."""

    def run(code: str, *arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        program = f"import sys\n{code}\nfrom inkdigit.cli import main\nmain()"
        command = [sys.executable, "-c", program, *map(str, arguments)]
        settings = {"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 120, **options}
        return subprocess.run(command, check=False, **settings)

    return run
