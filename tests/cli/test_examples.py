"""The examples of every help are run, as they stand, in a folder where they make sense."""

import re
import shlex
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from typer.testing import CliRunner

from inkdigit import train
from inkdigit.cli import app
from inkdigit.cli.examples import with_examples
from inkdigit.data.sources import DATASETS, Source, load_idx_folder
from inkdigit.reading.joining import Joining
from inkdigit.reading.weights import SHIPPED

Run = Callable[..., subprocess.CompletedProcess[str]]
COMMANDS = [command.name or "" for command in app.registered_commands]


def examples(*command: str) -> list[str]:
    """The lines of the examples' block of a help."""
    shown = CliRunner().invoke(app, [*command, "--help"]).stdout
    block = re.search(r"^ *Examples:\n((?: +inkdigit .*\n)+)", shown, re.MULTILINE)
    return [line.strip() for line in block[1].splitlines()] if block else []


def all_examples() -> Iterator[str]:
    for command in ((), *((name,) for name in COMMANDS)):
        yield from examples(*command)


@pytest.fixture(scope="module")
def stopped_run(digits_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the recipe ``reader`` that has not come to its end."""
    folder = tmp_path_factory.mktemp("stopped") / "mine"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inkdigit.learning.train.finish", lambda *_: {})
        train("reader", data=str(digits_folder), out=folder, settings=["steps=2", "log_every=2"])
    return folder


async def tell_address(*_: object, announce: Callable[[str], None], **__: object) -> None:
    """What serving begins with; it would not end."""
    announce("http://127.0.0.1:8000/")


@pytest.fixture
def prepared(
    monkeypatch: pytest.MonkeyPatch, digits_folder: Path, stopped_run: Path, trained_run: Path, samples: Path
) -> Callable[[], None]:
    """Fills the current folder with what examples speak of: samples, two runs, and a small set instead of MNIST."""

    # Of a network that never saw such digits, a few held out tell nothing.
    monkeypatch.setattr("inkdigit.learning.finetune.TOLERANCE", 1.0)

    def prepare() -> None:
        Path("samples").symlink_to(samples)
        images, labels = load_idx_folder(digits_folder, "test")
        np.savez("mine.npz", images=images, labels=labels)
        Path("digits/7").mkdir(parents=True)
        shutil.copy(samples / "seven.png", "digits/7")
        with zipfile.ZipFile("corrections.zip", "w") as archive:
            archive.write(samples / "seven.png", "7/seven.png")
        shutil.copytree(stopped_run, "runs/mine")
        for number in (1, 2):
            shutil.copytree(trained_run, f"runs/lenet-{number}")
        for name, path in SHIPPED.items():
            Path(f"runs/{name}-1").mkdir()
            shutil.copy(path, f"runs/{name}-1/model.onnx")
        small = Source("a few", "none", lambda _: digits_folder, lambda split: load_idx_folder(digits_folder, split))
        monkeypatch.setattr("inkdigit.compare.estimate", lambda *_: 60.0)  # which takes longer than these trainings
        monkeypatch.setattr("inkdigit.report.write_report", lambda *_: None)
        monkeypatch.setattr("inkdigit.calibrate.fit", lambda _: Joining())
        monkeypatch.setattr("inkdigit.calibrate.collect", lambda *_: None)
        monkeypatch.setattr("inkdigit.calibrate._check_new", lambda *_: None)  # these learnt from the real MNIST
        monkeypatch.setattr("inkdigit.serving.server.run", tell_address)
        monkeypatch.setattr("webbrowser.open", lambda _: True)
        monkeypatch.setitem(cast(dict[str, Source], DATASETS), "mnist", small)

    return prepare


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_examples_of_its_command(command: str) -> None:
    assert examples(command)
    assert all(line.startswith(f"inkdigit {command} ") or line == f"inkdigit {command}" for line in examples(command))


def test_the_first_help_has_examples() -> None:
    assert len(examples()) >= 3


@pytest.mark.parametrize("line", sorted(set(all_examples())))
def test_example(line: str, invoke: Run, prepared: Callable[[], None]) -> None:
    prepared()
    program, *words = shlex.split(line)
    assert program == "inkdigit"
    if words[0] in ("train", "compare") and "--resume" not in words:
        words += ["--set", "steps=2", "--set", "log_every=2"]  # all but the length is as it stands
    if words[0] == "compare":
        words += ["--seeds", "1"]
    ended = invoke(*words)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout
    if "--out" in words:
        assert Path(words[words.index("--out") + 1]).exists()


def test_examples_stand_on_lines_of_their_own() -> None:
    @with_examples("inkdigit one", "inkdigit two")
    def command() -> None:
        """Does.

        More.
        """

    assert command.__doc__ == "Does.\n\nMore.\n\n\b\nExamples:\n  inkdigit one\n  inkdigit two"
