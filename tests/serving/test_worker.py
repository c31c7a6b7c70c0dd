"""The process that reads for a server; what it answers is in ``test_pool`` and ``test_answering``."""

import subprocess
import sys

import pytest

HARD = 4 * 2**30


@pytest.mark.parametrize(("more", "most"), [(2**50, HARD), (2**20, HARD - 2**20)])
def test_its_memory_is_limited_to_no_more_than_whoever_started_it_allows(more: int, most: int) -> None:
    script = (
        "import resource; from inkdigit.serving.worker import limit_memory; "
        f"resource.setrlimit(resource.RLIMIT_AS, ({HARD}, {HARD})); limit_memory({more}); "
        "print(*resource.getrlimit(resource.RLIMIT_AS))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    soft, hard = map(int, run.stdout.split())
    assert soft == hard <= most
    assert hard == HARD or more < HARD
