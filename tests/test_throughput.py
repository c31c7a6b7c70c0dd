"""The benchmark of reading speed, on a few pictures."""

import json
from pathlib import Path

import pytest
from benchmarks import throughput
from benchmarks.openers import peak_mb

from inkdigit import load_dataset
from inkdigit.errors import EnvironmentFault


def test_a_row_for_each_kind_of_picture(
    digits_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(throughput, "load_dataset", lambda _, split: load_dataset(str(digits_folder), split))
    monkeypatch.setattr(throughput, "PHOTO", (400, 300))
    monkeypatch.setattr(throughput, "CALLS", 1)
    monkeypatch.setattr(
        throughput, "measure", lambda name, folder: {**throughput.ROWS[name](folder), "peak_mb": peak_mb()}
    )
    monkeypatch.setattr("sys.argv", ["throughput", "--files", "3", "--out", str(tmp_path / "a.json")])
    throughput.main()
    written = json.loads((tmp_path / "a.json").read_text())
    assert list(written["rows"]) == list(throughput.ROWS)
    assert all(row["peak_mb"] > 10 and (row.get("a second") or row["ms"]) > 0 for row in written["rows"].values())
    assert written["files"] == 3
    assert capsys.readouterr().out.count("\n") >= len(throughput.ROWS)


def test_without_its_digits_it_ends_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: str) -> None:
        raise EnvironmentFault("no network")

    monkeypatch.setattr(throughput, "load_dataset", load)
    monkeypatch.setattr("sys.argv", ["throughput"])
    with pytest.raises(SystemExit, match=r"^throughput: no network$"):
        throughput.main()


def test_what_cannot_be_read_is_no_speed(tmp_path: Path) -> None:
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits/0.png").write_bytes(b"no picture")
    with pytest.raises(SystemExit, match="1 of 1 pictures were not read"):
        throughput.read_files(tmp_path)
