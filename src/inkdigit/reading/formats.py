"""The ways in which readings are written. A new one is a function and its entry in ``FORMATS``."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from inkdigit.errors import ImageError
from inkdigit.files import Places, write_atomic
from inkdigit.reading.draw import draw_annotated
from inkdigit.reading.explain import Explanation
from inkdigit.reading.regions import name_file
from inkdigit.reading.result import Digit
from inkdigit.reading.steps import write_png

Result: TypeAlias = Explanation | ImageError

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

EXECUTED = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A cell that begins so is run by a spreadsheet (OWASP, "CSV injection"); some take the wide signs for the others."""


Writer: TypeAlias = Callable[[Iterable[Result], bool, Path | None], Iterator[str]]
"""From results, whether there may be several, and a folder or None, to what belongs on standard output."""

Render: TypeAlias = Callable[[Iterable[Result], bool], Iterator[str]]
"""From results, and whether there may be several, to text, as the results come."""


@dataclass(frozen=True)
class Format:
    """A way to write readings.

    Attributes:
        description: one line for a list.
        write: yields what belongs on standard output; with a folder, files are written there and their paths told.
    """

    description: str
    write: Writer


def _textual(render: Render, file: str) -> Writer:
    """A writer of text: on standard output, or into a file of that name."""

    def write(results: Iterable[Result], several: bool, folder: Path | None) -> Iterator[str]:
        if folder is None:
            yield from render(results, several)
        else:
            write_atomic(folder / file, "".join(render(results, several)))
            yield f"{folder / file}\n"

    return write


def _text(results: Iterable[Result], several: bool) -> Iterator[str]:
    """A line for each line of writing, with the source before it where there are several."""
    for result in results:
        if isinstance(result, Explanation):
            reading = result.reading
            for line in reading.text.split("\n") if reading.text or several else ():
                yield f"{reading.source}: {line}\n" if several else f"{line}\n"


def _to_json(result: Result) -> str:
    """One line of JSON; of a name that is no text, the bytes that are none are written as JSON escapes them."""
    values = result.reading.to_dict() if isinstance(result, Explanation) else result.to_dict()
    return json.dumps(values, ensure_ascii=False).encode(errors="backslashreplace").decode()


def _json(results: Iterable[Result], several: bool) -> Iterator[str]:  # noqa: ARG001 - always a list
    separator = "[\n"
    for result in results:
        yield f"{separator}{_to_json(result)}"
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


def _jsonl(results: Iterable[Result], several: bool) -> Iterator[str]:  # noqa: ARG001 - always a line each
    for result in results:
        yield f"{_to_json(result)}\n"


def _csv(results: Iterable[Result], several: bool) -> Iterator[str]:  # noqa: ARG001 - always with a header
    yield _row(CSV_COLUMNS)
    for result in results:
        if isinstance(result, ImageError):
            yield _row([result.source, *[""] * (len(CSV_COLUMNS) - 2), result.code])
            continue
        if not result.reading.lines:  # without a row, an empty box of a form could not be told from one not asked for
            yield _row([result.reading.source, *[""] * (len(CSV_COLUMNS) - 1)])
        for number, line in enumerate(result.reading.lines, start=1):
            for position, digit in enumerate(line.digits, start=1):
                yield _row([result.reading.source, number, position, *_cells(digit), ""])


def _cells(digit: Digit) -> list[object]:
    box = digit.box
    refused = str(digit.refused).lower()
    return [digit.value, digit.confidence, refused, digit.reason or "", box.x, box.y, box.width, box.height]


def _row(cells: Iterable[object]) -> str:
    harmless = [f"'{cell}" if isinstance(cell, str) and cell.startswith(EXECUTED) else cell for cell in cells]
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(harmless)  # which has both of them quoted within a cell
    return buffer.getvalue().removesuffix("\r\n") + "\n"


def _annotate(results: Iterable[Result], several: bool, folder: Path | None) -> Iterator[str]:  # noqa: ARG001
    places = Places(folder or Path("annotated"))
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
    "annotated": Format("each picture with boxes and answers drawn on it, in --out or annotated/", _annotate),
}
