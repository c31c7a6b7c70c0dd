"""What the OpenAPI document tells of the routes: bodies, answers, errors, examples."""

from typing import Any

from pydantic import BaseModel

from inkdigit.reading.result import Reading

SUMMARY = "Handwritten digits, read from pictures: the same readings as the command line's."
TAGS = [
    {"name": "reading", "description": "Pictures → digits. Nothing is kept."},
    {"name": "state", "description": "For whoever runs the server."},
    {"name": "Open Inference Protocol", "description": "Raw 28x28 images → probabilities."},
]


class Fault(BaseModel):
    """What went wrong."""

    code: str
    message: str


class Failure(BaseModel):
    """A request that gets no reading; a picture that cannot be read has its source beside it."""

    error: Fault
    source: str | None = None


class Shown(BaseModel):
    """A reading, and what the network saw: PNGs as data URLs."""

    reading: Reading
    seen: list[str]
    maps: dict[str, list[str]]


class Model(BaseModel):
    """A model to read with."""

    name: str
    card: dict[str, Any]
    default: bool


_BINARY = {"schema": {"type": "string", "format": "binary"}}
_READING = {
    "source": "seven.png", "width": 280, "height": 280, "text": "7",
    "lines": [{
        "text": "7", "alternatives": [{"text": "7", "probability": 0.9991}],
        "digits": [{
            "value": 7, "confidence": 0.9991, "box": {"x": 90, "y": 60, "width": 100, "height": 150},
            "sure": True, "refused": False, "reason": None, "alternatives": [{"value": 7, "confidence": 0.9991}],
        }],
    }],
}  # fmt: skip
_FAILED = {"source": "body", "error": {"code": "not_an_image", "message": "found no picture, expected one of PNG, …"}}


def _error(words: str) -> dict[str, Any]:
    return {"model": Failure, "description": words}


_ERRORS: dict[int | str, dict[str, Any]] = {
    403: _error("From another page."),
    408: _error("The body came too slowly."),
    413: _error("Too many bytes, pixels or pictures."),
    415: _error("No such Content-Type or kind of picture."),
    421: _error("Another server's name."),
    422: {
        **_error("A picture that cannot be read, or a wrong query."),
        "content": {"application/json": {"example": _FAILED}},
    },
    500: _error("A model that fails, or a fault of this server's."),
    503: _error("Too busy; Retry-After tells when to try again."),
}


def _form(field: str, several: bool) -> dict[str, Any]:
    file = {"type": "string", "format": "binary"}
    shape = {"type": "array", "items": file, "minItems": 1} if several else file
    return {"schema": {"type": "object", "properties": {field: shape}, "required": [field]}}


def _route(answer: Any, words: str, contents: dict[str, Any], example: Any = None) -> dict[str, Any]:
    content = {"content": {"application/json": {"example": example}}} if example is not None else {}
    return {
        "responses": {200: {"model": answer, "description": words, **content}, **_ERRORS},
        "openapi_extra": {"requestBody": {"required": True, "content": contents}},
    }


_PICTURE = {"image/*": _BINARY, "application/octet-stream": _BINARY, "multipart/form-data": _form("picture", False)}

READ = _route(Reading, "What was read.", _PICTURE, _READING)
EXPLAIN = _route(Shown, "What was read and seen.", _PICTURE)
BATCH = _route(
    list[Reading | Failure],
    "What was read, in order.",
    {"multipart/form-data": _form("pictures", True)},
    [_READING, _FAILED],
)
MODELS: dict[str, Any] = {"response_model": list[Model]}
READY: dict[str, Any] = {"responses": {503: {"description": "Not yet."}}}
