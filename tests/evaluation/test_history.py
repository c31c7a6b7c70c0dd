from pathlib import Path

import pytest

from inkdigit.errors import DataError
from inkdigit.evaluation.history import Row, read_history

HEADER = "step,epoch,lr,train_loss,train_accuracy,seconds,validation_loss,validation_accuracy,test_loss,test_accuracy\n"


def test_a_log_is_read_as_it_was_written(tmp_path: Path) -> None:
    log = tmp_path / "metrics.csv"
    log.write_text(f"{HEADER}3,0.5,0.01,0.25,0.75,2,,,,\n6,1,0.01,0.125,0.875,4,0.5,0.9,,\n")
    rows = [Row(3, 0.5, 0.01, 0.25, 0.75, 2.0), Row(6, 1.0, 0.01, 0.125, 0.875, 4.0, 0.5, 0.9)]
    assert read_history(log) == rows
    assert isinstance(read_history(log)[0].step, int)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (HEADER, "no line yet"),
        (f"{HEADER}3,0.5\n", "not the log of a run"),
        (f"{HEADER}3,half,0,0,0,0,,,,\n", "not the log of a run"),
        ("a,b\n1,2\n", "not the log of a run"),
        (None, "not the log of a run"),
    ],
)
def test_what_is_no_log(content: str | None, words: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "metrics.csv").write_text(content)
    with pytest.raises(DataError, match=words):
        read_history(tmp_path / "metrics.csv")
