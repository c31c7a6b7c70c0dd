"""The figures of benchmarks are written where it is asked for, and nowhere else."""

import argparse
import json
from pathlib import Path

import pytest
from benchmarks.figures import add_out, write_figures


@pytest.mark.parametrize(
    ("words", "written"), [([], False), (["--out", "here.json"], True)], ids=["no place", "a place"]
)
def test_they_are_written_where_a_place_is_named(
    words: list[str], written: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    parser = argparse.ArgumentParser()
    add_out(parser)
    write_figures({"seconds": 1.5}, parser.parse_args(words).out)
    assert [path.name for path in tmp_path.iterdir()] == ["here.json"] * written
    if written:
        assert json.loads(Path("here.json").read_text()) == {"seconds": 1.5}
