"""``--region`` and ``--regions``: which parts of a picture are read, and what they are called.

A file of regions may come from whoever drew the form: its size is bounded before it is parsed, and a name in it is a
name, never a path.
"""

import json
import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from inkdigit.errors import DataError, UsageError
from inkdigit.files import read_list
from inkdigit.preparation.box import Box

MAX_BYTES = 4 * 2**20
MAX_REGIONS = 10_000
MAX_NAME = 64
"""Letters of a name: files are named after it, and a file's name has 255 bytes."""

FARTHEST = 10**9
"""No number of a box is larger; a picture has far fewer pixels."""

PART = "#region="
EXPECTED = 'named boxes as {"total": [x, y, width, height]}, in pixels'

_MEMBER = re.compile(r"(.+?\.zip)#(.+)", re.IGNORECASE | re.DOTALL)
_NUMBER = re.compile(r"\s*([+-]?[0-9]{1,10})\s*", re.ASCII)


def parse_region(text: str) -> Box:
    """The box that ``x,y,w,h`` means.

    Raises:
        UsageError: it means none.
    """
    found = [_NUMBER.fullmatch(number) for number in text.split(",")]
    box = _build_box([int(number[1]) if number else None for number in found])
    if box is None:
        raise UsageError(f"found the region {_quote(text)}, expected x,y,w,h in whole pixels, as 100,40,300,80")
    return box


def load_regions(path: Path) -> dict[str, Box]:
    """The boxes of a JSON file by their names, in its order.

    Raises:
        DataError: the file cannot be read, is too large, or is no JSON object of named boxes.
    """
    values = _parse(path, read_list(path, MAX_BYTES, f"a JSON file of {EXPECTED}"))
    if not isinstance(values, dict):
        raise DataError(f"{path}: found {_quote(values)}, expected a JSON object of {EXPECTED}")
    if not 1 <= len(values) <= MAX_REGIONS:
        raise DataError(f"{path}: found {len(values):,} regions, expected 1 to {MAX_REGIONS:,}: {EXPECTED}")
    return {_check_name(path, name): _check_box(path, name, value) for name, value in values.items()}


def name_part(source: str, region: str) -> str:
    """The source of a region's reading, as ``form.png#region=total``."""
    return f"{source}{PART}{region}"


def name_file(source: str) -> str:
    """What ``Places`` names a source's files after; for a part, it includes the part's name, dots and all.

    For example ``form-total`` for a region, ``scan-page-3`` for a page and ``scans-may-7`` for ``may/7.png`` in a zip:
    if they were numbered in order of arrival, another one's file would be overwritten on another day.
    """
    picture, part, region = source.rpartition(PART)
    named = _name_inner(picture if part else source)
    return f"{Path(named).stem}-{region}.region" if part else named


def _name_inner(source: str) -> str:
    """The same for what lies in another file."""
    if member := _MEMBER.fullmatch(source):
        return f"{Path(member[1]).stem}-{member[2].replace('/', '-')}"
    file, part, number = source.rpartition("#page=")
    return f"{Path(file).stem}-page-{number}.page" if part and number.isdecimal() else source


def _parse(path: Path, content: bytes) -> Any:
    try:
        return json.loads(content, object_pairs_hook=partial(_build_object, path))
    except (ValueError, RecursionError) as error:  # no JSON, no text, a number of thousands of digits, or far too deep
        raise DataError(f"{path}: is no JSON ({_shorten(str(error))}); expected {EXPECTED}") from error


def _build_object(path: Path, pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which no name stands twice: ``json`` alone would keep the last."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise DataError(f"{path}: found the name {_quote(name)} twice, expected one for each region; rename one")
        found[name] = value
    return found


def _check_name(path: Path, name: str) -> str:
    """A name that is checked to fit into one line and into a file name."""
    if not (1 <= len(name) <= MAX_NAME and name.strip() and name.isprintable()) or set(name) & {"/", "\\"}:
        raise DataError(
            f"{path}: found a region named {_quote(name)}, expected 1 to {MAX_NAME} printable letters, "
            "without / and \\, since files are named after it; rename it"
        )
    return name


def _check_box(path: Path, name: str, value: Any) -> Box:
    box = _build_box(value)
    if box is None:
        raise DataError(
            f"{path}: found {_quote(value)} for the region {_quote(name)}, expected [x, y, width, height] in whole "
            "pixels, width and height at least 1"
        )
    return box


def _build_box(values: Any) -> Box | None:
    """A box of four whole numbers, or None where they make none."""
    if not isinstance(values, list) or len(values) != 4 or not all(map(_is_whole, values)):
        return None
    box = Box(*values)
    return box if min(box.width, box.height) >= 1 else None


def _is_whole(value: Any) -> bool:
    """Whether it is a number of pixels; true and false pass for numbers in Python, but not here."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= FARTHEST


def _quote(value: Any) -> str:
    """A value as JSON, shortened if it is long; only its kind and size if it is nested or has over 8 items."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if len(inner) > 8 or any(isinstance(item, list | dict) for item in inner):
        return f"a JSON {'object' if isinstance(value, dict) else 'list'} of {len(inner):,}"
    return _shorten(json.dumps(value, ensure_ascii=False))


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"
