"""The committed JSON Schema, and that what we write is what it says."""

import copy
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import numpy as np
import PIL.Image
import pytest

from inkdigit import ImageError, Reader
from inkdigit.errors import IMAGE_ERROR_CODES

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = json.loads((DOCS / "reading.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

DIGIT = {
    "value": 7,
    "confidence": 0.9,
    "box": {"x": 0, "y": 0, "width": 3, "height": 4},
    "sure": True,
    "refused": False,
    "reason": None,
    "alternatives": [{"value": 7, "confidence": 0.9}],
}
LINE = {"text": "7", "alternatives": [{"text": "7", "probability": 0.9}], "digits": [DIGIT]}
READING = {"source": "a.png", "width": 5, "height": 6, "text": "7", "lines": [LINE]}
ERROR = {"source": "a.png", "error": {"code": "empty", "message": "the file is empty"}}


def test_the_committed_file_is_what_the_code_says() -> None:
    generated = runpy.run_path(str(DOCS / "schema.py"))["generate"]()
    assert (DOCS / "reading.schema.json").read_text() == generated, "run: make schema"


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_what_a_reader_gives_is_valid() -> None:
    picture = np.full((64, 64), 255, np.uint8)
    picture[12:52, 30:35] = 0
    readings = [Reader().read(picture).to_dict(), Reader().read(PIL.Image.new("L", (9, 9))).to_dict()]
    errors = [ImageError(code, "words", "source").to_dict() for code in IMAGE_ERROR_CODES]
    VALIDATOR.validate(json.loads(json.dumps([*readings, *errors])))


@pytest.mark.parametrize("value", [[], [READING], [ERROR, READING], [READING | {"later": 1}], [ERROR | {"later": 1}]])
def test_valid(value: object) -> None:
    VALIDATOR.validate(value)


def _every_key(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    own = [(*path, key) for key in value] if isinstance(value, dict) else []
    return own + [found for key, item in items for found in _every_key(item, (*path, key))]


def _changed(value: Any, path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    changed = parent = copy.deepcopy(value)
    for key in path[:-1]:
        parent = parent[key]
    change(parent, path[-1])
    return changed


@pytest.mark.parametrize("path", _every_key([READING, ERROR]), ids=str)
def test_every_key_is_required(path: tuple[Any, ...]) -> None:
    assert not VALIDATOR.is_valid(_changed([READING, ERROR], path, lambda parent, key: parent.pop(key)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("text",), "seven"),
        (("width",), 0),
        (("width",), 2.5),
        (("source",), None),
        (("lines",), {}),
        (("lines", 0, "text"), ""),
        (("lines", 0, "digits"), []),
        (("lines", 0, "alternatives", 0, "probability"), 1.01),
        (("lines", 0, "alternatives", 0, "text"), "?"),
        (("lines", 0, "digits", 0, "value"), 10),
        (("lines", 0, "digits", 0, "value"), "7"),
        (("lines", 0, "digits", 0, "confidence"), -0.1),
        (("lines", 0, "digits", 0, "box", "x"), -1),
        (("lines", 0, "digits", 0, "box", "width"), 0),
        (("lines", 0, "digits", 0, "sure"), 1),
        (("lines", 0, "digits", 0, "refused"), "no"),
        (("lines", 0, "digits", 0, "reason"), "ugly"),
        (("lines", 0, "digits", 0, "alternatives", 0, "value"), -1),
    ],
)
def test_wrong_values_are_not_valid(path: tuple[Any, ...], value: object) -> None:
    assert not VALIDATOR.is_valid([_changed(READING, path, lambda parent, key: parent.__setitem__(key, value))])


@pytest.mark.parametrize(
    "value", [READING, [7], [{}], [{"source": "a", "error": {"code": "odd", "message": ""}}], [{"source": "a"}]]
)
def test_other_things_are_not_valid(value: object) -> None:
    assert not VALIDATOR.is_valid(value)
