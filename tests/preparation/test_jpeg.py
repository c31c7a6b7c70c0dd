"""How many scans a JPEG has, whatever else it holds."""

import io
import time

import numpy as np
import PIL.Image
import pytest

from inkdigit.preparation.jpeg import count_scans

SOS = b"\xff\xda"


def encode(*, progressive: bool = False, **options: object) -> bytes:
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    PIL.Image.fromarray(noise).save(buffer, "JPEG", progressive=progressive, **options)
    return buffer.getvalue()


def test_scans_are_counted() -> None:
    assert count_scans(encode(), 9) == 1
    assert count_scans(encode(progressive=True), 99) == encode(progressive=True).count(SOS)


def test_marks_that_part_a_scan_are_none() -> None:
    assert count_scans(encode(restart_marker_blocks=1), 9) == 1


def test_what_a_segment_holds_is_no_scan() -> None:
    assert count_scans(encode(comment=SOS * 1000), 9) == 1


def test_what_follows_the_picture_is_no_scan() -> None:
    """Phones append a video to a picture."""
    assert count_scans(encode() + np.random.default_rng(0).bytes(2**22), 9) == 1


def test_no_more_are_counted_than_matter() -> None:
    content = encode(progressive=True)
    many = content[:-2] + content[content.rindex(SOS) : -2] * 1000 + content[-2:]
    assert count_scans(many, 32) == 33


@pytest.mark.parametrize("content", [b"\xff\xd8" + b"\xff\xe0\0\2" * 2**20, b"\xff\xd8" + b"\xff\x01" * 2**20])
def test_countless_segments_are_too_many(content: bytes) -> None:
    begun = time.perf_counter()
    assert count_scans(content, 32) == 33
    assert time.perf_counter() - begun < 0.5


@pytest.mark.parametrize("content", [b"", b"\xff", b"\xff\xd8\xff", b"\xff" * 2**22, b"\xff\xd8\xff\xe0\xff"])
def test_what_is_cut_off_has_none(content: bytes) -> None:
    assert count_scans(content, 9) == 0
