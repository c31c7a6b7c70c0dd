"""A folder of Parquet files."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inkdigit.batch.answers import SCHEMA, find_answers, write_answers
from inkdigit.batch.tally import Tally
from inkdigit.errors import DataError, ImageError, UsageError
from inkdigit.reading.result import Reading

MADE_WITH = {"model": "a", "single": "b"}


def row(file: str, answer: Reading | ImageError) -> dict[str, Any]:
    return {"file": file, **answer.to_dict()}


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """Those to two files, one of two pictures."""
    good, bad = Reading("a.png", 3, 4, "", ()), ImageError("empty", "no ink", "b.zip#1.png")
    write_answers(tmp_path / "1.parquet", [row("a.png", good), row("b.zip", bad), row("b.zip", good)], MADE_WITH)
    return tmp_path


def test_what_is_known(answers: Path) -> None:
    assert find_answers(answers, MADE_WITH, again=False) == {"a.png": Tally(1, 1, 0), "b.zip": Tally(1, 2, 1)}
    assert find_answers(answers / "none", MADE_WITH, again=False) == {}


def test_what_failed_is_taken_out_to_be_read_again(answers: Path) -> None:
    assert find_answers(answers, MADE_WITH, again=True) == {"a.png": Tally(1, 1, 0)}
    assert pq.read_table(answers / "1.parquet")["file"].to_pylist() == ["a.png"]
    write_answers(answers / "2.parquet", [row("c.png", ImageError("empty", "no ink"))], MADE_WITH)
    assert find_answers(answers, MADE_WITH, again=True) == {"a.png": Tally(1, 1, 0)}
    assert [path.name for path in answers.iterdir()] == ["1.parquet"]


def test_every_file_has_the_same_columns(answers: Path) -> None:
    assert pq.read_schema(answers / "1.parquet").equals(SCHEMA)


@pytest.mark.parametrize("table", [pa.table({"file": ["a"], "error": [None]}), pa.table({"n": [1]})])
def test_what_is_not_ours_is_told(table: pa.Table, answers: Path) -> None:
    pq.write_table(table, answers / "2.parquet")
    with pytest.raises(UsageError, match="holds no answers of ours; choose a folder for answers alone"):
        find_answers(answers, MADE_WITH, again=False)


@pytest.mark.parametrize("damage", [slice(0, -40), slice(0, 0)], ids=["cut off", "empty"])
def test_what_is_damaged_is_told(damage: slice, answers: Path) -> None:
    content = (answers / "1.parquet").read_bytes()
    (answers / "1.parquet").write_bytes(content[damage])
    with pytest.raises(DataError, match=r"is damaged .*; delete it, and its pictures are read again"):
        find_answers(answers, MADE_WITH, again=False)


def test_what_was_made_otherwise_is_told(answers: Path) -> None:
    with pytest.raises(UsageError, match="made with another model and single; choose another folder"):
        find_answers(answers, {"model": "x", "single": "y"}, again=False)
