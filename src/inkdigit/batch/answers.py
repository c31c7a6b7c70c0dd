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
from inkdigit.errors import DataError, UsageError, first_line
from inkdigit.files import write_atomic

MADE_WITH = b"inkdigit"
"""The key in a file's metadata that records what its answers were made with."""

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


def find_answers(folder: Path, made_with: Mapping[str, str], *, again: bool) -> dict[str, Tally]:
    """The files whose answers lie in a folder, with what became of each.

    Args:
        folder: locked by the caller.
        made_with: models and options.
        again: whether files with a picture that could not be read are taken out, to be read again.

    Raises:
        UsageError: they were made with something else, or a file there is not ours.
        DataError: one is damaged.
    """
    known: dict[str, Tally] = {}
    tallies: dict[tuple[int, int], Tally] = {}  # most files have equal ones: a million of them share one object
    for path in sorted(folder.glob("*.parquet")):
        table = _load(path, made_with)
        failed = Counter(table.filter(table["error"].is_valid())["file"].to_pylist())
        if again and failed:
            _take_out(path, set(failed), made_with)
        for file, count in Counter(table["file"].to_pylist()).items():
            if not (again and failed[file]):
                key = count, failed[file]
                known[file] = tallies.setdefault(key, Tally(1, *key))
    return known


def _load(path: Path, made_with: Mapping[str, str]) -> pa.Table:
    """The ``file`` and ``error`` of each answer in a file, which must be made with the same models and options."""
    try:
        told = (pq.read_schema(path).metadata or {}).get(MADE_WITH)
        table = None if told is None else pq.read_table(path, columns=["file", "error"])
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            f"{path}: is damaged ({first_line(error)}), expected answers; delete it, and its pictures are read again"
        ) from error
    if told is None:
        raise UsageError(f"{path}: holds no answers of ours; choose a folder for answers alone")
    others = [name for name, value in made_with.items() if json.loads(told).get(name) != value]
    if others:
        raise UsageError(
            f"{path.parent}: holds answers that were made with another {' and '.join(others)}; choose another folder"
        )
    return table


def _take_out(path: Path, files: set[str], made_with: Mapping[str, str]) -> None:
    """Writes a file of answers anew, without those of some files."""
    rows = [row for row in pq.read_table(path).to_pylist() if row["file"] not in files]
    if rows:
        write_answers(path, rows, made_with)
    else:
        path.unlink()
