"""Slow clients, many clients, and the end; over sockets, since that is where it goes wrong."""

import contextlib
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from tests.serving.conftest import SAMPLES, Served, serve

SEVEN = (SAMPLES / "seven.png").read_bytes()
CUT_S = 6
"""The bounds of the strict server add up to less, and a busy machine may take some of it."""

STUCK = {
    "nothing": b"",
    "half a header": b"POST /read HTTP/1.1\r\nHost: localhost\r\nContent-Le",
    "half a body": b"POST /read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\nabc",
    "half a chunk": b"POST /read HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    "half a body that nobody wants": b"GET /models HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\nabc",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)),
    "half an HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM",
}


def connect(served: Served, content: bytes) -> socket.socket:
    connection = socket.create_connection(served.host, timeout=CUT_S)
    connection.sendall(content)
    return connection


def drain(connection: socket.socket) -> bytes:
    """All that comes until the other side ends it."""
    received = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(2**16):
            received += chunk
    return bytes(received)


@pytest.mark.parametrize("name", STUCK)
def test_a_stuck_client_is_cut(name: str, strict: Served) -> None:
    begun = time.monotonic()
    with connect(strict, STUCK[name]) as connection:
        received = drain(connection)
    assert time.monotonic() - begun < CUT_S
    if "body" in name or "chunk" in name:
        assert received.startswith(b"HTTP/1.1 408")
        assert b'"timeout"' in received


def test_a_client_that_sends_a_byte_now_and_then_is_cut(strict: Served) -> None:
    for start in (b"GET / HTTP/1.1\r\nX: ", b"POST /read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n"):
        begun = time.monotonic()
        with connect(strict, start) as connection, contextlib.suppress(OSError):
            while time.monotonic() - begun < CUT_S:
                connection.sendall(b"x")
                time.sleep(0.1)
        assert time.monotonic() - begun < CUT_S


def test_a_client_that_reads_nothing_is_cut(strict: Served) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(1)
        connection.connect(strict.host)
        request = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
        begun = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - begun < 12:
                with contextlib.suppress(TimeoutError):
                    connection.sendall(request * 100)
        assert time.monotonic() - begun < 12
    wait_for(lambda: count_connections(strict) == 0)


def count_connections(served: Served) -> int:
    """Connections that the server holds: those that are established, or that the client has ended and it has not."""
    with open("/proc/net/tcp") as file:  # noqa: PTH123
        states = [line.split()[1:4] for line in file.readlines()[1:]]
    port = f":{served.host[1]:04X}"
    return sum(local.endswith(port) and state in {"01", "08"} for local, _, state in states)


def wait_for(is_so: Callable[[], bool], within_s: float = 12) -> None:
    begun = time.monotonic()
    while not is_so():
        assert time.monotonic() - begun < within_s
        time.sleep(0.1)


def test_an_honest_client_is_served_beside_stuck_ones(strict: Served) -> None:
    with contextlib.ExitStack() as stack, strict.client() as client:
        kinds = list(STUCK.values())
        for number in range(60):
            stack.enter_context(connect(strict, kinds[number % len(kinds)]))
        begun = time.monotonic()
        assert client.post("/read", content=SEVEN).json()["text"] == "7"
        assert time.monotonic() - begun < 3
        wait_for(lambda: count_connections(strict) <= 1)


def test_more_than_can_be_read_is_told_to_come_again() -> None:
    with serve("--set", "readers=1", "--set", "queue=2") as served, served.client() as client:

        def ask(_: int) -> httpx.Response:
            return client.post("/read", content=SEVEN)

        with ThreadPoolExecutor(24) as pool:
            answers = list(pool.map(ask, range(48)))
        statuses = {answer.status_code for answer in answers}
        assert statuses == {200, 503}
        for answer in answers:
            if answer.status_code == 503:
                assert answer.headers["retry-after"] == "1"
                assert answer.json()["error"]["code"] == "busy"
        assert ask(0).status_code == 200


@pytest.fixture
def own() -> Iterator[Served]:
    with serve("--set", "readers=1") as served:
        yield served


def test_the_end_loses_no_accepted_request(own: Served) -> None:
    lost: list[str] = []
    answered = 0

    def ask(_: int) -> None:
        """Asks on one connection until the server says that it ends."""
        nonlocal answered
        with own.client() as client:
            while True:
                try:
                    answer = client.post("/read", content=SEVEN)
                except httpx.ConnectError:
                    return  # nobody is there: not accepted
                except httpx.HTTPError as error:
                    lost.append(repr(error))
                    return
                if answer.status_code == 200:
                    answered += 1
                else:
                    lost.append(answer.text)

    with ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(ask, number) for number in range(8)]
        time.sleep(1)
        own.process.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        assert own.process.wait(20) == 0
        assert time.monotonic() - begun < 10
        for each in asking:
            each.result()
    assert lost == []
    assert answered > 8


def test_a_request_that_is_on_its_way_when_the_end_comes_is_answered(own: Served) -> None:
    with own.client() as client:
        assert client.get("/health/live").status_code == 200
        own.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        answer = client.post("/read", content=SEVEN)  # on the connection that was idle when the signal came
        assert (answer.json()["text"], answer.headers["connection"]) == ("7", "close")
        with pytest.raises(httpx.ConnectError):
            client.get("/health/live")
    assert own.process.wait(10) == 0


def test_allowed_names_are_those_that_browsers_send() -> None:
    with serve("--set", "readers=1", "--allow-host", "数字.example:8443") as own, own.client() as client:
        for host, status in (("xn--p8sv8u.example", 200), ("XN--p8sv8u.example:80", 200), ("digits.example", 421)):
            assert client.get("/health/live", headers={"host": host}).status_code == status


def test_the_end_does_not_wait_for_stuck_clients() -> None:
    with (
        serve("--set", "readers=1", "--set", "shutdown_s=1") as own,
        connect(own, STUCK["half a header"]),
        connect(own, STUCK["half a body"]),
    ):
        time.sleep(0.2)
        own.process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        assert own.process.wait(20) == 0
        assert time.monotonic() - begun < 5


def test_a_foreign_page_is_refused_before_its_body_is_here_and_the_connection_goes_on(served: Served) -> None:
    start = b"POST /read HTTP/1.1\r\nHost: localhost\r\nOrigin: http://other.example\r\nContent-Length: 4\r\n\r\n"
    with connect(served, start) as connection:
        assert connection.recv(2**16).startswith(b"HTTP/1.1 403")
        connection.sendall(b"bodyGET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert b"HTTP/1.1 200" in drain(connection)


def test_whoever_offers_another_protocol_is_answered_in_http_1(strict: Served) -> None:
    upgrade = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nUpgrade: %s\r\nConnection: Upgrade\r\n%s\r\n"
    offer = upgrade % (b"h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n")
    with connect(strict, offer * 2) as connection:  # and the connection goes on
        received = drain(connection)
    assert received.startswith(b"HTTP/1.1 200")
    assert received.count(b'{"status":"live"}') == 2
    socket_head = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    with connect(strict, upgrade % (b"websocket", socket_head)) as connection:
        assert drain(connection).startswith(b"HTTP/1.1 403")
