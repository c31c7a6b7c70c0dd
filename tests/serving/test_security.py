"""Names of hosts, without a socket; what a server does with them is in ``test_app``."""

import asyncio
from pathlib import Path

import pytest
from starlette.types import Message, Receive, Scope, Send

from inkdigit.errors import UsageError
from inkdigit.serving.bounds import Bounds
from inkdigit.serving.security import Security, parse_host
from inkdigit.serving.server import run


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("digits.example", "digits.example"),
        ("Digits.Example:8443", "digits.example"),
        ("数字.example", "xn--p8sv8u.example"),
        ("数字.example:8443", "xn--p8sv8u.example"),
        ("xn--p8sv8u.example", "xn--p8sv8u.example"),
        ("my_host", "my_host"),
        ("192.168.0.7:80", "192.168.0.7"),
        ("::1", "::1"),
        ("[2001:DB8::7]:8000", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1%eth0"),
    ],
)
def test_a_name_is_what_a_browser_makes_of_it(given: str, name: str) -> None:
    assert parse_host(given) == name


@pytest.mark.parametrize(
    "given",
    ["https://digits.example", "digits.example/", "*", "*.example", "", ":8000", "a b", "a..b", "me@digits.example",
     "a?b", "a#b", "[::1", "a:b:c", "数" * 64, "a,b"],
)  # fmt: skip
def test_what_could_never_match_is_refused_at_the_start(given: str) -> None:
    with pytest.raises(UsageError, match=r"expected a name alone, as digits\.example; give the option for each name$"):
        asyncio.run(run({"no": Path("/nowhere")}, "127.0.0.1", 0, bounds=Bounds(), allowed=[given], announce=print))


def ask(host: str, server: str) -> int:
    """The status with which a request for a host is answered that came to an address of ours."""
    statuses: list[int] = []

    async def answer(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    headers = [(b"host", host.encode())]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": headers, "server": (server, 8000)}
    asyncio.run(Security(answer, ["digits.example"])(scope, receive, send))
    return statuses[0]


@pytest.mark.parametrize(
    ("host", "server", "status"),
    [
        ("localhost:8000", "192.168.0.7", 200),
        ("digits.example", "192.168.0.7", 200),
        ("192.168.0.7:8000", "192.168.0.7", 200),
        ("192.168.0.8:8000", "192.168.0.7", 421),
        ("evil.example", "192.168.0.7", 421),
        ("0.0.0.0:8000", "0.0.0.0", 421),
        ("[::]:8000", "::", 421),
        ("", "192.168.0.7", 421),
        ("[::1", "192.168.0.7", 421),
    ],
)
def test_a_request_must_name_us(host: str, server: str, status: int) -> None:
    assert ask(host, server) == status
