"""The benchmark of an ensemble: its members, their averages by kind, and what is still wrong."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.ensemble import main

from inkdigit import train
from inkdigit.errors import DataError, UsageError
from inkdigit.learning.recipe import override
from inkdigit.learning.recipes import find_recipe


@pytest.fixture(scope="module")
def unlike(digits_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two wide networks and a narrow one between them."""
    quick = override(find_recipe("mlp"), ["protocol=held-out", "epochs=2", "batch_size=20", "lr=0.001"])
    recipe = replace(quick, members=3, member_options=[{}, {"hidden": (8,)}])
    folder = tmp_path_factory.mktemp("runs") / "unlike"
    train(recipe, data=str(digits_folder), out=folder)
    return folder


def test_the_figures_are_written(unlike: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, picture = tmp_path / "ensemble.json", tmp_path / "wrong.png"
    main([str(unlike), "--out", str(out), "--picture", str(picture)])
    results, printed = json.loads(out.read_text()), capsys.readouterr().out
    told = json.loads((unlike / "result.json").read_text())
    assert str(unlike) not in out.read_text()  # where a run lies says nothing elsewhere
    assert [kind["members"] for kind in results["kinds"]] == [2, 1]
    assert [kind["model_options"] for kind in results["kinds"]] == [{"hidden": [30, 30]}, {"hidden": [8]}]
    assert results["kinds"][1]["test_wrong"] == results["members"][1]["wrong"]
    assert results["ensemble"]["accuracy"] == told["test_accuracy"]
    assert results["ensemble"]["wrong"] == results["all"]["test_wrong"] == len(results["wrong"])
    assert sum(member["parameters"] for member in results["members"]) == results["parameters"] == told["parameters"]
    assert picture.exists()
    assert f"{len(results['wrong'])} test digits still wrong by the ensemble" in printed


def test_an_error_is_a_line(unlike: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([str(tmp_path / "none"), "--out", str(tmp_path / "ensemble.json")])
    assert stop.value.code == DataError.exit_code
    assert "expected the folder of a run" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stop:
        main([str(unlike), "--picture", str(tmp_path / "wrong.txt")])
    assert stop.value.code == UsageError.exit_code
