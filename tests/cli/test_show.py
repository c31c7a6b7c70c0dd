"""``inkdigit show``."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from inkdigit.learning.figures import FIGURES

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(trained_run: Path, tmp_path: Path) -> Path:
    """A copy of a run, to draw into."""
    return Path(shutil.copytree(trained_run, tmp_path / "lenet-1"))


def test_prints_the_path(invoke: Run, run: Path) -> None:
    ended = invoke("show", "structure", "lenet-1")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "lenet-1/structure.png\n", "")
    assert (run / "structure.png").exists()


def test_options_arrive(invoke: Run, run: Path, samples: Path, tmp_path: Path) -> None:
    ended = invoke("show", "saliency", run, "--image", samples / "seven.png", "--out", "new/seven.svg")
    assert (ended.returncode, ended.stdout) == (0, "new/seven.svg\n")
    assert "<svg" in (tmp_path / "new" / "seven.svg").read_text()


def test_shipped_weights_by_their_name(invoke: Run, tmp_path: Path) -> None:
    ended = invoke("show", "reliability", "reader", "--data", "optdigits")
    assert (ended.returncode, ended.stdout) == (0, "reliability.png\n")
    assert (tmp_path / "reliability.png").exists()


def test_help_names_every_kind(invoke: Run) -> None:
    words = re.findall(r"\w+", invoke("show", "--help").stdout)
    assert set(FIGURES) <= set(words)


@pytest.mark.parametrize(
    ("code", "arguments", "words"),
    [
        (2, ["curvs"], "did you mean 'curves'"),
        (2, ["curves"], "expected at least one run"),
        (2, ["features", "lenet-1", "--image", "999"], "expected 0 to 59"),
        (1, ["features", "lenet-1", "--image", "none.png"], "none.png: no such file"),
        (2, ["confusion", "lenet-1", "--out", "a.doc"], "expected a file that ends in"),
        (3, ["structure", "lenet-1", "--out", "lenet-1/run.json/a.png"], "cannot be written"),
        (2, ["confusion", "none"], "unknown model 'none'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_with_its_code(
    code: int, arguments: list[str], words: str, fails: Callable[..., str], run: Path
) -> None:
    before = sorted(run.parent.rglob("*"))
    assert words in fails(code, "show", *arguments)
    assert sorted(run.parent.rglob("*")) == before


def test_a_run_without_checkpoints(fails: Callable[..., str], run: Path) -> None:
    shutil.rmtree(run / "weights")
    assert "found no checkpoints" in fails(4, "show", "kernels", run)
    assert not (run / "kernels.png").exists()
