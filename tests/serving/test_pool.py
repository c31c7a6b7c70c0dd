"""The pool, with processes that do as they are told."""

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.serving.conftest import FAKE_COMMAND

from inkdigit.errors import DataError
from inkdigit.serving import pool as module
from inkdigit.serving.answers import Answer, Refusal
from inkdigit.serving.bounds import Bounds
from inkdigit.serving.pool import Pool, _Process

HEAD = {"job": "read", "name": "a.png"}
SETTINGS = {"max_memory_bytes": 2**28}


def run(play: Callable[[Pool], Awaitable[None]], settings: dict[str, Any] | None = None, **bounds: Any) -> None:
    """Plays with a pool of one process, unless told otherwise."""

    async def main() -> None:
        pool = Pool(settings or SETTINGS, Bounds(**{"readers": 1, **bounds}), FAKE_COMMAND)
        try:
            async with asyncio.timeout(30):  # a job that is lost would be waited for
                await pool.start()
                await play(pool)
        finally:
            await pool.stop()

    asyncio.run(main())


def told(answer: Answer) -> Any:
    return json.loads(answer.body)


def test_every_job_gets_its_own_answer() -> None:
    async def play(pool: Pool) -> None:
        assert pool.ready == 1
        assert pool.cards == {"reader": {"outputs": 11}}
        bodies = [f"echo {number}" for number in range(50)]
        answers = await asyncio.gather(*(pool.ask(HEAD, body.encode()) for body in bodies))
        assert [told(answer)["body"] for answer in answers] == bodies
        assert {answer.code for answer in answers} == {""}
        assert told(answers[0])["head"] == HEAD
        assert (pool.answered, pool.waiting, pool.killed) == (50, 0, 0)

    run(play)


def test_a_large_body_goes_through() -> None:
    async def play(pool: Pool) -> None:
        body = b"echo " + b"x" * (8 * 2**20)
        assert told(await pool.ask(HEAD, body))["body"] == body.decode()

    run(play)


def test_processes_share_what_waits() -> None:
    async def play(pool: Pool) -> None:
        while pool.ready < 2:
            await asyncio.sleep(0.02)
        answers = await asyncio.gather(*(pool.ask(HEAD, b"work 0.02") for _ in range(16)))
        assert len({told(answer)["pid"] for answer in answers}) == 2

    run(play, readers=2)


def test_a_full_line_is_told() -> None:
    async def play(pool: Pool) -> None:
        jobs = [pool.ask(HEAD, b"work 0.05") for _ in range(3)]
        with pytest.raises(Refusal, match="found 3 readings that wait") as caught:
            pool.ask(HEAD, b"echo")
        assert (caught.value.status, caught.value.headers) == (503, {"retry-after": "1"})
        assert pool.refused == 1
        await asyncio.gather(*jobs)
        assert (await pool.ask(HEAD, b"echo")).code == ""

    run(play, queue=3)


def test_several_are_all_taken_or_none() -> None:
    async def play(pool: Pool) -> None:
        first = pool.ask_all([HEAD] * 2, [b"work 0.05"] * 2)
        with pytest.raises(Refusal, match="no room for 2") as busy:
            pool.ask_all([HEAD] * 2, [b"echo"] * 2)
        assert (busy.value.status, pool.waiting, pool.refused) == (503, 2, 1)
        with pytest.raises(Refusal, match="at most 3 may wait; send fewer") as never:
            pool.ask_all([HEAD] * 4, [b"echo"] * 4)
        assert (never.value.status, pool.waiting) == (413, 2)
        assert [answer.code for answer in await asyncio.gather(*first)] == ["", ""]

    run(play, queue=3)


def test_a_process_that_cannot_be_started_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    start, faults = _Process.start, [OSError("no more processes"), OSError("no more processes")]

    async def start_late(command: Sequence[str]) -> _Process:
        if faults:
            raise faults.pop()
        return await start(command)

    async def play(pool: Pool) -> None:
        monkeypatch.setattr(_Process, "start", start_late)
        monkeypatch.setattr(module, "PAUSE_S", 0.01)
        await pool.ask(HEAD, b"die")
        assert (await pool.ask(HEAD, b"echo")).code == ""
        assert not faults

    run(play)


def test_what_takes_too_long_is_cut_and_its_neighbours_are_not() -> None:
    async def play(pool: Pool) -> None:
        jobs = [pool.ask(HEAD, body) for body in (b"echo 1", b"sleep", b"echo 2", b"echo 3")]
        first, slow, *others = await asyncio.gather(*jobs)
        assert (slow.code, slow.status) == ("timeout", 422)
        assert told(slow)["source"] == "a.png"
        assert told(slow)["error"]["code"] == "timeout"
        assert [told(answer)["body"] for answer in (first, *others)] == ["echo 1", "echo 2", "echo 3"]
        assert told(others[0])["pid"] != told(first)["pid"]
        assert (pool.killed, pool.ready) == (1, 1)

    run(play, read_s=1)


def test_a_process_that_dies_is_replaced_and_its_job_tried_once_more(tmp_path: Path) -> None:
    async def play(pool: Pool) -> None:
        once = await pool.ask(HEAD, f"die-once {tmp_path / 'died'}".encode())
        assert once.code == ""
        dead, other = await asyncio.gather(pool.ask(HEAD, b"die"), pool.ask(HEAD, b"echo"))
        assert (dead.code, told(dead)["error"]["code"]) == ("too_complex", "too_complex")
        assert other.code == ""
        assert pool.killed == 3

    run(play)


def test_who_gave_up_is_not_read_for() -> None:
    async def play(pool: Pool) -> None:
        first, second, third = (pool.ask(HEAD, body) for body in (b"work 0.1", b"sleep", b"echo"))
        second.cancel()
        assert (await first).code == (await third).code == ""
        assert pool.killed == 0

    run(play)


def test_memory_is_bounded() -> None:
    async def play(pool: Pool) -> None:
        assert (await pool.ask(HEAD, f"grow {2**27}".encode())).code == ""
        assert (await pool.ask(HEAD, f"grow {2**29}".encode())).code == "too_large"
        assert (await pool.ask(HEAD, b"echo")).code == ""
        assert pool.killed == 0

    run(play)


def test_what_a_library_writes_is_no_answer_and_fills_no_log(capfd: pytest.CaptureFixture[str]) -> None:
    async def play(pool: Pool) -> None:
        assert told(await pool.ask(HEAD, b"print"))["body"] == "print"

    run(play)
    out, err = capfd.readouterr()
    assert "library" not in out + err
    assert "what python says" in err


def test_a_damaged_model_ends_the_start() -> None:
    async def play(_: Pool) -> None:
        raise AssertionError("started")

    with pytest.raises(DataError, match=r"model\.onnx: damaged"):
        run(play, {**SETTINGS, "damaged": True})
    with pytest.raises(DataError, match=r"took over 0\.3 s to start"):
        run(play, {**SETTINGS, "silent": True}, start_s=0.3)


def test_a_place_whose_process_cannot_start_tries_again(capfd: pytest.CaptureFixture[str]) -> None:
    settings: dict[str, Any] = {**SETTINGS}

    async def play(pool: Pool) -> None:
        settings["damaged"] = True
        assert (await pool.ask(HEAD, b"sleep")).code == "timeout"
        while "damaged" not in capfd.readouterr().err:
            await asyncio.sleep(0.02)
        assert pool.ready == 0
        with pytest.raises(Refusal, match="found no process that reads") as caught:
            pool.ask(HEAD, b"echo")
        assert caught.value.status == 503
        settings["damaged"] = False
        while pool.ready < 1:
            await asyncio.sleep(0.02)
        assert (await pool.ask(HEAD, b"echo")).code == ""

    run(play, settings, read_s=1)


def test_where_no_process_can_be_started_any_more_all_ends(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_S", 0.01)
    monkeypatch.setattr(module, "STARTS", 3)
    settings: dict[str, Any] = {**SETTINGS}

    async def play(pool: Pool) -> None:
        settings["damaged"] = True
        pool.ask(HEAD, b"die")
        with pytest.raises(DataError, match=r"no process that reads can be started \(.*damaged.*\); start the server"):
            await pool.fail()

    run(play, settings)
    assert capfd.readouterr().err.count("damaged") == 1


def test_a_process_that_dies_at_rest_is_replaced_and_no_picture_is_blamed(capfd: pytest.CaptureFixture[str]) -> None:
    async def play(pool: Pool) -> None:
        while pool.ready < 2:
            await asyncio.sleep(0.02)
        first = set(pool._ready)
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        while first & pool._ready:
            await asyncio.sleep(0.02)
        assert (await pool.ask(HEAD, b"echo")).code == ""
        while pool.ready < 2:
            await asyncio.sleep(0.02)
        assert pool.killed == 2

    run(play, readers=2)
    assert capfd.readouterr().err.count("a process that reads has died; another one takes its place") == 2
