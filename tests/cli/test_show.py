"""``inkdigit show``."""

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inkdigit import train
from inkdigit.data.idx import read_idx, write_idx
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


def test_help_says_where_every_kind_is_listed(invoke: Run) -> None:
    assert "See 'inkdigit list figures'" in invoke("show", "--help").stdout
    assert [line.split()[0] for line in invoke("list", "figures").stdout.splitlines()] == list(FIGURES)


@pytest.fixture(scope="module")
def optdigits_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short run on real digits."""
    folder = tmp_path_factory.mktemp("runs") / "lenet-1"
    train("lenet", data="optdigits", out=folder, settings=["epochs=2", "batch_size=32", "lr=0.02"])
    return folder


@pytest.mark.parametrize("kind", FIGURES)
def test_every_kind_shows_a_run_on_real_digits_soon(kind: str, optdigits_run: Path, invoke: Run) -> None:
    began = time.perf_counter()
    ended = invoke("show", kind, optdigits_run, "--out", "shown.png")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "shown.png\n", "")
    assert Path("shown.png").read_bytes().startswith(b"\x89PNG")
    assert time.perf_counter() - began < 10


@pytest.mark.parametrize(
    ("code", "arguments", "words"),
    [
        (2, ["curvs"], "did you mean 'curves'"),
        (2, ["curvs", "none"], "did you mean 'curves'"),
        (2, ["curves"], "expected at least one run"),
        (2, ["structure"], "found 0 runs, expected one run"),
        (2, ["confusion", "lenet-1", "lenet-1"], "found 2 runs, expected one run"),
        (2, ["samples", "lenet-1", "lenet-1"], "expected a run or none"),
        (4, ["curves", "none"], "none: no such folder; expected the folder of a run"),
        (4, ["curves", "reader"], "reader: no such folder; expected the folder of a run"),
        (4, ["curves", "lenet-1", "none"], "none: no such folder"),
        (4, ["confusion", "."], "no run.json in it"),
        (4, ["curves", "lenet-1/metrics.csv"], "a file; expected the folder of a run"),
        (4, ["confusion", "runs/none"], "runs/none: no such folder or file; expected a run"),
        (2, ["features", "lenet-1", "--image", "999"], "expected 0 to 59"),
        (2, ["saliency", "lenet-1", "--image", "-1"], "found image -1, expected 0 to 59"),
        (2, ["mistakes", "lenet-1", "--image", "0-999"], "found image 999, expected 0 to 59"),
        (1, ["features", "lenet-1", "--image", "none.png"], "none.png: no such file"),
        (1, ["features", "lenet-1", "--image", "lenet-1/run.json"], "lenet-1/run.json: found no picture"),
        (1, ["saliency", "lenet-1", "--image", "lenet-1"], "found a folder"),
        (2, ["confusion", "lenet-1", "--data", "optdigit"], "did you mean 'optdigits'"),
        (4, ["samples", "--data", "lenet-1"], "nor train-images"),
        (2, ["confusion", "lenet-1", "--out", "a.doc"], "expected a file that ends in"),
        (2, ["confusion", "lenet-1", "--out", "a.gif"], "expected a file that ends in"),
        (2, ["confusion", "lenet-1", "--out", "lenet-1"], "expected a file that ends in"),
        (3, ["kernels", "lenet-1", "--out", "lenet-1/run.json/a.gif"], "cannot be written"),
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


def test_a_folder_in_the_place_of_the_picture(fails: Callable[..., str], run: Path) -> None:
    (run / "structure.png").mkdir()
    assert "structure.png: cannot be written (Is a directory)" in fails(3, "show", "structure", run)
    assert list((run / "structure.png").iterdir()) == []


def rewrite(path: Path, **changes: Any) -> None:
    """Changes entries of a JSON file; one that becomes ``...`` is taken out."""
    values = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in values.items() if value is not ...}))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 0}, "a run of another version"),
        ({"format": ...}, "a run of another version"),
        ({"extra": 1}, "found an unknown extra"),
        ({"seed": ..., "data": ...}, "found no data, no seed"),
        ({"seed": "first"}, "not what a run begins with"),
        ({"recipe": {"name": "lenet"}}, "not a recipe of this version"),
        ({"recipe": "lenet"}, "not a recipe of this version"),
    ],
    ids=lambda value: "" if isinstance(value, str) else " ".join(value),
)
@pytest.mark.parametrize("kind", ["structure", "confusion"])
def test_a_run_of_another_version(
    kind: str, changes: dict[str, Any], words: str, fails: Callable[..., str], run: Path
) -> None:
    rewrite(run / "run.json", **changes)
    line = fails(4, "show", kind, "lenet-1")
    assert words in line
    assert line.endswith("train again")
    assert not (run / f"{kind}.png").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "gone"}, "unknown model 'gone'"),
        ({"model_options": {"gone": 1}}, "the model lenet has no option gone"),
        ({"gone": 1}, "an unknown gone"),
        ({"source": ...}, "no source"),
    ],
    ids=lambda value: "" if isinstance(value, str) else " ".join(value),
)
def test_a_recipe_of_another_version(changes: dict[str, Any], words: str, fails: Callable[..., str], run: Path) -> None:
    recipe = json.loads((run / "run.json").read_text())["recipe"] | changes
    recipe = {key: value for key, value in recipe.items() if value is not ...}
    rewrite(run / "run.json", recipe=recipe)
    assert words in fails(4, "show", "structure", "lenet-1")


class TestDataOfARun:
    """A picture of a run's own digits is drawn of those that it learnt from, or not at all."""

    @pytest.fixture
    def digits(self, run: Path, digits_folder: Path, tmp_path: Path) -> Path:
        """The run's dataset, to be changed."""
        rewrite(run / "run.json", data="digits")
        return Path(shutil.copytree(digits_folder, tmp_path / "digits"))

    def test_the_same_digits_elsewhere_will_do(self, digits: Path, invoke: Run) -> None:
        assert invoke("show", "confusion", "lenet-1").returncode == 0

    @pytest.mark.parametrize("file", ["train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"])
    @pytest.mark.parametrize("kind", ["confusion", "samples"])
    def test_other_digits(self, kind: str, file: str, digits: Path, invoke: Run, fails: Callable[..., str]) -> None:
        write_idx(digits / file, 255 - read_idx(digits / file, each=(28, 28)))
        assert "digits holds other digits than the run was trained on" in fails(4, "show", kind, "lenet-1")
        assert not Path("lenet-1", f"{kind}.png").exists()
        assert invoke("show", kind, "lenet-1", "--data", "digits").returncode == 0

    def test_no_digits(self, digits: Path, fails: Callable[..., str], run: Path) -> None:
        digits.rename(digits.with_name("elsewhere"))
        line = fails(4, "show", "mistakes", "lenet-1")
        assert "lenet-1: was trained on digits, which cannot be had" in line
        assert "name a dataset with --data" in line
        assert not (run / "mistakes.png").exists()
