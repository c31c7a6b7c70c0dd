import asyncio
import tempfile

import pytest
from starlette.requests import Request
from starlette.types import Message

from inkdigit.serving.answers import Refusal
from inkdigit.serving.uploads import Upload, clean_name, take_one, take_several


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
    upload = take_form(PICTURE + content + b"\r\n--x--\r\n")
    assert (upload.name, upload.content) == ("a.png", content)


PICTURE = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n'


def take_form(body: bytes, parameters: bytes = b"") -> Upload:
    """What is taken of a form whose boundary is x."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    headers = [(b"content-type", b"multipart/form-data; boundary=x" + parameters)]
    request = Request(
        {"type": "http", "method": "POST", "path": "/read", "query_string": b"", "headers": headers}, receive
    )
    return asyncio.run(take_one(request))


@pytest.mark.parametrize("name", ["single", "picture"])
def test_options_as_fields_of_a_form_are_told_where_they_stand(name: str) -> None:
    option = f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\ntrue\r\n'.encode()
    for body in (PICTURE + b"abc\r\n" + option, option + PICTURE + b"abc\r\n"):
        with pytest.raises(Refusal, match=r"fields that are no files.*put options into the query, as \?single=true$"):
            take_form(body + b"--x--\r\n")


@pytest.mark.parametrize("body", [b"--y\r\n", b"--x--\r\nmore", b"--xx", b"--x\r\n\0: \r\n"])
def test_a_damaged_form_writes_nothing_into_the_log(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Refusal, match=r"found (a damaged form|other fields)"):
        take_form(body)
    assert caplog.records == []


def test_a_form_that_is_cut_off_is_not_taken_for_one_with_less_in_it() -> None:
    with pytest.raises(Refusal, match=r"found a damaged form \(its end is missing\)"):
        take_form(PICTURE + b"abc\r\n" + PICTURE + b"abc")


@pytest.mark.parametrize("charset", [b"undefined", b"punycode", b"nonsense", b"latin-1"])
def test_names_are_utf_8_whatever_charset_a_client_claims(charset: bytes) -> None:
    named = PICTURE.replace(b"a.png", "七.png".encode())
    for form in (b"; charset=" + charset, b'; Charset = "' + charset + b'"'):
        assert take_form(named + b"abc\r\n--x--\r\n", form).name == "七.png"


def test_several_are_refused_as_one_is_where_they_are_encoded() -> None:
    headers = [(b"content-type", b"multipart/form-data; boundary=x"), (b"content-encoding", b"gzip")]
    request = Request({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers})
    for taken in (take_one(request), take_several(request, 2)):
        with pytest.raises(Refusal, match="found Content-Encoding gzip, expected none"):
            asyncio.run(taken)
