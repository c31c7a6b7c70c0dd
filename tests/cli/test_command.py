"""What is given twice."""

import inspect
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from inkdigit.cli.batch import batch
from inkdigit.cli.command import ONCE
from inkdigit.cli.read import read

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_the_options_are_those_of_commands_that_read() -> None:
    assert set(inspect.signature(read).parameters) >= ONCE
    assert set(inspect.signature(batch).parameters) & ONCE


@pytest.mark.parametrize("option", sorted(ONCE))
def test_a_rule_or_a_region_given_twice_is_refused(option: str, fails: Callable[..., str]) -> None:
    line = fails(2, "read", "a.png", f"--{option}", "1", f"--{option}", "2")
    assert line == f"inkdigit: found --{option} 2 times, expected it once; leave out the others"


def test_of_any_other_option_the_last_counts(invoke: Run, samples: Path) -> None:
    """So that what follows an alias, or a container's name, goes before what stands there."""
    ended = invoke("read", samples / "seven.png", "--format", "json", "--format", "text")
    assert (ended.returncode, ended.stdout) == (0, "7\n")
