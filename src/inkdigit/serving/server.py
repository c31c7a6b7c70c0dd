"""Runs the application: opens models and port, answers until it is told to end, then finishes what it has accepted."""

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
"""How long open connections may still send a request after SIGTERM, since one may be on its way."""

BACKLOG = 512


class Closing:
    """ASGI middleware that tells clients, once the server is ending, not to reuse their connections."""

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
    """Never switches from HTTP/1.1 to another protocol: a client that offers one, as Java's does, is still answered.

    Hypercorn speaks HTTP/2 with any client that offers it, TLS or not, and then never cuts off a silent one. There is
    no setting for that, so this replaces the method in which Hypercorn looks for an offer.
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
        host: an address, or a name that resolves to one.
        port: 0 takes any that is free.
        bounds: see ``Bounds``.
        allowed: names under which this server may be addressed, besides loopback's.
        announce: called with the address once clients may connect.

    Raises:
        DataError: a model cannot be opened, now or later.
        EnvironmentFault: the address cannot be listened on.
        UsageError: an allowed name is not a name.
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
    """A listening socket, on which connections wait until they are accepted."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with contextlib.ExitStack() as stack:
            listening = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # A client that does not read what it was sent would keep its connection open forever, even one that we
            # have closed, so the kernel ends it. Connections inherit both options from here.
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
    """Logs errors, but not connections that were cut, which Python 3.11 takes for errors."""
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
        listening.shutdown(socket.SHUT_RDWR)  # new connections are refused at once
        await asyncio.sleep(LAST_CALL_S)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    announce(_describe(listening))  # only now: whoever waits for it may stop the server at once
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
