import asyncio
import tempfile

import pytest
from starlette.requests import Request
from starlette.types import Message

from inkdigit.serving.uploads import clean_name, take_one


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("seven.png", "seven.png"),
        ("C:\\fakepath\\七.png", "七.png"),
        ("../../etc/passwd", "passwd"),
        ("", "body"),
        ("..//", "body"),
        ("\x00\x1b[31m\u202egnp.exe", "[31mgnp.exe"),
        ("=cmd|' /C calc'!A0", "C calc'!A0"),
        ("a" * 999, "a" * 255),
    ],
)
def test_names_are_cleaned(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_uploads_stay_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: object, **__: object) -> None:
        raise AssertionError("a file was made")

    monkeypatch.setattr(tempfile, "TemporaryFile", forbid)
    monkeypatch.setattr(tempfile, "_TemporaryFileArgs", None, raising=False)
    content = bytes(8 * 2**20)
    head = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n'
    body = head + content + b"\r\n--x--\r\n"

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    headers = [(b"content-type", b"multipart/form-data; boundary=x")]
    request = Request(
        {"type": "http", "method": "POST", "path": "/read", "query_string": b"", "headers": headers}, receive
    )
    upload = asyncio.run(take_one(request))
    assert (upload.name, upload.content) == ("a.png", content)
