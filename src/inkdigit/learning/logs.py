"""Loggers listen to the loop and never steer it."""

import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from inkdigit.errors import EnvironmentFault, missing_extra, unknown
from inkdigit.evaluation.history import Row
from inkdigit.files import write_atomic
from inkdigit.learning.run import Run


class Logger(Protocol):
    """What the loop tells, and when."""

    def start(self, run: Run, history: Sequence[Row], total_steps: int) -> None:
        """The run begins, or goes on after the lines of its history."""

    def log(self, row: Row) -> None:
        """A new line."""

    def close(self) -> None:
        """The run ended, was interrupted, or failed."""


class ProgressLogger:
    """A bar with loss and accuracy on standard error; where that is no terminal, a line per validation."""

    def start(self, run: Run, history: Sequence[Row], total_steps: int) -> None:
        """Shows the bar."""
        self._console = Console(file=sys.stderr)
        text = TextColumn("{task.description}", markup=False)  # a name may come from a stranger's model
        columns = (text, BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._bar.start()
        self._task = self._bar.add_task(
            run.recipe.name, total=total_steps, completed=history[-1].step if history else 0
        )

    def log(self, row: Row) -> None:
        """Moves the bar."""
        text = f"epoch {row.epoch:.2f}  loss {row.train_loss:.4f}  accuracy {row.train_accuracy:.2%}"
        for name, accuracy in (("validation", row.validation_accuracy), ("test", row.test_accuracy)):
            if accuracy is not None:
                text += f"  {name} {accuracy:.2%}"
                if not self._console.is_terminal:
                    self._console.print(f"{text}  {row.seconds:.0f} s", highlight=False)
        self._bar.update(self._task, completed=row.step, description=text)

    def close(self) -> None:
        """Leaves the last state standing."""
        self._bar.stop()


class CsvLogger:
    """``metrics.csv`` in the run's folder: the columns of ``Row``."""

    def start(self, run: Run, history: Sequence[Row], total_steps: int) -> None:  # noqa: ARG002
        """Writes the header and the history anew, so that lines after the last checkpoint are not there twice."""
        self._path = run.metrics
        write_atomic(self._path, ",".join(field.name for field in fields(Row)) + "\n")
        for row in history:
            self.log(row)

    def log(self, row: Row) -> None:
        """Appends a line."""
        try:
            with self._path.open("a", newline="") as file:
                csv.writer(file, lineterminator="\n").writerow(
                    "" if value is None else f"{value:.6g}" if isinstance(value, float) else value
                    for value in asdict(row).values()
                )
        except OSError as error:  # which names no file where the disk is full
            raise EnvironmentFault(f"{self._path}: cannot be written ({error.strerror or error})") from error

    def close(self) -> None:
        """Every line is on disk already."""


class TensorBoardLogger:
    """Scalars for TensorBoard in the run's folder: ``tensorboard --logdir runs``."""

    def start(self, run: Run, history: Sequence[Row], total_steps: int) -> None:  # noqa: ARG002
        """Opens the event file; what was logged after the checkpoint resumed from is dropped."""
        try:
            from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - slow, and an extra
        except ImportError:
            raise missing_extra("learn", "TensorBoard") from None
        first_step = history[-1].step + 1 if history else 0
        self._writer = SummaryWriter(str(run.folder / "tensorboard"), purge_step=first_step)

    def log(self, row: Row) -> None:
        """Writes every number of a line under its name."""
        for name, value in asdict(row).items():
            if value is not None and name != "step":
                self._writer.add_scalar(name, value, row.step)

    def close(self) -> None:
        """Closes the event file."""
        self._writer.close()


LOGGERS: Mapping[str, type[Logger]] = {
    "progress": ProgressLogger,
    "csv": CsvLogger,
    "tensorboard": TensorBoardLogger,
}
"""A new logger is a class and its entry here."""


def find_loggers(names: str | Sequence[str]) -> list[Logger]:
    """Loggers by name, each once.

    Raises:
        UsageError: an unknown one.
    """
    wanted = dict.fromkeys([names] if isinstance(names, str) else names)
    for name in wanted:
        if name not in LOGGERS:
            raise unknown("logger", name, LOGGERS)
    return [LOGGERS[name]() for name in wanted]
