"""What goes back to a client: encoded JSON, and the HTTP status of each error code."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Send

from inkdigit.errors import InkdigitError
from inkdigit.serving.frames import encode

STATUSES: Mapping[str, int] = {"": 200, "too_large": 413, "unsupported_format": 415, "model": 500, "fault": 500}
"""The HTTP status of an answer, by its code. Any other error is 422, also that of a picture that takes too long to
read (``timeout``), since it would take as long the next time."""

BUSY, LATE = 503, 408
RETRY_S = 1

LINGER_S = 1
"""How long, after a refusal, what a client still sends is discarded, so that it gets to see why it was refused."""


@dataclass(frozen=True)
class Answer:
    """What a process answered.

    Attributes:
        code: an error's, or "".
        body: JSON, ready to be sent.
    """

    code: str
    body: bytes

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUSES.get(self.code, 422)


class Refusal(InkdigitError):
    """A request that gets no reading."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code

    @property
    def body(self) -> bytes:
        """JSON."""
        return encode({"error": {"code": self.code, "message": str(self)}})

    @property
    def headers(self) -> dict[str, str]:
        """Tells a client that found us busy when to try again."""
        return {"retry-after": str(RETRY_S)} if self.status == BUSY else {}


class Json(Response):
    """JSON that is ready."""

    media_type = "application/json"


async def refuse(refusal: Refusal, receive: Receive, send: Send) -> None:
    """Refuses a request that may still be arriving; a client that was too slow is not waited for any longer."""
    discarding = asyncio.create_task(_discard(receive))
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                await _send_refusal(refusal, send)
        await asyncio.wait({discarding}, timeout=0 if refusal.status == LATE else LINGER_S)
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        discarding.cancel()


async def _discard(receive: Receive) -> None:
    """Discards what arrives, to the end, also the disconnect message, for which there must be room."""
    while (message := await receive())["type"] != "http.disconnect" and message.get("more_body", False):
        pass


async def _send_refusal(refusal: Refusal, send: Send) -> None:
    """Sends all of an answer but its end, so that the rest of the request can be received before the connection ends.

    Otherwise, a client that is still sending would see a broken connection, and not why.
    """
    headers = {"content-type": "application/json", "content-length": str(len(refusal.body)), **refusal.headers}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": raw})
    await send({"type": "http.response.body", "body": refusal.body, "more_body": True})
