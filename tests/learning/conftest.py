"""What tests of training share: a process that is played."""

import sys
from collections.abc import Callable

import pytest

PLAYED = """
import json, os, sys, time
options = json.loads(sys.argv[1])
seed, out = options["seed"], options["out"]
"""


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Has processes that should train run this code, which knows its ``options``, ``seed`` and ``out``."""

    def set_code(code: str) -> None:
        monkeypatch.setattr("inkdigit.learning.trainer.COMMAND", (sys.executable, "-S", "-c", PLAYED + code))

    return set_code
