"""A run's folder, whole and broken."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from inkdigit.errors import DataError, EnvironmentFault, UsageError
from inkdigit.learning.recipes import RECIPES
from inkdigit.learning.run import RESULT_KEYS, Run, claim_folder, free_folder, newest_folder


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
    run = begun(tmp_path / "a run")
    assert not run.is_finished
    with pytest.raises(DataError, match=r"inkdigit train mlp --out '.*/a run' --resume$"):
        run.result()
    result = dict.fromkeys(RESULT_KEYS, 1)
    run.finish(result)
    assert run.result() == {**result, "run": str(tmp_path / "a run")}


def test_a_recipe_that_no_command_knows_is_gone_on_with_by_a_call(tmp_path: Path) -> None:
    run = Run(tmp_path / "r", replace(RECIPES["mlp"], name="mine"), 3, "mnist", "ab" * 32)
    assert run.resume_command == f"train(recipe, out='{tmp_path}/r', resume=True)"


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


@pytest.mark.parametrize("change", [{"recipe": {}}, {"seed": "x"}, {"extra": 1}])
def test_descriptions_of_something_else(change: dict[str, object], tmp_path: Path) -> None:
    begun(tmp_path)
    values = json.loads((tmp_path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps(values | change))
    with pytest.raises(DataError, match="train again"):
        Run.open(tmp_path)


def test_folders_are_numbered(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="found no run of mlp"):
        newest_folder("mlp", tmp_path)
    for name in ("mlp-2", "mlp-10", "mlp-x", "mlp-fixed-99"):
        begun(tmp_path / name)
    assert newest_folder("mlp", tmp_path) == tmp_path / "mlp-10"
    assert claim_folder("mlp", tmp_path) == tmp_path / "mlp-11"
    assert newest_folder("mlp", tmp_path) == tmp_path / "mlp-10", "nothing is begun in what was claimed"


def test_what_a_killed_process_left_half_written_does_not_count(tmp_path: Path) -> None:
    (tmp_path / ".inkdigit-0123").touch()
    assert free_folder(tmp_path) == tmp_path
    (tmp_path / "notes").touch()
    with pytest.raises(UsageError, match="not empty"):
        free_folder(tmp_path)


def test_one_process_at_a_time_trains_in_a_folder(tmp_path: Path) -> None:
    run = Run(tmp_path / "r", RECIPES["mlp"], 3, "mnist", "ab" * 32)
    with run.held(), pytest.raises(UsageError, match="another process trains there; wait until it ends"), run.held():
        pass
    with run.held():
        assert run.folder.is_dir()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run = Run(tmp_path / "file" / "r", RECIPES["mlp"], 3, "mnist", "ab" * 32)
    with pytest.raises(EnvironmentFault, match="cannot be made"), run.held():
        pass


def test_two_trainings_that_begin_together_get_two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inkdigit.learning.run._numbers", lambda *_: [])  # neither sees the other
    folders = [claim_folder("mlp", tmp_path / "runs") for _ in range(3)]
    assert folders == [tmp_path / "runs" / f"mlp-{number}" for number in (1, 2, 3)]
    assert all(folder.is_dir() for folder in folders)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFault, match="choose a place with --out"):
        claim_folder("mlp", tmp_path / "file")


@pytest.mark.parametrize("name", ["test_accuracy", "best_step", "seconds", "parameters"])
def test_a_result_without_what_it_should_hold_is_told(name: str, trained_run: Path, tmp_path: Path) -> None:
    run = begun(tmp_path / "r")
    values = json.loads((trained_run / "result.json").read_text())
    del values[name]
    run.finish(values)
    with pytest.raises(DataError, match=f"found no {name} in it"):
        run.result()


@pytest.mark.parametrize(("name", "value"), [("best_step", "x"), ("test_accuracy", "good"), ("temperature", None)])
def test_a_result_of_other_kinds_is_told(name: str, value: object, trained_run: Path, tmp_path: Path) -> None:
    shutil.copytree(trained_run, tmp_path / "run")
    path = tmp_path / "run" / "result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: value}))
    with pytest.raises(DataError, match=f"found {name}=.*expected a number"):
        Run.open(tmp_path / "run").result()
