"""Bodies and deadlines, without a socket."""

import asyncio
import json
import tracemalloc
from collections.abc import Sequence
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inkdigit.serving.bounds import Bounds
from inkdigit.serving.limits import Bodies, Deadline

Wrapper = type[Bodies] | type[Deadline]


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def hang(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(60)


async def begin_and_hang(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await asyncio.sleep(60)


def call(app: ASGIApp, parts: Sequence[bytes | float], headers: Sequence[tuple[bytes, bytes]] = ()) -> list[Message]:
    """Sends a body part by part; a number is a pause in seconds, after the last there is no end."""
    sent: list[Message] = []

    async def main() -> None:
        waiting: list[bytes | float | None] = [*parts, None]

        async def receive() -> Message:
            if not waiting:
                await asyncio.sleep(60)
            part = waiting.pop(0)
            if isinstance(part, float):
                await asyncio.sleep(part)
                part = b""
            return {"type": "http.request", "body": part or b"", "more_body": part is not None}

        async def send(message: Message) -> None:
            sent.append(message)

        await app({"type": "http", "headers": list(headers)}, receive, send)

    asyncio.run(main())
    return sent


def told(sent: list[Message]) -> tuple[int, Any]:
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], json.loads(body)["error"]["code"] if sent[0]["status"] != 200 else body


BOUNDS = Bounds(max_body_bytes=10, max_held_bytes=15, body_s=0.2, answer_s=0.2)


def test_a_body_comes_in_one_piece() -> None:
    assert told(call(Bodies(echo, BOUNDS), [b"01234", b"", b"56789"])) == (200, b"0123456789")


def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not() -> None:
    app = Bodies(echo, BOUNDS)
    assert told(call(app, [b"01234", b"567890"])) == (413, "too_large")
    assert told(call(app, [], [(b"content-length", b"11")])) == (413, "too_large")
    assert told(call(app, [b"0123456789"])) == (200, b"0123456789")


def test_a_body_that_comes_too_slowly_is_refused() -> None:
    assert told(call(Bodies(echo, BOUNDS), [b"01234", 1.0, b"5"])) == (408, "timeout")


def test_bodies_in_memory_are_bounded_together() -> None:
    app = Bodies(hold, BOUNDS)
    answers: list[list[Message]] = []

    async def main() -> None:
        async def ask() -> None:
            sent: list[Message] = []
            answers.append(sent)
            parts = iter([{"type": "http.request", "body": b"01234567"}])

            async def receive() -> Message:
                return next(parts, {"type": "http.disconnect"})

            async def send(message: Message) -> None:
                sent.append(message)

            await app({"type": "http", "headers": []}, receive, send)

        await asyncio.gather(ask(), ask(), ask())
        await ask()

    asyncio.run(main())
    assert [told(sent)[0] for sent in answers] == [200, 200, 503, 200]


def test_a_body_is_in_memory_once_while_it_is_answered() -> None:
    size, held = 2**22, 0

    async def measure(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal held
        message = await receive()
        held = tracemalloc.get_traced_memory()[0]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"%d" % len(message["body"])})

    async def main() -> None:
        left, sent = 64, list[Message]()

        async def receive() -> Message:
            nonlocal left
            left -= 1
            return {"type": "http.request", "body": bytes(size // 64), "more_body": left > 0}

        async def send(message: Message) -> None:
            sent.append(message)

        await Bodies(measure, Bounds())({"type": "http", "headers": []}, receive, send)
        assert told(sent) == (200, b"%d" % size)

    tracemalloc.start()
    try:
        asyncio.run(main())
    finally:
        tracemalloc.stop()
    assert size < held < 1.5 * size


async def hold(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(0.1)
    await echo(scope, receive, send)


def test_an_answer_that_takes_too_long_is_503_with_the_time_to_come_again() -> None:
    sent = call(Deadline(hang, BOUNDS), [])
    assert told(sent) == (503, "busy")
    assert (b"retry-after", b"1") in sent[0]["headers"]


def test_an_answer_that_has_begun_ends_with_its_connection() -> None:
    assert [message["type"] for message in call(Deadline(begin_and_hang, BOUNDS), [])] == ["http.response.start"]
