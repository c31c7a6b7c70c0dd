"""Loggers listen."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from inkdigit.errors import EnvironmentFault, UsageError
from inkdigit.evaluation.history import Row
from inkdigit.learning.logs import CsvLogger, ProgressLogger, TensorBoardLogger, find_loggers
from inkdigit.learning.recipes import RECIPES
from inkdigit.learning.run import Run

ROWS = [Row(10, 0.5, 0.1, 2.0, 0.25, 1.0), Row(20, 1.0, 0.1, 1.0, 0.5, 2.0, 0.9, 0.6)]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path, RECIPES["lenet"], 0, "mnist", "")


def test_csv_has_the_columns_of_a_row_and_blanks_for_what_was_not_measured(run: Run) -> None:
    logger = CsvLogger()
    logger.start(run, [], 20)
    for row in ROWS:
        logger.log(row)
    logger.close()
    first, second = csv.DictReader(run.metrics.read_text().splitlines())
    assert first["validation_loss"] == ""
    assert (second["step"], second["validation_accuracy"]) == ("20", "0.6")


def test_a_full_disk_is_told_with_the_file(run: Run) -> None:
    logger = CsvLogger()
    logger.start(run, [], 20)
    run.metrics.unlink()
    run.metrics.symlink_to("/dev/full")
    with pytest.raises(EnvironmentFault, match=r"metrics\.csv: cannot be written \(No space left on device\)"):
        logger.log(ROWS[0])


def test_csv_of_a_resumed_run_repeats_no_line(run: Run) -> None:
    logger = CsvLogger()
    logger.start(run, [], 20)
    for row in ROWS:
        logger.log(row)
    again = CsvLogger()
    again.start(run, ROWS[:1], 20)
    again.log(ROWS[1])
    assert [row["step"] for row in csv.DictReader(run.metrics.read_text().splitlines())] == ["10", "20"]


def test_progress_tells_validation_where_there_is_no_terminal(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    logger = ProgressLogger()
    logger.start(run, [], 20)
    for row in ROWS:
        logger.log(row)
    logger.close()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["epoch 1.00  loss 1.0000  accuracy 50.00%  validation 60.00%  2 s"]


def test_tensorboard_gets_every_number(run: Run) -> None:
    logger = TensorBoardLogger()
    logger.start(run, [], 20)
    for row in ROWS:
        logger.log(row)
    logger.close()
    events = EventAccumulator(str(run.folder / "tensorboard"))
    events.Reload()
    assert [event.value for event in events.Scalars("train_loss")] == [2.0, 1.0]
    assert [event.step for event in events.Scalars("validation_accuracy")] == [20]


def test_tensorboard_of_a_resumed_run_has_each_line_once(run: Run) -> None:
    for history, rows in (([], ROWS), (ROWS[:1], ROWS[1:])):
        logger = TensorBoardLogger()
        logger.start(run, history, 20)
        for row in rows:
            logger.log(row)
        logger.close()
    events = EventAccumulator(str(run.folder / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("train_loss")] == [10, 20]


def test_loggers_by_name() -> None:
    assert [type(logger) for logger in find_loggers(["progress", "csv", "progress"])] == [ProgressLogger, CsvLogger]
    assert [type(logger) for logger in find_loggers("csv")] == [CsvLogger]
    with pytest.raises(UsageError, match="did you mean 'csv'"):
        find_loggers(["cvs"])


def test_progress_takes_no_name_for_markup(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's model may be called anything."""
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, as far as the bar is concerned
    logger = ProgressLogger()
    logger.start(replace(run, recipe=replace(run.recipe, name="mine [/x]")), [], 20)
    logger._bar.refresh()
    logger.close()
