"""Readings ↔ a folder of Parquet files."""

import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from inkdigit.batch.tally import Tally
from inkdigit.errors import UsageError
from inkdigit.files import write_atomic

MADE_WITH = b"inkdigit"
"""The key of a file's metadata under which it tells what its answers were made with."""

_GUESS = pa.struct({"value": pa.int8(), "confidence": pa.float64()}.items())
_DIGIT = pa.struct(
    {
        "value": pa.int8(),
        "confidence": pa.float64(),
        "box": pa.struct([(side, pa.int32()) for side in ("x", "y", "width", "height")]),
        "sure": pa.bool_(),
        "refused": pa.bool_(),
        "reason": pa.string(),
        "alternatives": pa.list_(_GUESS),
    }.items()
)
_CANDIDATE = pa.struct({"text": pa.string(), "probability": pa.float64()}.items())
_RULING = pa.struct({"name": pa.string(), "changed": pa.list_(pa.int32()), "probability": pa.float64()}.items())
_LINE = pa.struct(
    {
        "text": pa.string(),
        "alternatives": pa.list_(_CANDIDATE),
        "digits": pa.list_(_DIGIT),
        "rule": _RULING,
    }.items()
)
SCHEMA = pa.schema(
    {
        "file": pa.string(),
        "source": pa.string(),
        "width": pa.int32(),
        "height": pa.int32(),
        "text": pa.string(),
        "lines": pa.list_(_LINE),
        "error": pa.struct({"code": pa.string(), "message": pa.string()}.items()),
    }
)
"""A row for each picture: what ``Reading.to_dict`` gives, or ``ImageError.to_dict``, and the file that it lies in."""


def write_answers(path: Path, rows: Sequence[Mapping[str, Any]], made_with: Mapping[str, str]) -> None:
    """Writes rows of ``SCHEMA`` into a file that is there whole or not at all.

    Raises:
        EnvironmentFault: no permission, or no room.
    """
    table = pa.Table.from_pylist(rows, SCHEMA.with_metadata({MADE_WITH: json.dumps(dict(made_with))}))
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    write_atomic(path, buffer.getvalue())


def find_answers(folder: Path, made_with: Mapping[str, str]) -> dict[str, Tally]:
    """The files whose answers lie in a folder, with what became of each.

    Raises:
        UsageError: they were made with something else, or what lies there is none of ours.
    """
    known: dict[str, Tally] = {}
    for path in folder.glob("*.parquet"):
        try:
            table = pq.read_table(path, columns=["file", "error"])
            told: Mapping[str, str] = json.loads(table.schema.metadata[MADE_WITH])
        except (pa.ArrowException, LookupError, TypeError, ValueError) as error:
            raise UsageError(f"{path}: is not ours, expected a folder for answers alone; choose another") from error
        others = [name for name, value in made_with.items() if told.get(name) != value]
        if others:
            raise UsageError(
                f"{folder}: holds answers that were made with another {' and '.join(others)}; choose another folder"
            )
        pictures = Counter(table["file"].to_pylist())
        failed = Counter(table.filter(table["error"].is_valid())["file"].to_pylist())
        known |= {file: Tally(1, count, failed[file]) for file, count in pictures.items()}
    return known
