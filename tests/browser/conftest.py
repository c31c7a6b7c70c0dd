"""A real server and a real browser, each started once."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from inkdigit.reading.weights import find_model

FLAGS = """--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
           --disable-component-update --disable-sync"""
# Names that a stranger's page might have, led to this machine as a rebound DNS would.
REBOUND = "--host-resolver-rules=MAP evil.example 127.0.0.1"

AXE = Path(__file__).parent / ".axe" / "node_modules" / "axe-core" / "axe.min.js"

Open: TypeAlias = Callable[..., Page]


@contextmanager
def serve(*arguments: str) -> Iterator[str]:
    """Runs ``inkdigit serve`` on a free port; yields its address."""
    command = [sys.executable, "-m", "inkdigit", "serve", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout is not None
        try:
            said = process.stdout.readline()
            found = re.search(r"http://[^\s/]+", said)
            assert found, f"the server said {said!r}, expected its address"
            yield found[0]
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with serve() as url:
        yield url


@pytest.fixture(scope="session")
def address_of_two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with two models."""
    other = tmp_path_factory.mktemp("models") / "other.onnx"
    shutil.copy(find_model("reader"), other)
    with serve("--model", "reader", "--model", str(other)) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path, "found no chromium; install it with your system's packages"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=[*FLAGS.split(), REBOUND])
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Open]:
    """Opens the page in a context of its own; in the end nothing was thrown, and nothing asked for elsewhere."""
    contexts: list[BrowserContext] = []
    thrown: list[str] = []
    asked: list[str] = []

    def open_one(url: str = address, **settings: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 860}, "locale": "en-GB", **settings})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: thrown.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        page.locator("#verdict:not(:empty)").wait_for()
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert thrown == []
    assert [url for url in asked if not url.startswith(("http://127.0.0.1:", "blob:", "data:"))] == []


@pytest.fixture
def page(open_page: Open) -> Page:
    return open_page()


def wait_for_answer(page: Page, text: str) -> None:
    """Waits until the page tells these digits, lines parted by newlines."""
    page.wait_for_function(
        """text => [...document.querySelectorAll("#lines .line")]
             .map((line) => [...line.children].map((digit) => digit.textContent).join("")).join("\\n") === text""",
        arg=text,
        timeout=10_000,
    )
