"""Runs the application: opens models and port, answers until it is told to end, and then what it has accepted."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from hypercorn.asyncio import serve as serve_asgi
from hypercorn.config import Config
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.typing import Framework
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inkdigit.errors import EnvironmentFault
from inkdigit.serving.app import build_app
from inkdigit.serving.bounds import Bounds
from inkdigit.serving.frames import Head
from inkdigit.serving.models import hash_model
from inkdigit.serving.pool import Pool
from inkdigit.serving.security import parse_host

LAST_CALL_S = 0.5
"""After SIGTERM, connections that are open may ask once more for so long: a request may be on its way."""

BACKLOG = 512


class Closing:
    """ASGI middleware that tells clients, once the server ends, not to ask again on the same connection."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.closing = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles a request."""

        async def send_last(message: Message) -> None:
            if self.closing and message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            await send(message)

        await self._app(scope, receive, send_last if scope["type"] == "http" else send)


async def _stay(*_: object) -> None:
    """Turns from HTTP/1.1 to no other protocol: who offers one, as Java does, is answered all the same.

    Hypercorn speaks HTTP/2 with whoever offers it, TLS or not, and then never cuts a silent client. There is no setting
    for that; it is where it looks for an offer that this is put.
    """


async def run(
    models: Mapping[str, Path],
    host: str,
    port: int,
    *,
    bounds: Bounds,
    allowed: Sequence[str] = (),
    announce: Callable[[str], None],
) -> None:
    """Serves until SIGTERM or SIGINT, or no process that reads can be started any more.

    Args:
        models: files by their names; the first is the default.
        host: an address, or a name that has one.
        port: 0 takes any that is free.
        bounds: see ``Bounds``.
        allowed: names by which this server may be called, beside loopback's.
        announce: is told the address once requests are answered.

    Raises:
        DataError: a model cannot be opened, now or later.
        EnvironmentFault: the address cannot be had.
        UsageError: an allowed name is none.
    """
    names = [parse_host(name) for name in allowed]
    pool = Pool(_build_settings(models, bounds), bounds)
    with _listen(host, port, bounds) as listening:
        try:
            await pool.start()
            app = Closing(build_app(pool, list(models), bounds, [parse_host(host), *names]))
            await _serve(app, listening, bounds, pool, announce)
        finally:
            await pool.stop()


def _build_settings(models: Mapping[str, Path], bounds: Bounds) -> Head:
    """What each process that reads is told."""
    known = {name: {"path": str(path.absolute()), "sha256": hash_model(path)} for name, path in models.items()}
    return {"models": known, "max_pixels": bounds.max_pixels, "max_memory_bytes": bounds.max_memory_bytes}


def _listen(host: str, port: int, bounds: Bounds) -> socket.socket:
    """A port on which connections wait for the first who answers."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with contextlib.ExitStack() as stack:
            listening = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # A client that leaves unread what it was sent keeps a connection open for ever, even one that we have
            # closed: the kernel ends it. Connections take both options over from here.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(1000 * bounds.unread_s))
            listening.bind(address)
            listening.listen(BACKLOG)
            listening.setblocking(False)
            stack.pop_all()
    except (OSError, UnicodeError) as error:  # a host that can be no name of one
        where = f"{host}:{port}: cannot listen there ({getattr(error, 'strerror', None) or error})"
        raise EnvironmentFault(f"{where}; choose another --port or --host") from error
    return listening


def _describe(listening: socket.socket) -> str:
    """The address to be opened in a browser."""
    host, port = listening.getsockname()[:2]
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{name}:{port}/"


def _configure(listening: socket.socket, bounds: Bounds) -> Config:
    """Hypercorn's part of the bounds."""
    H11Protocol._check_protocol = _stay  # type: ignore[assignment, method-assign]
    config = Config()
    config.bind = [f"fd://{os.dup(listening.fileno())}"]
    config.backlog = BACKLOG
    config.keep_alive_timeout = bounds.header_s  # to the end of the next header, however slowly it comes
    config.keep_alive_max_requests = 10_000
    config.graceful_timeout = bounds.shutdown_s
    config.include_server_header = False
    config.loglevel = "WARNING"
    return config


def _log(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Tells of errors, but not of connections that were cut, which Python 3.11 takes for some."""
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


async def _serve(
    app: Closing, listening: socket.socket, bounds: Bounds, pool: Pool, announce: Callable[[str], None]
) -> None:
    """Answers until a signal or the pool's failure, then finishes what was accepted, within bounds."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.set_exception_handler(_log)
    config = _configure(listening, bounds)

    async def end() -> None:
        await stop.wait()
        app.closing = True
        loop.remove_reader(int(config.bind[0].removeprefix("fd://")))
        listening.shutdown(socket.SHUT_RDWR)  # who comes now is told at once that nobody is here
        await asyncio.sleep(LAST_CALL_S)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    announce(_describe(listening))  # only now: whoever waited for it may have it stopped at once
    serving = asyncio.create_task(serve_asgi(cast("Framework", app), config, shutdown_trigger=end))
    stopped, failed = asyncio.create_task(stop.wait()), asyncio.create_task(pool.fail())
    await asyncio.wait({serving, stopped, failed}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await asyncio.wait({serving}, timeout=bounds.shutdown_s)
    for task in (stopped, serving, failed):
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    with contextlib.suppress(asyncio.CancelledError):
        await failed
