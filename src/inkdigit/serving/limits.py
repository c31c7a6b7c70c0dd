"""ASGI middleware: a body is received within bounds before anything else sees it, and every request has a deadline."""

import asyncio
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inkdigit.serving.answers import BUSY, LATE, Refusal, refuse
from inkdigit.serving.bounds import Bounds


class Deadline:
    """Ends a request that takes too long: with 503, or, once its answer has begun, by ending the connection."""

    def __init__(self, app: ASGIApp, bounds: Bounds) -> None:
        self._app, self._bounds = app, bounds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            async with asyncio.timeout(self._bounds.answer_s):
                await self._app(scope, receive, watch)
        except TimeoutError:
            if not begun:
                late = Refusal(BUSY, "busy", f"found no answer in {self._bounds.answer_s:g} s; try again")
                await refuse(late, receive, send)


class Bodies:
    """Receives bodies: bounded in bytes, each and all together, and in time.

    Hypercorn waits forever if an application answers without having received the body, so that is done here, for every
    method.
    """

    def __init__(self, app: ASGIApp, bounds: Bounds) -> None:
        self._app, self._bounds = app, bounds
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        parts: list[bytes] = []
        try:
            refusal = await self._take_within(dict(scope["headers"]), receive, parts)
            if refusal:
                await refuse(refusal, receive, send)
            else:
                parts[:] = [b"".join(parts)]  # kept beside the whole, they would take twice the memory that is counted
                await self._app(scope, _Body(parts[0], receive), send)
        except _Gone:
            return
        finally:
            self._held -= sum(map(len, parts))

    async def _take_within(
        self, headers: Mapping[bytes, bytes], receive: Receive, parts: list[bytes]
    ) -> Refusal | None:
        """Receives a body, or returns why it is refused."""
        try:
            async with asyncio.timeout(self._bounds.body_s):
                await self._take(headers, receive, parts)
        except TimeoutError:
            late = f"found no end of the body in {self._bounds.body_s:g} s, expected it sooner; send it anew"
            return Refusal(LATE, "timeout", late)
        except Refusal as refusal:
            return refusal
        return None

    async def _take(self, headers: Mapping[bytes, bytes], receive: Receive, parts: list[bytes]) -> None:
        """Takes in a body, part by part."""
        size = 0
        self._check(int(headers.get(b"content-length", b"0")))
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            part = message.get("body", b"")
            size += len(part)
            self._check(size)
            parts.append(part)
            self._held += len(part)
            if not message.get("more_body", False):
                return

    def _check(self, size: int) -> None:
        most = self._bounds.max_body_bytes
        if size > most:
            raise Refusal(
                413, "too_large", f"found a body of more than {most:,} bytes, expected at most these; shrink it"
            )
        if self._held > self._bounds.max_held_bytes:
            raise Refusal(BUSY, "busy", "found too many bodies in memory at once; try again in a second")


class _Gone(Exception):
    """The client went away."""


class _Body:
    """What an application receives: the body in one message, then what comes after it."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._message: Message | None = {"type": "http.request", "body": body, "more_body": False}
        self._receive = receive

    async def __call__(self) -> Message:
        message, self._message = self._message, None
        return await self._receive() if message is None else message
