"""Seeds side by side come out as they do alone; the processes are played where training itself does not matter."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inkdigit.errors import DataError
from inkdigit.evaluation.history import Row, read_history
from inkdigit.learning.recipe import override
from inkdigit.learning.recipes import RECIPES
from inkdigit.learning.restore import read_weights
from inkdigit.learning.run import Run
from inkdigit.learning.seeds import Seeds, train_seeds
from inkdigit.learning.train import train

RECIPE = override(RECIPES["lenet"], ["epochs=1"])


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inkdigit.learning.abreast.count_cores", lambda: 2)


@pytest.fixture
def seeds(digits_folder: Path, tmp_path: Path) -> Callable[[int], Seeds]:
    """So many seeds of LeNet, in an empty folder."""
    data = str(digits_folder)
    return lambda n: Seeds(
        "lenet", RECIPE, {seed: tmp_path / str(seed) for seed in range(n)}, data, ("csv", "progress")
    )


def test_each_is_what_it_is_alone(
    seeds: Callable[[int], Seeds], digits_folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []
    both = seeds(2)
    train_seeds(both, told.append)
    assert told[:2] == [f"training lenet, seed {seed}, on a core of its own" for seed in range(2)]
    assert sorted(told[2:]) == ["trained lenet, seed 0", "trained lenet, seed 1"]
    assert capfd.readouterr() == ("", "")
    alone = tmp_path / "alone"
    train(RECIPE, data=str(digits_folder), out=alone, seed=1)
    found, expected = Run.open(both.folders[1]), Run.open(alone)
    assert result(found) == result(expected)
    assert log(found) == log(expected)
    assert_same_weights(found, expected)
    for name in ("run.json", "evaluation.json"):
        assert json.loads((found.folder / name).read_text()) == json.loads((alone / name).read_text())
    assert {path.name for path in found.folder.iterdir()} == {path.name for path in alone.iterdir()}


def result(run: Run) -> dict[str, object]:
    return {name: value for name, value in run.result().items() if name not in ("run", "seconds")}


def log(run: Run) -> list[Row]:
    history: list[Row] = read_history(run.metrics)
    return [replace(row, seconds=0.0) for row in history]


def assert_same_weights(found: Run, expected: Run) -> None:
    weights, others = (read_weights(run.model.read_bytes(), run.model) for run in (found, expected))
    assert weights.keys() == others.keys()
    assert all(np.array_equal(weights[name].numpy(), others[name].numpy()) for name in weights)


def test_they_are_given_what_train_is(
    seeds: Callable[[int], Seeds], play: Callable[[str], None], digits_folder: Path, tmp_path: Path
) -> None:
    play("open(out + '.json', 'w').write(sys.argv[1])")
    Run(tmp_path / "1", RECIPE, 1, str(digits_folder), "").write()
    told: list[str] = []
    train_seeds(seeds(2), told.append)
    given = json.loads((tmp_path / "1.json").read_text())
    assert given == {
        "recipe": RECIPE.to_dict(), "data": str(digits_folder), "out": str(tmp_path / "1"), "seed": 1,
        "resume": True, "loggers": ["csv"],
    }  # fmt: skip
    assert not json.loads((tmp_path / "0.json").read_text())["resume"]
    assert "resuming lenet, seed 1, on a core of its own" in told


def test_damaged_data_is_found_before_anything_begins(
    seeds: Callable[[int], Seeds], play: Callable[[str], None], tmp_path: Path
) -> None:
    play("open(out + '.begun', 'w')")
    with pytest.raises(DataError, match="no such folder"):
        train_seeds(Seeds("lenet", RECIPE, seeds(2).folders, "./none"))
    assert not list(tmp_path.iterdir())
