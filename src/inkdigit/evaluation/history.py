"""The log of a run: what was measured, and when."""

import csv
from dataclasses import dataclass, fields
from pathlib import Path

from inkdigit.errors import DataError


@dataclass(frozen=True)
class Row:
    """One line of the log.

    Attributes:
        step: updates done.
        epoch: passes over the training digits done, a fraction within one.
        lr: the learning rate.
        train_loss: mean cross entropy of the batches since the last line, in nats, as trained (augmented).
        train_accuracy: of the same batches, 0..1.
        seconds: of training so far.
        validation_loss: on held-out digits, or None where it was not measured.
        validation_accuracy: on held-out digits, 0..1, or None.
        test_loss: on the test set, where the protocol watches it without choosing by it, or None.
        test_accuracy: on the test set, likewise.
    """

    step: int
    epoch: float
    lr: float
    train_loss: float
    train_accuracy: float
    seconds: float
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    test_loss: float | None = None
    test_accuracy: float | None = None


def read_history(path: Path) -> list[Row]:
    """The lines of a log, as CSV with the names of ``Row`` in its header.

    Raises:
        DataError: missing, empty or damaged.
    """
    whole = {field.name for field in fields(Row) if field.type is int}
    try:
        with path.open(newline="") as file:
            lines = [
                {name: _number(text, name in whole) for name, text in line.items()} for line in csv.DictReader(file)
            ]
        rows = [Row(**line) for line in lines]  # type: ignore[arg-type]
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: not the log of a run ({error}); train again") from error
    if not rows:
        raise DataError(f"{path}: no line yet, expected the log of a run that has begun to learn")
    return rows


def _number(text: str, whole: bool) -> float | None:
    return None if text == "" else int(text) if whole else float(text)
