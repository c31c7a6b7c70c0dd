"""Servers to ask, and processes that read nothing."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
FAKE = Path(__file__).with_name("fake_worker.py")
FAKE_COMMAND = (sys.executable, str(FAKE))


@dataclass(frozen=True)
class Served:
    """A server in a process of its own."""

    address: str
    process: subprocess.Popen[str]

    @property
    def host(self) -> tuple[str, int]:
        url = httpx.URL(self.address)
        return url.host, url.port or 80

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.address, timeout=30)


@contextmanager
def serve(*arguments: str) -> Iterator[Served]:
    command = [sys.executable, "-m", "inkdigit", "serve", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert select.select([process.stdout], [], [], 60)[0], "no address within a minute"
            yield Served(process.stdout.readline().strip(), process)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """A server with the bounds that it comes with."""
    with serve("--set", "readers=1") as server:
        yield server


@pytest.fixture(scope="session")
def strict() -> Iterator[Served]:
    """A server of short patience."""
    bounds = ("readers=1", "header_s=1", "body_s=1", "unread_s=1", "answer_s=3", "max_body_bytes=100000")
    with serve(*(word for bound in bounds for word in ("--set", bound))) as server:
        yield server


@pytest.fixture(scope="session")
def malformed() -> list[Path]:
    """Files that are no good pictures, where this machine has them."""
    folder = Path(os.environ.get("INKDIGIT_DATA") or "/nowhere") / "malformed"
    return sorted(folder.glob("*"))
