"""How many pictures a second a server reads over HTTP, how soon, and with how much memory.

The load comes from this machine, and takes its share of the same cores.

usage: python -m benchmarks.serving [--seconds 60] [--minutes 5] [--rounds 20] [--out FILE.json]
"""

import argparse
import asyncio
import io
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import PIL.Image
from benchmarks.figures import add_out, write_figures

from inkdigit.machine import describe_machine

SAMPLE = Path(__file__).parent.parent / "samples" / "seven.png"
SIDE = 280
STUCK = b"POST /read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\nabc"
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@dataclass
class Tally:
    """What clients saw.

    Attributes:
        seconds: of each answer, in order.
        statuses: how many answers had each; 0 is none.
    """

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


def draw_request(content: bytes, port: int) -> bytes:
    """A request with a picture."""
    head = f"POST /read HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: image/png\r\nContent-Length: {len(content)}"
    return head.encode() + b"\r\n\r\n" + content


def draw_picture() -> bytes:
    """A PNG of one digit, 280 x 280."""
    buffer = io.BytesIO()
    PIL.Image.open(SAMPLE).convert("L").resize((SIDE, SIDE)).save(buffer, "PNG")
    return buffer.getvalue()


@contextmanager
def serve(*settings: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server, and its port."""
    command = [sys.executable, "-m", "inkdigit", "serve", "--port", "0", *settings]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            yield process, int((process.stdout or sys.stdin).readline().strip().rstrip("/").rpartition(":")[2])
        finally:
            if process.poll() is None:
                process.terminate()


@asynccontextmanager
async def connect(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection; hardly more than a socket, so that the load costs little."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> tuple[int, bool]:
    """Asks once → the status, and whether the connection stays."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    found = _LENGTH.search(head)
    await reader.readexactly(int(found[1]) if found else 0)
    return int(head[9:12]), b"connection: close" not in head.lower()


async def keep_asking(port: int, request: bytes, until: float, tally: Tally) -> None:
    """One keep-alive client."""
    while time.perf_counter() < until:
        async with connect(port) as (reader, writer):
            stays = True
            while stays and time.perf_counter() < until:
                begun = time.perf_counter()
                status, stays = await ask(reader, writer, request)
                tally.seconds.append(time.perf_counter() - begun)
                tally.statuses[status] += 1


async def load(port: int, clients: int, seconds: float) -> Tally:
    """So many clients at once, for so long."""
    tally, request = Tally(), draw_request(draw_picture(), port)
    until = time.perf_counter() + seconds
    await asyncio.gather(*(keep_asking(port, request, until, tally) for _ in range(clients)))
    return tally


def list_processes(pid: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def read_memory(pid: int) -> float:
    """MiB that a server's processes have in memory, shared pages counted in each."""
    sizes = (Path(f"/proc/{each}/statm").read_text().split()[1] for each in list_processes(pid))
    return sum(map(int, sizes)) * os.sysconf("SC_PAGE_SIZE") / 2**20


async def watch_memory(pid: int, seconds: float, every_s: float = 2) -> list[tuple[float, float]]:
    """Minutes and MiB."""
    begun, seen = time.perf_counter(), []
    while (passed := time.perf_counter() - begun) < seconds:
        seen.append((passed / 60, read_memory(pid)))
        await asyncio.sleep(every_s)
    return seen


def fit_slope(seen: Sequence[tuple[float, float]]) -> float:
    """MiB a minute, of all but the first fifth."""
    warm = np.array(seen[len(seen) // 5 :])
    return float(np.polyfit(warm[:, 0], warm[:, 1], 1)[0])


def measure_speed(seconds: float) -> dict[str, float]:
    """16 keep-alive clients."""
    with serve() as (_, port):
        asyncio.run(load(port, 2, 2))
        tally = asyncio.run(load(port, 16, seconds))
    quantiles = statistics.quantiles(tally.seconds, n=100)
    return {
        "16 clients: answers a second": len(tally.seconds) / seconds,
        "16 clients: median (ms)": 1000 * quantiles[49],
        "16 clients: 99th percentile (ms)": 1000 * quantiles[98],
        "16 clients: answers that were not 200": len(tally.seconds) - tally.statuses[200],
    }


def measure_memory(minutes: float) -> dict[str, float]:
    """16 keep-alive clients for minutes on end."""

    async def run(pid: int, port: int) -> list[tuple[float, float]]:
        seen, _ = await asyncio.gather(watch_memory(pid, 60 * minutes), load(port, 16, 60 * minutes))
        return seen

    with serve() as (process, port):
        seen = asyncio.run(run(process.pid, port))
    return {
        "memory at most (MiB)": max(size for _, size in seen),
        "memory growth (MiB a minute)": fit_slope(seen),
    }


def measure_rush() -> dict[str, float]:
    """200 clients at once, then one."""
    with serve() as (_, port):
        asyncio.run(load(port, 2, 2))
        rush = asyncio.run(load(port, 200, 5))
        begun = time.perf_counter()
        after = asyncio.run(load(port, 1, 0.01))
        recovered = time.perf_counter() - begun
    return {
        "200 clients: 200": rush.statuses[200],
        "200 clients: 503": rush.statuses[503],
        "200 clients: others": sum(rush.statuses.values()) - rush.statuses[200] - rush.statuses[503],
        "200 clients: slowest (s)": max(rush.seconds),
        "after them: one answer (s)": recovered if after.statuses[200] else float("inf"),
    }


def measure_stuck() -> dict[str, float]:
    """200 clients that send half a body, and an honest one."""

    async def be_stuck(port: int) -> float:
        begun = time.perf_counter()
        async with connect(port) as (reader, writer):
            writer.write(STUCK)
            await reader.read()
        return time.perf_counter() - begun

    async def run(port: int) -> tuple[list[float], Tally]:
        stuck = [asyncio.create_task(be_stuck(port)) for _ in range(200)]
        await asyncio.sleep(1)
        honest = await load(port, 1, 5)
        return await asyncio.gather(*stuck), honest

    with serve() as (_, port):
        cut, honest = asyncio.run(run(port))
    return {
        "200 stuck clients: cut after at most (s)": max(cut),
        "beside them: slowest honest answer (ms)": 1000 * max(honest.seconds),
        "beside them: answers that were not 200": len(honest.seconds) - honest.statuses[200],
    }


def measure_ends(rounds: int) -> dict[str, float]:
    """SIGTERM under load, again and again."""
    lost, slowest = 0, 0.0
    for _ in range(rounds):
        with serve() as (process, port):
            lost += asyncio.run(end_under_load(process, port))
            begun = time.perf_counter()
            process.wait(30)
            slowest = max(slowest, time.perf_counter() - begun)
            lost += process.returncode != 0
    return {f"SIGTERM, {rounds} rounds: requests lost": lost, f"SIGTERM, {rounds} rounds: slowest end (s)": slowest}


async def end_under_load(process: subprocess.Popen[str], port: int) -> int:
    """Requests that were sent on a connection and never answered."""
    request = draw_request(draw_picture(), port)

    async def keep_on() -> int:
        while True:
            try:
                async with connect(port) as (reader, writer):
                    while (await ask(reader, writer, request))[1]:
                        pass
            except ConnectionRefusedError:
                return 0
            except (OSError, asyncio.IncompleteReadError):
                return 1

    asking = [asyncio.create_task(keep_on()) for _ in range(16)]
    await asyncio.sleep(1)
    process.send_signal(signal.SIGTERM)
    return sum(await asyncio.gather(*asking))


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="of load for speed")
    parser.add_argument("--minutes", type=float, default=5, help="of load for memory")
    parser.add_argument("--rounds", type=int, default=20, help="of SIGTERM under load")
    add_out(parser)
    arguments = parser.parse_args()
    figures = {
        **measure_speed(arguments.seconds),
        **measure_rush(),
        **measure_stuck(),
        **measure_ends(arguments.rounds),
        **measure_memory(arguments.minutes),
    }
    print("over loopback; the load generator shared the cores")
    for name, value in figures.items():
        print(f"{name:<58}{value:>12.3f}")
    machine = {**describe_machine(), "cores": len(os.sched_getaffinity(0)), "load": "shared the cores"}
    write_figures({"machine": machine, "figures": figures}, arguments.out)


if __name__ == "__main__":
    main()
