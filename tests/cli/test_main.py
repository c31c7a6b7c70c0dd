"""What holds for every command: names, exit codes, one line for an error, where words and data go."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import inkdigit
from inkdigit.cli import app, main
from inkdigit.errors import DataError, EnvironmentFault, ImageError, InkdigitError, Interrupted, UsageError

Run = Callable[..., subprocess.CompletedProcess[str]]
COMMANDS = [command.name or "" for command in app.registered_commands]

HIDE = """
class Without:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        return None if name.split(".")[0] == "{}" else self.finder.find_spec(name, path, target)
    def __getattr__(self, name):
        return getattr(self.finder, name)
sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
"""
"""Makes a package one that is not installed."""


def test_version(invoke: Run) -> None:
    ended = invoke("--version")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"inkdigit {inkdigit.__version__}\n", "")


def test_module_is_the_same_program(run_cli: Run) -> None:
    as_module = run_cli("--version")
    program = Path(sys.executable).with_name("inkdigit")
    as_program = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert as_module.stdout == as_program.stdout == f"inkdigit {inkdigit.__version__}\n"


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_help_names_every_command(arguments: tuple[str, ...], invoke: Run) -> None:
    ended = invoke(*arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.findall(r"^  ([a-z][a-z-]*)  +[A-Z]", ended.stdout, re.MULTILINE) == COMMANDS
    assert {"read", "train", "evaluate", "export", "data", "list", "doctor"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, invoke: Run) -> None:
    ended = invoke(command, "--help")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"Usage: inkdigit {command}" in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 100


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["raed"], "did you mean 'read'"),
        (["read"], "missing argument 'picture...'"),
        (["read", "a.png", "--fromat", "json"], "no such option: --fromat"),
        (["read", "a.png", "--format", "jsno"], "did you mean 'json'"),
        (["read", "a.png", "--model", "raeder"], "did you mean 'reader'"),
        (["read", "a.png", "--format"], "'--format' requires an argument"),
        (["read", "a.png", "--check", "luhn", "--check", "ean13"], "found --check 2 times, expected it once"),
        (["train"], "missing argument"),
        (["train", "lenett"], "did you mean 'lenet'"),
        (["train", "lenet", "--seed", "one"], "--seed"),
        (["train", "lenet", "--seed", "-1"], "--seed"),
        (["train", "lenet", "--device", "cdua"], "did you mean 'cuda'"),
        (["train", "lenet", "--set", "epoch=1"], "did you mean 'epochs'"),
        (["train", "lenet", "--set", "epochs=few"], "expected a whole number"),
        (["train", "lenet", "--log", "tensorbord"], "did you mean 'tensorboard'"),
        (["train", "lenet", "--resume"], "found no run of lenet"),
        (["evaluate", "reader", "--data", "optdigit"], "did you mean 'optdigits'"),
        (["evaluate", "reader", "--data", "optdigits", "--split", "tset"], "did you mean 'test'"),
        (["evaluate", "raeder"], "did you mean 'reader'"),
        (["export", "."], "missing option '--to'"),
        (["export", ".", "--to", "onxx"], "did you mean 'onnx'"),
        (["list", "recipe"], "did you mean 'recipes'"),
        (["data", "mnits"], "did you mean 'mnist'"),
        (["doctor", "who"], "unexpected extra argument"),
        (["--vresion"], "--version"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    arguments: list[str], words: str, fails: Callable[..., str], digits_folder: Path, tmp_path: Path
) -> None:
    if arguments[0] == "train":
        arguments = [*arguments, "--data", str(digits_folder)]
    line = fails(2, *arguments)
    assert words in line.lower()
    assert ".;" not in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (InkdigitError("odd"), 1, "odd"),
        (UsageError("found x"), 2, "found x"),
        (EnvironmentFault("no room"), 3, "no room"),
        (DataError("two\nlines"), 4, "two lines"),
        (ImageError("empty", "nothing"), 1, "nothing"),
        (Interrupted("stopped", signal.SIGINT), 130, "stopped"),
        (Interrupted("stopped", signal.SIGTERM), 143, "stopped"),
        (PermissionError(13, "Permission denied", "there"), 3, "there: Permission denied"),
        (OSError(28, "No space left on device"), 3, "standard output: No space left on device"),
    ],
)
def test_each_error_has_its_code(
    error: Exception, code: int, words: str, fails: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("inkdigit.reading.reader.Reader.__init__", fail)
    assert fails(code, "read", "a.png") == f"inkdigit: {words}"


def test_ctrl_c_ends_with_130(invoke: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("inkdigit.reading.reader.Reader.__init__", interrupt)
    ended = invoke("read", "a.png")
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "inkdigit: interrupted\n")


def test_a_fault_of_ours_shows_where_it_is(invoke: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("inkdigit.reading.reader.Reader.__init__", fail)
    with pytest.raises(ZeroDivisionError):
        invoke("read", "a.png")


def test_an_exit_that_a_library_asks_for_keeps_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(**_: object) -> None:
        raise SystemExit(7)

    monkeypatch.setattr("inkdigit.cli.app", leave)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 7


@pytest.mark.parametrize("format_", ["json", "jsonl", "text"])
def test_a_reader_of_the_output_that_has_enough_is_no_error(
    format_: str, samples: Path, tmp_path: Path, run_cli: Run
) -> None:
    (tmp_path / "many").mkdir()
    for index in range(30):
        (tmp_path / "many" / f"{index}.png").symlink_to(samples / "small.png")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        ended = run_cli(
            "read", "many", "--format", format_, capture_output=False, stdout=closed, stderr=subprocess.PIPE
        )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [("--help",), ("list", "formats")])
def test_output_that_cannot_be_written_is_told(arguments: tuple[str, ...], run_cli: Run) -> None:
    with Path("/dev/full").open("w") as full:
        ended = run_cli(*arguments, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert ended.returncode == 3
    assert ended.stderr == "inkdigit: standard output: No space left on device\n"


@pytest.mark.parametrize(
    ("package", "name", "arguments"),
    [
        ("torch", "PyTorch", ["train", "lenet"]),
        ("torch", "PyTorch", ["list", "models"]),
        ("torch", "PyTorch", ["learn-from", "corrections.zip", "--out", "runs/tuned"]),
        ("torch", "PyTorch", ["export", "runs/lenet-1", "--to", "onnx"]),
        ("sklearn", "scikit-learn", ["data", "optdigits"]),
        ("sklearn", "scikit-learn", ["evaluate", "reader", "--data", "optdigits"]),
        ("onnx", "onnx", ["export", "runs/lenet-1", "--to", "onnx"]),
    ],
)
def test_a_missing_extra_names_the_pip_command(package: str, name: str, arguments: list[str], run_wrapped: Run) -> None:
    ended = run_wrapped(HIDE.format(package), *arguments)
    assert ended.returncode == 3
    assert ended.stdout == ""
    assert ended.stderr == f"inkdigit: {name} is not installed; it comes with: pip install 'inkdigit[learn]'\n"


def test_without_torch_all_else_works(run_wrapped: Run, samples: Path) -> None:
    hide: Any = HIDE.format("torch")
    assert run_wrapped(hide, "read", samples / "seven.png").stdout == "7\n"
    assert run_wrapped(hide, "list", "corruptions").returncode == 0
