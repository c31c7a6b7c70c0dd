"""A run's folder, whole and broken."""

import json
from pathlib import Path

import pytest

from inkdigit.errors import DataError, UsageError
from inkdigit.learning.recipes import RECIPES
from inkdigit.learning.run import Run, newest_folder, next_folder


def begun(folder: Path) -> Run:
    run = Run(folder, RECIPES["mlp"], 3, "mnist", "ab" * 32)
    run.write()
    return run


def test_round_trip(tmp_path: Path) -> None:
    run = begun(tmp_path / "r")
    found = Run.open(tmp_path / "r")
    assert found.recipe.to_dict() == run.recipe.to_dict()
    assert (found.seed, found.data, found.data_sha256) == (3, "mnist", "ab" * 32)


def test_an_unfinished_run_tells_how_to_go_on(tmp_path: Path) -> None:
    run = begun(tmp_path / "r")
    assert not run.is_finished
    with pytest.raises(DataError, match=r"inkdigit train mlp --out .* --resume"):
        run.result()
    run.finish({"test_accuracy": 0.5})
    assert run.result() == {"test_accuracy": 0.5}


def test_folders_that_are_no_runs(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        Run.open(tmp_path / "none")
    with pytest.raises(DataError, match=r"no run\.json"):
        Run.open(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [("{", "not readable as JSON"), ("[]", "expected an object"), ('{"format": 99}', "another version")],
)
def test_damaged_descriptions(content: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(DataError, match=words):
        Run.open(tmp_path)


@pytest.mark.parametrize("change", [{"recipe": {}}, {"seed": None, "extra": 1}])
def test_descriptions_of_something_else(change: dict[str, object], tmp_path: Path) -> None:
    begun(tmp_path)
    values = json.loads((tmp_path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps(values | change))
    with pytest.raises(DataError, match="train again"):
        Run.open(tmp_path)


def test_folders_are_numbered(tmp_path: Path) -> None:
    assert next_folder("mlp", tmp_path) == tmp_path / "mlp-1"
    with pytest.raises(UsageError, match="found no run of mlp"):
        newest_folder("mlp", tmp_path)
    for name in ("mlp-2", "mlp-10", "mlp-x", "mlp-fixed-99"):
        (tmp_path / name).mkdir()
    assert newest_folder("mlp", tmp_path) == tmp_path / "mlp-10"
    assert next_folder("mlp", tmp_path) == tmp_path / "mlp-11"
