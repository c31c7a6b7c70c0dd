"""Downloads from mirrors on this machine that answer rightly, wrongly, slowly, half, or not at all."""

import errno
import gzip
import hashlib
import http.client
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inkdigit.data.download import CHUNK_BYTES, DRIP_BYTES, RemoteFile, fetch, find, verify
from inkdigit.errors import DataError, EnvironmentFault

RAW = np.random.default_rng(0).integers(0, 16, 300_000, dtype=np.uint8).tobytes()
ZIPPED = gzip.compress(RAW, mtime=0)
HALF = len(ZIPPED) // 2
FILE = RemoteFile("digits-idx3-ubyte", hashlib.sha256(RAW).hexdigest(), len(RAW))
NAME, PART = "digits-idx3-ubyte.gz", "digits-idx3-ubyte.gz.part"


class Request(BaseHTTPRequestHandler):
    """What an answer writes to."""

    server: "Mirror"

    def do_GET(self) -> None:
        self.server.ranges.append(self.headers.get("Range"))
        self.server.answer(self)

    def log_message(self, *_: Any) -> None: ...

    def head(self, status: int = 200, **headers: object) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def start(self) -> int:
        """The first byte that was asked for."""
        return int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))

    def wait(self) -> None:
        self.server.closing.wait(10)


Answer = Callable[[Request], None]


class Mirror(ThreadingHTTPServer):
    """A mirror, and the ranges it was asked for."""

    daemon_threads = True

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.answer = answer
        self.ranges: list[str | None] = []
        self.closing = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is no event."""


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Answer], Mirror]]:
    monkeypatch.setenv("no_proxy", "*")
    mirrors: list[Mirror] = []

    def start(answer: Answer) -> Mirror:
        mirror = Mirror(answer)
        threading.Thread(target=mirror.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        mirrors.append(mirror)
        return mirror

    yield start
    for mirror in mirrors:
        mirror.closing.set()
        mirror.shutdown()
        mirror.server_close()


Serve = Callable[[Answer], Mirror]


def send(content: bytes, **headers: Any) -> Answer:
    def answer(request: Request) -> None:
        request.head(Content_Length=len(content), **headers)
        request.wfile.write(content)

    return answer


def send_range(request: Request) -> None:
    """As a good mirror does."""
    start = request.start()
    if start >= len(ZIPPED):
        request.head(416)
    elif start:
        request.head(206, Content_Length=len(ZIPPED) - start)
        request.wfile.write(ZIPPED[start:])
    else:
        send(ZIPPED)(request)


def break_off(request: Request) -> None:
    request.head(Content_Length=len(ZIPPED))
    request.wfile.write(ZIPPED[:HALF])


def send_half_and_wait(request: Request) -> None:
    break_off(request)
    request.wfile.flush()
    request.wait()


def wait(request: Request) -> None:
    request.wait()


def drip_body(request: Request) -> None:
    request.head(Content_Length=len(ZIPPED))
    for byte in ZIPPED:
        request.wfile.write(bytes([byte]))
        if request.server.closing.wait(0.02):
            return


def send_for_ever(request: Request) -> None:
    request.head()
    while not request.server.closing.is_set():
        request.wfile.write(bytes(2**16))


def redirect_to_itself(request: Request) -> None:
    request.head(302, Location=request.path)


def hang_up(request: Request) -> None:
    request.close_connection = True


def send_no_http(request: Request) -> None:
    request.wfile.write(b"220 ftp.example ready\r\n")


def send_broken_chunks(request: Request) -> None:
    request.protocol_version = "HTTP/1.1"
    request.head(Transfer_Encoding="chunked", Connection="close")
    request.wfile.write(b"8\r\n" + ZIPPED[:8] + b"\r\nzzz\r\n")
    request.close_connection = True


def send_chunks(request: Request) -> None:
    request.protocol_version = "HTTP/1.1"
    request.head(Transfer_Encoding="chunked", Connection="close")
    request.wfile.write(f"{len(ZIPPED):x}\r\n".encode() + ZIPPED + b"\r\n0\r\n\r\n")
    request.close_connection = True


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refused(folder: Path, *mirrors: str, silence_s: float = 10) -> str:
    with pytest.raises(EnvironmentFault) as caught:
        fetch(FILE, mirrors, folder, silence_s=silence_s)
    message = str(caught.value)
    assert "\n" not in message
    assert str(folder) in message
    assert "INKDIGIT_DATA" in message
    return message


@pytest.mark.parametrize("answer", [send(ZIPPED), send(gzip.compress(RAW, 1)), send(RAW), send_range, send_chunks])
def test_the_file_is_fetched_and_verified(serve: Serve, tmp_path: Path, answer: Answer) -> None:
    folder = tmp_path / "not" / "there" / "yet"
    mirror = serve(answer)
    assert fetch(FILE, [mirror.url], folder) == folder / NAME
    verify(FILE, folder / NAME)
    assert names(folder) == [NAME]
    assert mirror.ranges == [None]


@pytest.mark.parametrize("content", [ZIPPED, RAW])
@pytest.mark.parametrize("name", [NAME, FILE.name])
def test_a_file_that_is_there_is_not_fetched(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert fetch(FILE, [], tmp_path) == tmp_path / name


def test_progress_is_told(serve: Serve, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    fetch(FILE, [serve(send(ZIPPED)).url], tmp_path, progress=lambda *words: told.append(words))
    assert {(name, total) for name, _, total in told} == {(FILE.name, len(ZIPPED))}
    received = [received for _, received, _ in told]
    assert received == sorted(received)
    assert len(received) >= len(ZIPPED) // CHUNK_BYTES
    assert received[-1] == len(ZIPPED)


def test_progress_without_a_known_length_tells_zero_in_all(serve: Serve, tmp_path: Path) -> None:
    told: list[int] = []
    (tmp_path / PART).write_bytes(ZIPPED[:HALF])

    def send_rest_without_length(request: Request) -> None:
        request.head(206)
        request.wfile.write(ZIPPED[request.start() :])

    fetch(FILE, [serve(send_rest_without_length).url], tmp_path, progress=lambda *words: told.append(words[2]))
    assert set(told) == {0}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (send(gzip.compress(RAW[::-1])), "found SHA-256"),
        (send(gzip.compress(RAW[:-1])), "found SHA-256"),
        (send(gzip.compress(RAW + b"x")), "found SHA-256"),
        (send(b""), "found SHA-256"),
        (send(b"<html>Sign in to this network</html>"), "found SHA-256"),
        (send(ZIPPED[:-1]), "damaged gzip data"),
        (send(ZIPPED[:HALF] + bytes(100) + ZIPPED[HALF + 100 :]), "damaged gzip data"),
        (send(bytes(len(RAW) + 1)), f"more than {len(RAW)} bytes"),
        (send_for_ever, f"more than {len(RAW)} bytes"),
        (lambda request: request.head(404), "Not Found"),
        (lambda request: request.head(503), "Service Unavailable"),
        (lambda request: request.head(416), "Range Not Satisfiable"),
        (redirect_to_itself, "redirect"),
        (hang_up, "closed connection without response"),
        (send_no_http, "220 ftp.example"),
        (send_broken_chunks, "IncompleteRead"),
        (lambda request: request.head(Content_Length="many"), "found SHA-256"),
        (lambda request: request.head(302, Location="file:///etc/passwd"), "file:///etc/passwd"),
        (break_off, f"broke off after {HALF} of {len(ZIPPED)} bytes"),
    ],
)
def test_a_mirror_that_fails_is_named_and_the_next_one_is_asked(
    serve: Serve, tmp_path: Path, answer: Answer, words: str
) -> None:
    bad, good = serve(answer), serve(send_range)
    message = refused(tmp_path, bad.url)
    assert f"{bad.url} (" in message
    assert words in message
    assert NAME not in names(tmp_path)
    assert fetch(FILE, [bad.url, good.url], tmp_path) == tmp_path / NAME
    assert names(tmp_path) == [NAME]


def test_all_mirrors_are_named_in_one_line(serve: Serve, tmp_path: Path) -> None:
    mirrors = [closed_port(), serve(lambda request: request.head(404)).url]
    message = refused(tmp_path, *mirrors)
    assert message.startswith(f"{FILE.name} is not in {tmp_path} and no mirror gave it: {mirrors[0]} (")
    assert "Connection refused" in message
    assert f"; {mirrors[1]} (Not Found); connect to the network" in message
    assert EnvironmentFault.exit_code == 3


def test_no_mirror_is_known(tmp_path: Path) -> None:
    assert "no mirror gave it: none is known" in refused(tmp_path)


@pytest.mark.parametrize(
    ("answer", "words", "kept"),
    [
        (wait, "no answer in time", 0),
        (send_half_and_wait, "no answer in time", HALF),
        (drip_body, "bytes in 0.3 s", 1),
    ],
)
def test_a_silent_or_dripping_mirror_is_given_up(
    serve: Serve, tmp_path: Path, answer: Answer, words: str, kept: int
) -> None:
    bad, good = serve(answer), serve(send_range)
    begun = time.monotonic()
    assert words in refused(tmp_path, bad.url, silence_s=0.3)
    assert time.monotonic() - begun < 5
    part = tmp_path / PART
    assert (part.stat().st_size if part.exists() else 0) >= kept
    assert not part.exists() or part.read_bytes() == ZIPPED[: part.stat().st_size]
    assert fetch(FILE, [good.url], tmp_path) == tmp_path / NAME
    assert good.ranges == [f"bytes={kept}-"] or answer is not send_half_and_wait


def test_a_slow_mirror_that_is_no_drip_is_waited_for(serve: Serve, tmp_path: Path) -> None:
    def send_slowly(request: Request) -> None:
        request.head(Content_Length=len(ZIPPED))
        for start in range(0, len(ZIPPED), DRIP_BYTES):
            request.wfile.write(ZIPPED[start : start + DRIP_BYTES])
            time.sleep(0.05)

    assert fetch(FILE, [serve(send_slowly).url], tmp_path, silence_s=0.2) == tmp_path / NAME


def test_a_transfer_that_broke_off_is_resumed(serve: Serve, tmp_path: Path) -> None:
    refused(tmp_path, serve(break_off).url)
    assert names(tmp_path) == [PART]
    assert (tmp_path / PART).read_bytes() == ZIPPED[:HALF]
    mirror = serve(send_range)
    told: list[tuple[int, int]] = []
    fetch(FILE, [mirror.url], tmp_path, progress=lambda _, received, total: told.append((received, total)))
    assert mirror.ranges == [f"bytes={HALF}-"]
    assert HALF < told[0][0] <= told[-1][0] == len(ZIPPED)
    assert {total for _, total in told} == {len(ZIPPED)}
    assert (tmp_path / NAME).read_bytes() == ZIPPED


def test_a_mirror_that_ignores_ranges_begins_anew(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / PART).write_bytes(ZIPPED[:HALF])
    mirror = serve(send(ZIPPED))
    fetch(FILE, [mirror.url], tmp_path)
    assert mirror.ranges == [f"bytes={HALF}-"]
    assert (tmp_path / NAME).read_bytes() == ZIPPED


def test_a_part_that_is_whole_already_is_used(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / PART).write_bytes(ZIPPED)
    mirror = serve(send_range)
    fetch(FILE, [mirror.url], tmp_path)
    assert mirror.ranges == [f"bytes={len(ZIPPED)}-"]
    assert names(tmp_path) == [NAME]


@pytest.mark.parametrize("begun", [b"x" * HALF, gzip.compress(RAW, 1)[:HALF], ZIPPED + b"x", bytes(len(RAW) + 9)])
def test_a_part_that_was_begun_from_other_bytes_is_begun_anew(serve: Serve, tmp_path: Path, begun: bytes) -> None:
    (tmp_path / PART).write_bytes(begun)
    mirror = serve(send_range)
    fetch(FILE, [mirror.url], tmp_path)
    assert mirror.ranges == [f"bytes={len(begun)}-", None]
    assert (tmp_path / NAME).read_bytes() == ZIPPED


def test_an_endless_body_costs_neither_memory_nor_disk(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    tracemalloc.start()
    try:
        with pytest.raises(EnvironmentFault):
            fetch(FILE, [serve(send_for_ever).url], tmp_path, progress=lambda _, received, __: told.append(received))
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()
    assert max(told) <= len(RAW)
    assert names(tmp_path) == []


def test_a_gzip_bomb_is_verified_no_further_than_its_size(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(gzip.compress(bytes(2**26)))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="found SHA-256") as caught:
            verify(FILE, tmp_path / NAME)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()
    assert f"of {2**20} bytes" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [(ZIPPED[:HALF], "damaged gzip data"), (RAW[:-1], "found SHA-256"), (b"", "found SHA-256")],
)
def test_a_wrong_file_in_the_folder_is_told_and_not_touched(
    serve: Serve, tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / NAME).write_bytes(content)
    mirror = serve(send_range)
    with pytest.raises(DataError, match=words) as caught:
        fetch(FILE, [mirror.url], tmp_path)
    assert str(tmp_path / NAME) in str(caught.value)
    assert "remove the file and fetch it again" in str(caught.value)
    assert (tmp_path / NAME).read_bytes() == content
    assert mirror.ranges == []


def test_a_file_in_place_of_the_folder(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    mirror = serve(send_range)
    assert "cannot be written" in refused(tmp_path / "file", mirror.url)
    assert "cannot be written" in refused(tmp_path / "file" / "folder", mirror.url)
    assert mirror.ranges == []


@pytest.mark.parametrize("step", ["mkdir", "exists", "is_file"])
def test_a_forbidden_folder(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def forbid(path: Path, *_: object, **__: object) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, step, forbid)
    if step == "is_file":  # it cannot even be looked into
        assert find(FILE, tmp_path) is None
    else:
        assert "cannot be written (Permission denied)" in refused(tmp_path, serve(send_range).url)


def test_a_full_disk_is_not_blamed_on_the_mirror(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / PART).symlink_to("/dev/full")
    assert "cannot be written (No space left on device)" in refused(tmp_path, serve(send(ZIPPED)).url)


def test_a_network_fault_is_not_blamed_on_the_disk(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*_: object) -> bytes:
        raise OSError(errno.EHOSTUNREACH, "No route to host")

    monkeypatch.setattr(http.client.HTTPResponse, "read1", lose)
    message = refused(tmp_path, serve(send_range).url)
    assert "No route to host" in message
    assert "cannot be written" not in message


def test_an_interruption_keeps_the_part(serve: Serve, tmp_path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(FILE, [serve(send_range).url], tmp_path, progress=interrupt)
    assert names(tmp_path) == [PART]
    assert (tmp_path / PART).read_bytes() == ZIPPED[: (tmp_path / PART).stat().st_size]


@pytest.mark.parametrize(("answers", "asked"), [([send_range], 1), ([break_off, send_range], 2)])
def test_of_two_who_fetch_at_once_the_second_waits(
    serve: Serve, tmp_path: Path, answers: list[Answer], asked: int
) -> None:
    """It takes what the first one brought, or goes on where that one failed."""
    both_are_there, answer = threading.Event(), iter(answers)

    def answer_late(request: Request) -> None:
        both_are_there.wait(10)
        next(answer)(request)

    mirror = serve(answer_late)
    outcomes: list[object] = []

    def run() -> None:
        try:
            outcomes.append(fetch(FILE, [mirror.url], tmp_path))
        except EnvironmentFault as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)  # for the second to come as far as it can
    both_are_there.set()
    for thread in threads:
        thread.join(10)
    assert outcomes.count(tmp_path / NAME) == 3 - asked
    assert mirror.ranges == [None, f"bytes={HALF}-"][:asked]
    assert names(tmp_path) == [NAME]
