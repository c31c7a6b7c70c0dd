"""The pictures of a request: its body, or the files of a form, in memory alone."""

import logging
import re
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from inkdigit.serving.answers import Refusal

BODY = "body"
"""What a picture without a name is called."""

MAX_NAME = 255

BYTES = ("application/octet-stream", "application/x-www-form-urlencoded")
"""Content types that say nothing of a body; the second is what ``curl --data-binary`` says, whatever it sends."""


@dataclass(frozen=True)
class Upload:
    """A picture that was sent.

    Attributes:
        name: of its file, without folders and unprintable characters; or ``body``.
        content: its bytes.
    """

    name: str
    content: bytes


async def take_one(request: Request) -> Upload:
    """The picture of a request: its body, or the field ``picture`` of a form.

    Raises:
        Refusal: there is none, or several, or the body is encoded.
    """
    _check_encoding(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        (upload,) = await _take_form(request, "picture", 1)
        return upload
    if kind and not kind.startswith("image/") and kind not in BYTES:
        raise Refusal(
            415,
            "unsupported_format",
            "found another Content-Type, expected image/*, application/octet-stream or multipart/form-data",
        )
    return Upload(BODY, await request.body())


async def take_several(request: Request, most: int) -> list[Upload]:
    """The fields ``pictures`` of a form.

    Raises:
        Refusal: there are none, or more than ``most``, or the body is encoded.
    """
    _check_encoding(request)
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Refusal(415, "unsupported_format", "expected a Content-Type of multipart/form-data")
    return await _take_form(request, "pictures", most)


def _check_encoding(request: Request) -> None:
    if (encoding := request.headers.get("content-encoding", "identity")) != "identity":
        raise Refusal(415, "unsupported_format", f"found Content-Encoding {encoding[:20]}, expected none")


def clean_name(name: str) -> str:
    """A name that may be shown: the last part of a path, with printable characters only."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable())[:MAX_NAME].strip() or BODY


TOO_MANY, FIELDS = "Too many files", "Too many fields"
"""How the parser's message begins if it stopped before the last file, or at a field that is no file."""

CHARSET = re.compile(r";\s*charset\s*=[^;]*", re.IGNORECASE)
"""Of names of files: the parser would take any that Python knows, some of which always fail. It is UTF-8."""

logging.getLogger("python_multipart").setLevel(logging.CRITICAL + 1)  # or strangers' bytes would fill the server's log


class _InMemory(MultiPartParser):
    """A parser that writes nothing to the disk: bodies are bounded."""

    spool_max_size = sys.maxsize


async def _take_form(request: Request, field: str, most: int) -> list[Upload]:
    body = await request.body()
    kind = CHARSET.sub("", request.headers["content-type"])
    if b"--%b--" % parse_options_header(kind)[1].get(b"boundary", b"") not in body:  # the parser drops the last file
        raise _damaged("its end is missing", field)
    parser = _InMemory(Headers({"content-type": kind}), _once(body), max_files=most + 1, max_fields=0)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if error.message.startswith(TOO_MANY):
            raise _too_many(most) from None
        if error.message.startswith(FIELDS):
            told = f"found fields that are no files, expected files named {field!r} alone"
            raise Refusal(422, "usage", f"{told}; put options into the query, as ?single=true") from None
        raise _damaged(error.message, field) from None
    try:
        files = [value for name, value in form.multi_items() if name == field and isinstance(value, UploadFile)]
        if not files or len(files) != len(form.multi_items()):
            raise Refusal(422, "usage", f"found other fields, or none, expected files named {field!r}")
        if len(files) > most:
            raise _too_many(most)
        return [Upload(clean_name(file.filename or ""), await file.read()) for file in files]
    finally:
        await form.close()


def _damaged(how: str, field: str) -> Refusal:
    return Refusal(422, "usage", f"found a damaged form ({how}), expected files named {field!r}")


def _too_many(most: int) -> Refusal:
    status, code = (413, "too_large") if most > 1 else (422, "usage")
    return Refusal(status, code, f"found more than {most} in the form, expected at most so many; send fewer")


async def _once(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body
