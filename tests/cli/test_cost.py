"""What starting costs, in seconds of processor time; the least of a few runs, since other programs run as well."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

RUNS = 5
SAMPLES = Path(__file__).parents[2] / "samples"
# An installed package is compiled; this one is by the first run, unless the machine forbids it.
_COMPILING = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def cpu_seconds(*arguments: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=_COMPILING)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def least(limit: float, *arguments: str) -> float:
    """The least of a few runs; the first that keeps the limit will do."""
    seconds: list[float] = []
    while len(seconds) < RUNS and (not seconds or min(seconds) > limit):
        seconds.append(cpu_seconds(*arguments))
    return min(seconds)


@pytest.mark.parametrize("name", ["seven.png", "phone.jpg"])
def test_one_picture(name: str) -> None:
    assert least(0.7, "-m", "inkdigit", "read", str(SAMPLES / name)) <= 0.7


def test_help() -> None:
    assert least(0.4, "-m", "inkdigit", "--help") <= 0.4


def test_import() -> None:
    bare = min(cpu_seconds("-c", "pass") for _ in range(3))
    assert least(bare + 0.1, "-c", "import inkdigit") <= bare + 0.1
