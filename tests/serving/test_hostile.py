"""Bodies that mean harm: each is refused as the command line refuses it, and the server stays up."""

import contextlib
import io
import select
import socket
import struct
import subprocess
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from tests.serving.conftest import SAMPLES, Served

from inkdigit.errors import ImageError
from inkdigit.preparation.load import load


def draw_huge(side: int) -> bytes:
    """A PNG that promises so many pixels a side, and has none."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack("!I", len(content)) + kind + content + struct.pack("!I", zlib.crc32(kind + content))

    header = struct.pack("!IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def draw_scans(scans: int) -> bytes:
    """A progressive JPEG whose last scan is repeated until it has so many."""
    buffer = io.BytesIO()
    PIL.Image.fromarray(np.tile(np.arange(64, dtype=np.uint8) * 4, (64, 1))).save(buffer, "JPEG", progressive=True)
    content = buffer.getvalue()
    last = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + last * (scans - content.count(b"\xff\xda")) + content[-2:]


HOSTILE = {
    "50,000 x 50,000": (draw_huge(50_000), 413, "too_large"),
    "6,000 x 6,000": (draw_huge(6_000), 413, "too_large"),  # which the command line reads
    "scans": (draw_scans(10_000), 422, "too_complex"),
    "a zip": (b"PK\x03\x04" + bytes(99), 415, "unsupported_format"),
    "svg": (b"<svg onload='alert(1)'/>", 415, "unsupported_format"),
    "text": (b"<script>", 422, "not_an_image"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_each_is_refused_with_its_code(name: str, served: Served) -> None:
    content, status, code = HOSTILE[name]
    with served.client() as client:
        answer = client.post("/read", content=content)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert answer.elapsed.total_seconds() < 5
        assert client.post("/read", content=(SAMPLES / "seven.png").read_bytes()).json()["text"] == "7"


def expect(content: bytes) -> str:
    """The code of the command line; of a picture that can be read, nothing."""
    try:
        load(content)
    except ImageError as error:
        return error.code
    return ""


def test_damaged_files_get_the_command_lines_code(malformed: list[Path], served: Served) -> None:
    whole = (SAMPLES / "small.png").read_bytes()
    made = [whole[:cut] for cut in range(1, len(whole), 40)]
    contents = [content for path in malformed[::25] if len(content := path.read_bytes()) < 2**20] + made
    with served.client() as client, ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda content: client.post("/read", content=content), contents))
        assert "inkdigit_killed_total 0.0" in client.get("/metrics").text
    for content, answer in zip(contents, answers, strict=True):
        code = answer.json().get("error", {}).get("code", "")
        assert code == expect(content)
        assert (answer.status_code == 200) == (not code)
        assert answer.status_code < 500


def test_a_body_that_does_not_end_is_refused(strict: Served) -> None:
    head = b"POST /read HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + bytes(2**16) + b"\r\n"
    begun = time.monotonic()
    with socket.create_connection(strict.host, timeout=10) as connection:
        connection.sendall(head)
        with contextlib.suppress(ConnectionError):
            while not select.select([connection], [], [], 0)[0]:  # until there is an answer
                connection.sendall(chunk)
        answer = connection.recv(2**16)
        with contextlib.suppress(ConnectionError):
            while b"}" not in answer and (more := connection.recv(2**16)):  # its head may come alone
                answer += more
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - begun < 10:  # and on, as somebody who means harm
                connection.sendall(chunk)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b'"too_large"' in answer
    assert time.monotonic() - begun < 8
    with strict.client() as client:
        assert client.get("/health/live").status_code == 200


def test_a_body_that_promises_too_much_is_refused_before_it_comes(strict: Served) -> None:
    command = ["curl", "-s", "-o", "-", "-w", "%{http_code}", "-H", "Content-Length: 999999999", "--data-binary", "x",
               f"{strict.address}read"]  # fmt: skip
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10).stdout
    assert "too_large" in told
    assert told.endswith("413")


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_a_body_that_nobody_asked_for_ends_too(method: str, strict: Served) -> None:
    with strict.client() as client:
        assert client.request(method, "/health/live", content=bytes(10**6)).status_code == 413
        assert client.get("/health/live").status_code == 200
