"""ASGI middleware: who may ask, and what a browser may do with the answer.

Another site's page can make a browser send us requests: through a name of its own that resolves to us (DNS rebinding),
or through a form. So a request must address us by a name of ours, and one that changes or costs something must come
from our own page, or from no page.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inkdigit.errors import UsageError
from inkdigit.serving.answers import Refusal, refuse

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - what one may listen on is nobody's name

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
NOT_KEPT = (b"cache-control", b"no-store")

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def parse_host(given: str) -> str:
    """A name or address as in a browser's Host header: lower case, in xn-- form where it is not ASCII, without a port.

    Raises:
        UsageError: more than a name, such as a URL with https://, or a pattern with a star.
    """
    bare_ip6 = given.count(":") > 1 and not given.startswith("[")
    try:
        name = (urlsplit(f"//[{given}]" if bare_ip6 else f"//{given}").hostname or "").encode("idna").decode()
    except ValueError:  # what can be no name
        name = ""
    if not re.fullmatch(r"[\w.:%-]+", name) or set(given) & set("/?#@"):
        raise UsageError(
            f"found --allow-host {given!r}, expected a name alone, as digits.example; give the option for each name"
        )
    return name


class Security:
    """Refuses foreign names and foreign pages, and sends the headers that keep a browser in bounds."""

    def __init__(self, app: ASGIApp, allowed: Iterable[str] = ()) -> None:
        """Wraps an application.

        Args:
            app: the application.
            allowed: names as ``parse_host`` gives them, beside those of the loopback and the address that a connection
                came to.
        """
        self._app = app
        self._allowed = LOOPBACK | frozenset(allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles a request."""
        if scope["type"] == "websocket":  # there are none
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                kept = any(name == NOT_KEPT[0] for name, _ in given)
                message = {**message, "headers": [*given, *HEADERS, *(() if kept else (NOT_KEPT,))]}
            await send(message)

        refusal = self._find_fault(scope)
        if refusal is None:
            await self._app(scope, receive, send_guarded)
        else:
            await refuse(refusal, receive, send_guarded)

    def _find_fault(self, scope: Scope) -> Refusal | None:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if not self._is_ours(host, scope):
            return Refusal(421, "host", "found another Host, expected this server's; see 'inkdigit serve --allow-host'")
        origin = headers.get(b"origin")
        if scope["method"] not in SAFE and origin is not None and not _is_same(origin.decode("latin-1"), host):
            return Refusal(403, "origin", "found a request from another page, expected this server's own, or none")
        return None

    def _is_ours(self, host: str, scope: Scope) -> bool:
        """Whether a Host header, in lower case, names us."""
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        server = scope.get("server")
        if name is None or name in EVERY_ADDRESS:
            return False
        return name in self._allowed or (server is not None and name == server[0])


def _is_same(origin: str, host: str) -> bool:
    """Whether an Origin is a page of that Host; behind a proxy that ends TLS, its scheme may differ from ours."""
    scheme, _, netloc = origin.lower().partition("://")
    return scheme in {"http", "https"} and netloc == host
