"""The benchmark that docs/recipes.md quotes."""

import json
from pathlib import Path

import pytest
from benchmarks import evidence

from inkdigit.errors import EnvironmentFault


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where figures of before lie; whatever is measured is measured at once."""
    for folder in ("results", "new", "new-bfloat16"):
        (tmp_path / folder).mkdir()
    for name in ("recipes", "bfloat16", "evidence"):
        (tmp_path / "results" / f"{name}.json").write_text("{}")
    for name in ("new", "new-bfloat16"):
        (tmp_path / name / "comparison.json").write_text(json.dumps({"from": name}))
    monkeypatch.setattr(evidence, "RESULTS", tmp_path / "results")
    monkeypatch.setattr("sys.argv", ["evidence", str(tmp_path / "new"), str(tmp_path / "new-bfloat16")])
    monkeypatch.setattr(evidence, "watched_by_epoch", lambda _: [0.9])
    monkeypatch.setattr(evidence, "count_misread", lambda _: [1])
    monkeypatch.setattr(evidence, "measure_slip", lambda: {"accuracy": 0.9})
    return tmp_path / "results"


def test_figures_are_replaced_together(results: Path) -> None:
    evidence.main()
    found = {path.stem: json.loads(path.read_text()) for path in results.iterdir()}
    assert (found["recipes"], found["bfloat16"]) == ({"from": "new"}, {"from": "new-bfloat16"})
    assert found["evidence"]["mlp_misread_of_first_500"] == [1]


def test_what_cannot_be_measured_replaces_nothing(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise EnvironmentFault("no network")

    monkeypatch.setattr(evidence, "measure_slip", fail)
    with pytest.raises(EnvironmentFault):
        evidence.main()
    assert {path.read_text() for path in results.iterdir()} == {"{}"}
