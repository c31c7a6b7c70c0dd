"""Processes that read, seen from the event loop: jobs wait in a line, and a process that takes too long is replaced."""

import asyncio
import itertools
import math
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from inkdigit.errors import DataError, ImageError
from inkdigit.serving.answers import Answer, Refusal
from inkdigit.serving.bounds import Bounds
from inkdigit.serving.frames import Head, encode, pack, receive

COMMAND = (sys.executable, "-P", "-m", "inkdigit.serving.worker")

BATCH = 8
"""Jobs that a process is given at once while others wait: it need not wait for the next."""

BATCH_BYTES = 2**18
"""A batch whose bodies exceed this takes no further job, since jobs behind large ones would wait."""

PAUSE_S = 1
"""The wait before another process is started in place of one that could not open its models."""

STARTS = 10
"""After this many failed starts in a row, with no process left that reads, the server ends, to be restarted by its
supervisor: a model or the package may have been replaced.
"""


@dataclass(order=True)
class _Job:
    """A job in the line: first come, first served, also when it is put back."""

    number: int
    head: Head = field(compare=False)
    body: bytes = field(compare=False)
    answer: "asyncio.Future[Answer]" = field(compare=False)
    deaths: int = field(default=0, compare=False)

    def settle(self, answer: Answer) -> None:
        """Gives the answer, unless nobody waits for it any more."""
        if not self.answer.done():
            self.answer.set_result(answer)

    def refuse(self, code: str, message: str) -> None:
        """Gives a picture's error for an answer."""
        error = ImageError(code, message, self.head.get("name", ""))
        self.settle(Answer(code, encode(error.to_dict())))


class Pool:
    """Processes that read.

    Attributes:
        cards: what the models tell of themselves, by name, once a process is ready.
        answered: jobs that a process answered.
        refused: jobs that found the line full.
        killed: processes that were killed, or died.
    """

    def __init__(self, settings: Head, bounds: Bounds, command: Sequence[str] = COMMAND) -> None:
        """Starts nothing yet.

        Args:
            settings: what each process is told first; see ``inkdigit.serving.worker``.
            bounds: how many processes, how long a line, how much time.
            command: what starts a process.
        """
        self._settings, self._bounds, self._command = settings, bounds, command
        self._line: asyncio.PriorityQueue[_Job] = asyncio.PriorityQueue()
        self._numbers = itertools.count()
        self._tasks: list[asyncio.Task[None]] = []
        self._ready: set[int] = set()
        self._failed_starts = 0
        self.cards: Mapping[str, Mapping[str, Any]] = {}
        self.answered = self.refused = self.killed = 0

    @property
    def waiting(self) -> int:
        """Jobs in the line."""
        return self._line.qsize()

    @property
    def ready(self) -> int:
        """Processes that have opened their models and read with them."""
        return len(self._ready)

    async def start(self) -> None:
        """Starts all processes; the first one shows whether the models can be opened.

        Raises:
            DataError: they cannot.
        """
        first = await self._open()
        self._tasks = [asyncio.create_task(self._work(first))]
        self._tasks += [asyncio.create_task(self._work(None)) for _ in range(self._bounds.readers - 1)]

    async def fail(self) -> None:
        """Waits until no process can be started any more.

        Raises:
            DataError: why not.
        """
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()

    async def stop(self) -> None:
        """Ends all processes; what they have not answered is lost."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def ask(self, head: Head, body: bytes) -> "asyncio.Future[Answer]":
        """Puts a job in the line; a caller that gives up waiting for the answer cancels it.

        Raises:
            Refusal: the line is full, or no process can be started.
        """
        if self._failed_starts and not self._ready:
            raise Refusal(503, "busy", "found no process that reads, and none can be started now; try again later")
        if self.waiting >= self._bounds.queue:
            self.refused += 1
            raise Refusal(
                503, "busy", f"found {self.waiting} readings that wait, as many as may; try again in a second"
            )
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._line.put_nowait(_Job(next(self._numbers), head, body, answer))
        return answer

    def ask_all(self, heads: Sequence[Head], bodies: Sequence[bytes]) -> "list[asyncio.Future[Answer]]":
        """Puts several jobs in the line, or none.

        Raises:
            Refusal: there is no room for all of them in the line, now or ever.
        """
        if len(heads) > self._bounds.queue:
            raise Refusal(
                413, "too_large", f"found {len(heads)} pictures, at most {self._bounds.queue} may wait; send fewer"
            )
        if self.waiting + len(heads) > self._bounds.queue:
            self.refused += 1
            raise Refusal(
                503,
                "busy",
                f"found {self.waiting} readings that wait, and no room for {len(heads)}; try again in a second",
            )
        return [self.ask(head, body) for head, body in zip(heads, bodies, strict=True)]

    async def _work(self, process: "_Process | None") -> None:
        """One slot of the pool: a process, and its successors."""
        while True:
            try:
                process = process or await self._open()
            except (DataError, OSError) as error:  # no model that can be opened, or no process
                self._failed_starts += 1
                if self._failed_starts >= STARTS and not self._ready:
                    raise DataError(
                        f"no process that reads can be started ({error}); start the server again"
                    ) from error
                if self._failed_starts == 1:
                    _tell(str(error))
                await asyncio.sleep(PAUSE_S)
                continue
            try:
                why = await self._use(process)
            finally:
                self._ready.discard(process.pid)
                await process.kill()
            process = None
            self.killed += 1
            _tell(f"a process that reads {why}; another one takes its place")

    async def _open(self) -> "_Process":
        process = await _Process.start(self._command)
        try:
            self.cards = await process.greet(self._settings, self._bounds.start_s)
        except BaseException:
            await process.kill()
            raise
        self._ready.add(process.pid)
        self._failed_starts = 0
        return process

    async def _use(self, process: "_Process") -> str:
        """Gives jobs to a process until it can no longer be used, and returns why."""
        while first := await self._wait(process):
            jobs = self._share(first)
            try:
                await self._run(process, jobs)
            except (TimeoutError, asyncio.IncompleteReadError) as error:
                for job in jobs:
                    if not job.answer.done():
                        self._line.put_nowait(job)
                if isinstance(error, TimeoutError):
                    return f"took more than {self._bounds.read_s:g} s for a picture and was ended"
                break
        return "has died"

    async def _wait(self, process: "_Process") -> _Job | None:
        """The next job, or None if the process ends first, which would go unnoticed while it has no job."""
        waiting = asyncio.create_task(self._line.get())
        try:
            await asyncio.wait({waiting, process.end}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()  # unless it is done
        if not process.end.done():
            return waiting.result()
        if waiting.done() and not waiting.cancelled():
            self._line.put_nowait(waiting.result())
        return None

    def _share(self, first: _Job) -> list[_Job]:
        """The next jobs: one, or where many wait a fair share of them."""
        jobs = [first]
        share = min(BATCH, math.ceil((self.waiting + 1) / self._bounds.readers))
        size = len(jobs[0].body)
        while len(jobs) < share and size <= BATCH_BYTES:
            jobs.append(self._line.get_nowait())
            size += len(jobs[-1].body)
        return [job for job in jobs if not job.answer.done()]  # without those whose callers have given up

    async def _run(self, process: "_Process", jobs: Sequence[_Job]) -> None:
        """Has jobs answered, up to the first that times out or ends the process, whose error is raised."""
        process.send(b"".join(pack(job.head, job.body) for job in jobs))
        for job in jobs:
            try:
                async with asyncio.timeout(self._bounds.read_s):
                    job.settle(await process.receive())
                    self.answered += 1
            except TimeoutError:
                job.refuse("timeout", f"took more than {self._bounds.read_s:g} s to read; make it smaller or simpler")
                raise
            except asyncio.IncompleteReadError:
                job.deaths += 1
                if job.deaths > 1:  # the first time, another job, or somebody who kills processes, may be at fault
                    job.refuse("too_complex", "ended the process that was to read it; save it as an ordinary picture")
                raise


def _tell(words: str) -> None:
    print(f"inkdigit: {words}", file=sys.stderr)  # noqa: T201 - whoever runs the server must know


class _Process:
    """One process and its pipes.

    Attributes:
        pid: its number.
        end: a task that is done once the process has ended.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid
        self.end = asyncio.create_task(process.wait())

    @classmethod
    async def start(cls, command: Sequence[str]) -> "_Process":
        """Starts it; its networks have one thread each, and so has numpy."""
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
        pipe = asyncio.subprocess.PIPE
        return cls(  # in a session of its own, since Ctrl-C goes to all processes of a terminal
            await asyncio.create_subprocess_exec(
                *command, stdin=pipe, stdout=pipe, env=environment, start_new_session=True
            )
        )

    async def greet(self, settings: Head, within_s: float) -> Mapping[str, Mapping[str, Any]]:
        """Tells it the settings, and returns the cards of the models that it has opened.

        Raises:
            DataError: it could not, or not in time.
        """
        self.send(pack(settings, b""))
        try:
            async with asyncio.timeout(within_s):
                head, _ = await receive(self._stdout)
        except TimeoutError:
            raise DataError(f"a process that reads took over {within_s:g} s to start; raise start_s") from None
        except asyncio.IncompleteReadError:
            raise DataError("a process that reads did not start; see what it wrote above") from None
        if "error" in head:
            raise DataError(head["error"])
        cards: Mapping[str, Mapping[str, Any]] = head["cards"]
        return cards

    def send(self, content: bytes) -> None:
        """Writes to it, without waiting: a batch's bodies are bounded."""
        if self._process.stdin:
            self._process.stdin.write(content)

    async def receive(self) -> Answer:
        """Its next answer.

        Raises:
            asyncio.IncompleteReadError: it has ended.
        """
        head, body = await receive(self._stdout)
        return Answer(head["code"], body)

    async def kill(self) -> None:
        """Ends it."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self.end

    @property
    def _stdout(self) -> asyncio.StreamReader:
        if self._process.stdout is None:
            raise RuntimeError("a process without a pipe")
        return self._process.stdout
