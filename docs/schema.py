"""Writes ``reading.schema.json`` beside this file: what ``inkdigit read --format json`` prints.

The shape comes from the dataclasses of ``inkdigit.reading.result``, the words from their docstrings. Further keys
are valid: keys are only ever added.
"""

import inspect
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from inkdigit.errors import IMAGE_ERROR_CODES
from inkdigit.preparation.box import Box
from inkdigit.reading.result import Candidate, Digit, Guess, Line, Reading, Ruling

TARGET = Path(__file__).with_name("reading.schema.json")

SHARE = {"minimum": 0, "maximum": 1}
VALUE = {"minimum": 0, "maximum": 9}
SIDE = {"minimum": 1}
BOUNDS: Mapping[type, Mapping[str, dict[str, Any]]] = {
    Guess: {"value": VALUE, "confidence": SHARE},
    Digit: {"value": VALUE, "confidence": SHARE, "alternatives": {"minItems": 1}},
    Candidate: {"text": {"pattern": "^[0-9]+$"}, "probability": SHARE},
    Ruling: {"changed": {"items": {"type": "integer", "minimum": 0}}, "probability": SHARE},
    Line: {"text": {"pattern": "^[0-9?]+$"}, "alternatives": {"minItems": 1}, "digits": {"minItems": 1}},
    Reading: {"text": {"pattern": r"^([0-9?]+(\n[0-9?]+)*)?$"}, "width": SIDE, "height": SIDE},
    Box: {"x": {"minimum": 0}, "y": {"minimum": 0}, "width": SIDE, "height": SIDE},
}
"""What the types do not say."""

ERROR = {
    "description": "A picture that cannot be read.",
    "type": "object",
    "properties": {
        "source": {"type": "string", "description": "where the picture came from."},
        "error": {
            "type": "object",
            "properties": {
                "code": {"enum": list(IMAGE_ERROR_CODES)},
                "message": {"type": "string", "description": "one line for people."},
            },
            "required": ["code", "message"],
        },
    },
    "required": ["source", "error"],
}


def generate() -> str:
    """The schema, the same bytes each time."""
    definitions = TypeAdapter(Reading).json_schema(ref_template="#/$defs/{model}")
    shapes = definitions.pop("$defs") | {"Reading": definitions, "Error": ERROR}
    for kind, bounds in BOUNDS.items():
        shapes[kind.__name__] = _describe(kind, shapes[kind.__name__], bounds)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What 'inkdigit read --format json' prints; a line of jsonl is one of its items",
        "type": "array",
        "items": {"anyOf": [{"$ref": "#/$defs/Reading"}, {"$ref": "#/$defs/Error"}]},
        "$defs": shapes,
    }
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def _describe(kind: type, shape: Mapping[str, Any], bounds: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """A dataclass's schema with the words of its docstring and the bounds of its values; a default may be absent."""
    summary, _, attributes = (inspect.getdoc(kind) or "").partition("\n\nAttributes:\n")
    words = dict(re.findall(r"^ +(\w+): (.+)$", attributes, re.MULTILINE))
    properties = {
        name: {key: value for key, value in property_.items() if key != "title"}
        | ({"description": words[name]} if name in words else {})
        | bounds.get(name, {})
        for name, property_ in shape["properties"].items()
    }
    return {"description": summary, "type": "object", "properties": properties, "required": sorted(shape["required"])}


if __name__ == "__main__":
    TARGET.write_text(generate())
