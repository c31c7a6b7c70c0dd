"""The benchmark of small networks."""

import json
from pathlib import Path

import pytest
from benchmarks import smallest


def test_a_row_counts_every_parameter_and_what_is_trained_stays(
    digits_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ("model.widths=4,6,8", "model.depths=1,1,1", "epochs=1")
    monkeypatch.setattr(smallest, "SIZES", {"tiny": ("smallest", settings, 1)})
    words = ["--only", "tiny", "--data", str(digits_folder), "--place", str(tmp_path / "runs")]
    smallest.main([*words, "--out", str(tmp_path / "a.json")])
    written = json.loads((tmp_path / "a.json").read_text())
    (row,) = written["rows"]
    convolutions, norms = 9 * (4 + 4 * 6 + 6 * 8), 2 * (4 + 6 + 8)
    assert row["parameters"] == convolutions + norms + 8 * 10 + 10
    assert row["accuracies"] == [row["accuracy"]]
    assert row["settings"] == list(settings)
    assert "810 parameters" in capsys.readouterr().out
    model = tmp_path / "runs" / "tiny" / "smallest-seed-0" / "model.onnx"
    trained = model.stat().st_mtime_ns
    smallest.main([*words, "--out", str(tmp_path / "b.json")])
    assert model.stat().st_mtime_ns == trained
    assert json.loads((tmp_path / "b.json").read_text())["rows"] == written["rows"]


def test_an_error_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="4"):
        smallest.main(["--only", "tiny", "--data", str(tmp_path / "none"), "--out", str(tmp_path / "a.json")])
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "a.json").exists()
