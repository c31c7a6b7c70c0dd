import asyncio
import io

import pytest

from inkdigit.serving.frames import encode, pack, read, receive

FRAMES = [({"job": "read", "name": "七.png"}, b"\0\xff" * 99), ({}, b"")]


def test_frames_come_out_as_they_went_in() -> None:
    source = io.BytesIO(b"".join(pack(*frame) for frame in FRAMES))
    assert [read(source), read(source)] == FRAMES
    assert read(source) is None


def test_the_loop_gets_the_same() -> None:
    async def run() -> None:
        source = asyncio.StreamReader()
        source.feed_data(b"".join(pack(*frame) for frame in FRAMES) + b"\0")
        source.feed_eof()
        assert [await receive(source), await receive(source)] == FRAMES
        with pytest.raises(asyncio.IncompleteReadError):
            await receive(source)

    asyncio.run(run())


def test_json_holds_any_name() -> None:
    assert encode({"a": "七\udcff"}) == '{"a": "七\\udcff"}'.encode()
