"""The ways in which readings are written. A new one is a function and its entry in ``FORMATS``."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from inkdigit.errors import ImageError
from inkdigit.files import Places, show_name, write_atomic
from inkdigit.reading.draw import draw_annotated
from inkdigit.reading.explain import Explanation
from inkdigit.reading.regions import name_file
from inkdigit.reading.result import Digit, Reading
from inkdigit.reading.steps import write_png

Answer: TypeAlias = Reading | ImageError

Result: TypeAlias = Explanation | Answer
"""An answer, with the pictures of its steps only where they are asked for, since they are large."""

CSV_COLUMNS = [
    "source",
    "line",
    "position",
    "value",
    "confidence",
    "refused",
    "reason",
    "x",
    "y",
    "width",
    "height",
    "error",
]

ANNOTATED = Path("annotated")

EXECUTED = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Spreadsheets execute cells that begin with these (OWASP, "CSV injection"), some also with the full-width ones."""


Writer: TypeAlias = Callable[[Iterable[Result], bool, Path | None], Iterator[str]]
"""From results, whether there may be several, and a folder or None, to what belongs on standard output."""

Render: TypeAlias = Callable[[Iterable[Answer], bool], Iterator[str]]
"""From answers, and whether there may be several, to text, as they come."""


@dataclass(frozen=True)
class Format:
    """A way to write readings.

    Attributes:
        description: one line for a list.
        write: yields what belongs on standard output; with a folder, files are written there and their paths told.
        folder: where files are written if no other is named; None where standard output takes all.
    """

    description: str
    write: Writer
    folder: Path | None = None


def _textual(render: Render, file: str) -> Writer:
    """A writer of text: on standard output, or into a file of that name."""

    def write(results: Iterable[Result], several: bool, folder: Path | None) -> Iterator[str]:
        answers = (result.reading if isinstance(result, Explanation) else result for result in results)
        if folder is None:
            yield from render(answers, several)
        else:
            write_atomic(folder / file, "".join(render(answers, several)))
            yield f"{folder / file}\n"

    return write


def _text(answers: Iterable[Answer], several: bool) -> Iterator[str]:
    """A line for each line of writing, with the source before it where there are several."""
    for answer in answers:
        if isinstance(answer, Reading):
            for line in answer.text.split("\n") if answer.text or several else ():
                yield f"{show_name(answer.source)}: {line}\n" if several else f"{line}\n"


def _to_json(answer: Answer) -> str:
    """One line of JSON; bytes of a name that are not valid text are written as JSON escapes."""
    return json.dumps(answer.to_dict(), ensure_ascii=False).encode(errors="backslashreplace").decode()


def _json(answers: Iterable[Answer], several: bool) -> Iterator[str]:  # noqa: ARG001 - always a list
    separator = "[\n"
    for answer in answers:
        yield f"{separator}{_to_json(answer)}"
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


def _jsonl(answers: Iterable[Answer], several: bool) -> Iterator[str]:  # noqa: ARG001 - always a line each
    for answer in answers:
        yield f"{_to_json(answer)}\n"


def _csv(answers: Iterable[Answer], several: bool) -> Iterator[str]:  # noqa: ARG001 - always with a header
    yield _row(CSV_COLUMNS)
    for answer in answers:
        if isinstance(answer, ImageError):
            yield _row([answer.source, *[""] * (len(CSV_COLUMNS) - 2), answer.code])
            continue
        if not answer.lines:  # without a row, an empty box of a form could not be told from one not asked for
            yield _row([answer.source, *[""] * (len(CSV_COLUMNS) - 1)])
        for number, line in enumerate(answer.lines, start=1):
            for position, digit in enumerate(line.digits, start=1):
                yield _row([answer.source, number, position, *_cells(digit), ""])


def _cells(digit: Digit) -> list[object]:
    box = digit.box
    refused = str(digit.refused).lower()
    return [digit.value, digit.confidence, refused, digit.reason or "", box.x, box.y, box.width, box.height]


def _row(cells: Iterable[object]) -> str:
    harmless = [f"'{cell}" if isinstance(cell, str) and cell.startswith(EXECUTED) else cell for cell in cells]
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(harmless)  # so that either character is quoted within a cell
    return buffer.getvalue().removesuffix("\r\n") + "\n"


def _annotate(results: Iterable[Result], several: bool, folder: Path | None) -> Iterator[str]:  # noqa: ARG001
    places = Places(folder or ANNOTATED)
    for result in results:
        if isinstance(result, Explanation):
            path = places.take(name_file(result.reading.source), ".png")
            write_png(path, draw_annotated(result))
            yield f"{path}\n"


FORMATS: Mapping[str, Format] = {
    "text": Format("the digits alone, a line for each line of writing", _textual(_text, "readings.txt")),
    "json": Format("a list with boxes, confidences and alternatives", _textual(_json, "readings.json")),
    "jsonl": Format("one JSON object a line, as the pictures come", _textual(_jsonl, "readings.jsonl")),
    "csv": Format("one row for each digit, or one without a value where there is none", _textual(_csv, "readings.csv")),
    "annotated": Format(
        "each picture with boxes and answers drawn on it, in --out or annotated/", _annotate, ANNOTATED
    ),
}
