"""What passes between the server and a process that reads: a head of JSON and a body of bytes, with their lengths."""

import asyncio
import json
from collections.abc import Mapping
from struct import Struct
from typing import Any, BinaryIO, TypeAlias

FAULT = "found a fault of this server's; its log tells more"
"""What a client is told of an error that should not be."""

Head: TypeAlias = Mapping[str, Any]

_LENGTHS = Struct("!II")


def encode(values: Any) -> bytes:
    """JSON as ``inkdigit read`` writes it."""
    return json.dumps(values, ensure_ascii=False).encode(errors="backslashreplace")


def pack(head: Head, body: bytes) -> bytes:
    """A frame's bytes."""
    encoded = json.dumps(head, separators=(",", ":")).encode()
    return b"".join((_LENGTHS.pack(len(encoded), len(body)), encoded, body))


def read(source: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next frame, or None where there is none: the other side has ended."""
    lengths = source.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head, body = _LENGTHS.unpack(lengths)
    return json.loads(source.read(head)), source.read(body)


async def receive(source: asyncio.StreamReader) -> tuple[dict[str, Any], bytes]:
    """The next frame.

    Raises:
        asyncio.IncompleteReadError: the other side has ended.
    """
    head, body = _LENGTHS.unpack(await source.readexactly(_LENGTHS.size))
    content = await source.readexactly(head + body)
    return json.loads(content[:head]), content[head:]
