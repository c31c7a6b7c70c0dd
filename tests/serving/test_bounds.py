import os

import pytest

from inkdigit.errors import UsageError
from inkdigit.serving.bounds import Bounds, override


def test_what_the_docs_promise() -> None:
    bounds = Bounds()
    assert (bounds.max_body_bytes, bounds.max_pixels, bounds.queue) == (8 * 2**20, 24_000_000, 64)
    assert bounds.readers == len(os.sched_getaffinity(0))
    assert max(bounds.header_s, bounds.body_s, bounds.unread_s) < 12  # a stuck client is cut within 12 s
    assert bounds.shutdown_s < 10


def test_settings_change_bounds() -> None:
    bounds = override(Bounds(), ["queue=3", "read_s=0.5", "queue=4"])
    assert (bounds.queue, bounds.read_s, bounds.header_s) == (4, 0.5, Bounds().header_s)
    assert isinstance(bounds.queue, int)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("queue", "expected name=value"),
        ("queue=", "expected name=value"),
        ("quue=1", "did you mean 'queue'"),
        ("queue=0", "expected a whole number from 1"),
        ("queue=1.5", "expected a whole number from 1"),
        ("read_s=-1", "expected seconds, more than 0"),
        ("read_s=nan", "expected seconds, more than 0"),
        ("read_s=inf", "expected seconds, more than 0"),
        ("max_pixels=64000001", "expected a whole number from 1, at most 64,000,000"),
        ("max_memory_bytes=99999999999999999999", "expected a whole number from 1, at most 1,125,899,906,842,624"),
        ("max_held_bytes=1", "found max_held_bytes=1, expected at least max_body_bytes=8388608"),
        ("unread_s=1000001", "expected seconds, more than 0, at most 1,000,000"),
    ],
)
def test_what_is_no_bound(setting: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        override(Bounds(), [setting])
