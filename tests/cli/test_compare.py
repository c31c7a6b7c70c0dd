"""``inkdigit compare``."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inkdigit.compare import compare, plan
from inkdigit.data.idx import read_idx, write_idx
from inkdigit.errors import Interrupted

Run = Callable[..., subprocess.CompletedProcess[str]]
SETTINGS = ["epochs=1", "batch_size=16"]
SAME = [
    "compare",
    "softmax",
    "--seeds",
    "1",
    "--data",
    "digits",
    "--out",
    "out",
    "--set",
    *" --set ".join(SETTINGS).split(),
]


@pytest.fixture(scope="module")
def finished(digits_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a comparison of one run, and the digits that it was trained on."""
    folder = tmp_path_factory.mktemp("finished")
    shutil.copytree(digits_folder, folder / "digits")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        out = Path("out")
        compare(plan(["softmax"], seeds=1, out=out, settings=SETTINGS), data="digits", out=out)
    return folder


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """A copy of that comparison, to go on with; the page is not drawn yet."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path / "out"


@pytest.fixture
def refuses(invoke: Run, tmp_path: Path) -> Callable[..., str]:
    """Goes on with the comparison, or another, which must end with that code and change nothing; its last line."""

    def run(code: int, *arguments: str) -> str:
        before = contents(tmp_path)
        ended = invoke(*(arguments or SAME))
        assert ended.returncode == code, ended
        assert ended.stdout == ""
        assert all(line.startswith("inkdigit: ") for line in ended.stderr.splitlines()), ended.stderr
        assert contents(tmp_path) == before
        return ended.stderr.splitlines()[-1]

    return run


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rewrite(path: Path, **changes: Any) -> None:
    """Changes entries of a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_goes_on_with_what_is_finished(invoke: Run, out: Path) -> None:
    ended = invoke(*SAME)
    assert ended.returncode == 0, ended.stderr
    assert "training softmax" not in ended.stderr
    assert (out / "comparison.html").exists()


def test_goes_on_with_the_digits_that_it_began_with(invoke: Run, out: Path) -> None:
    ended = invoke(*[word for word in SAME if word not in ("--data", "digits")])
    assert ended.returncode == 0, ended.stderr
    assert json.loads((out / "comparison.json").read_text())["data"] == "digits"


def test_goes_on_wherever_the_digits_lie_now(invoke: Run, out: Path, tmp_path: Path) -> None:
    (tmp_path / "digits").rename(tmp_path / "moved")
    ended = invoke(*["moved" if word == "digits" else word for word in SAME])
    assert ended.returncode == 0, ended.stderr
    assert "training softmax" not in ended.stderr


@pytest.mark.parametrize(
    ("code", "arguments", "words"),
    [
        (2, [], "Missing argument 'RECIPE|RUN...'"),
        (2, ["lenett"], "did you mean 'lenet'"),
        (2, ["lenet", "softmax", "lenet"], "found one twice"),
        (2, ["softmax", "--seeds", "0"], "'--seeds'"),
        (2, ["softmax", "--set", "epochz=1"], "did you mean 'epochs'"),
        (2, ["softmax", "--set", "epochs"], "expected name=value"),
        (2, ["softmax", "mlp", "--set", "model.hidden=9"], "unknown option of model softmax 'hidden'"),
        (2, ["softmax", "--data", "optdigit"], "did you mean 'optdigits'"),
        (4, ["softmax", "--data", "./none"], "none: no such folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_with_its_code(
    code: int, arguments: list[str], words: str, refuses: Callable[..., str], tmp_path: Path
) -> None:
    assert words in refuses(code, "compare", *arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["file", "file/deeper"])
def test_a_place_that_is_a_file(place: str, refuses: Callable[..., str], digits_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    line = refuses(3, "compare", "softmax", "--data", str(digits_folder), "--set", "epochs=1", "--out", place)
    assert f"{place}/softmax-seed-0" in line
    assert "(Not a directory); choose another place" in line


@pytest.mark.parametrize(
    ("code", "arguments", "words"),
    [
        (2, ["--set", "lr=0.1"], "was begun with lr=0.05;"),
        (4, ["--data", "optdigits"], "optdigits holds other digits than the run was trained or measured on"),
        (4, ["--data", "optdigits", "--seeds", "2"], "optdigits holds other digits than the run was trained"),
    ],
    ids=["settings", "data", "more"],
)
def test_runs_begun_otherwise(
    code: int, arguments: list[str], words: str, refuses: Callable[..., str], out: Path
) -> None:
    line = refuses(code, *SAME, *arguments)
    assert f"out/softmax-seed-0: {words}" in line


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("run.json", "{", "run.json: not readable as JSON"),
        ("result.json", "{", "result.json: not readable as JSON"),
        ("result.json", "[]", "result.json: found a list, expected an object"),
        ("result.json", "{}", "result.json: found no run, recipe, seed, test_acc"),
        ("model.onnx", "model", "model.onnx: not a model that can be opened"),
        ("metrics.csv", "step,epoch\n", "metrics.csv: "),
    ],
)
def test_damaged_runs(file: str, content: str, words: str, refuses: Callable[..., str], out: Path) -> None:
    (out / "softmax-seed-0" / file).write_text(content)
    assert words in refuses(4)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"format": 0}, "a run of another version"), ({"extra": 1}, "found an unknown extra")],
    ids=["format", "extra"],
)
def test_runs_of_another_version(changes: dict[str, Any], words: str, refuses: Callable[..., str], out: Path) -> None:
    rewrite(out / "softmax-seed-0" / "run.json", **changes)
    assert words in refuses(4)


def test_a_model_that_is_missing(refuses: Callable[..., str], out: Path) -> None:
    (out / "softmax-seed-0" / "model.onnx").unlink()
    assert "model.onnx" in refuses(4)


def test_a_folder_in_the_way(refuses: Callable[..., str], digits_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "softmax-seed-0").mkdir(parents=True)
    (tmp_path / "out" / "softmax-seed-0" / "notes.txt").write_text("mine")
    line = refuses(2, "compare", "softmax", "--data", str(digits_folder), "--out", "out")
    assert "out/softmax-seed-0: not empty and no run" in line


@pytest.mark.parametrize("split", ["train", "t10k"])
def test_digits_that_have_changed_since(split: str, refuses: Callable[..., str], out: Path, tmp_path: Path) -> None:
    images = tmp_path / "digits" / f"{split}-images-idx3-ubyte.gz"
    write_idx(images, 255 - read_idx(images, each=(28, 28)))
    assert "digits holds other digits than the run was trained or measured on" in refuses(4)


@pytest.mark.parametrize("signal_number", [2, 15])
def test_interrupted_before_anything_is_finished(
    signal_number: int, invoke: Run, digits_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise Interrupted("stopped after step 1 of 15", signal_number)

    monkeypatch.setattr("inkdigit.learning.seeds.train", stop)
    ended = invoke("compare", "softmax", "--data", digits_folder, "--out", "out")
    assert (ended.returncode, ended.stdout) == (128 + signal_number, "")
    assert ended.stderr.splitlines()[-1] == "inkdigit: stopped in softmax, seed 0, saved; the same command goes on"
    assert not list(tmp_path.glob("out/comparison.*"))


def test_seeds_side_by_side_are_stopped_by_sigterm_and_gone_on_with(digits_folder: Path, tmp_path: Path) -> None:
    options = ["lenet", "--seeds", "2", "--data", str(digits_folder), "--set", "steps=1000000", "--set", "log_every=50"]
    code = "from inkdigit.learning import seeds; seeds.count_cores = lambda: 2; from inkdigit.cli import main; main()"
    states = [tmp_path / "out" / f"lenet-seed-{seed}" / "state.safetensors" for seed in range(2)]
    for verb in ("training", "resuming"):
        before = [age(state) for state in states]
        command = [sys.executable, "-c", code, "compare", *options, "--out", "out"]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=tmp_path, stdout=pipe, stderr=pipe, text=True) as parent:
            deadline = time.monotonic() + 120
            while any(age(state) == then for state, then in zip(states, before, strict=True)):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
            parent.terminate()
            stdout, stderr = parent.communicate(timeout=60)
        assert (parent.returncode, stdout) == (143, "")
        assert [line for line in stderr.splitlines() if "lenet" in line] == [
            f"inkdigit: {verb} lenet, seed 0, on a core of its own",
            f"inkdigit: {verb} lenet, seed 1, on a core of its own",
            "inkdigit: stopped in lenet, seed 0 and lenet, seed 1, saved; the same command goes on",
        ]
        assert "Traceback" not in stderr
        assert len(children) == 2
        assert not any(Path(f"/proc/{child}").exists() for child in children)


def age(path: Path) -> int:
    """When a file was written, 0 where there is none."""
    return path.stat().st_mtime_ns if path.exists() else 0
