"""The IDX format: what is written is read, and no header is believed."""

import errno
import gzip
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from inkdigit.data.idx import MAX_ITEMS, read_idx, write_idx
from inkdigit.errors import DataError

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def header(*shape: int, magic: bytes = b"\0\0\x08") -> bytes:
    return magic + bytes([len(shape)]) + struct.pack(f">{len(shape)}I", *shape)


def fault(path: Path, *, each: tuple[int, ...] = (3, 4)) -> str:
    """The message of the error that reading raises: one line that names the file."""
    with pytest.raises(DataError) as caught:
        read_idx(path, each=each)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", ["images-idx3-ubyte", "images-idx3-ubyte.gz"])
@given(values=arrays(np.uint8, array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=6)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
def test_what_is_written_is_read(tmp_path: Path, name: str, values: NDArray[np.uint8]) -> None:
    write_idx(tmp_path / name, values)
    found = read_idx(tmp_path / name, each=values.shape[1:])
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, values)


def test_the_bytes_are_those_of_the_format(tmp_path: Path) -> None:
    write_idx(tmp_path / "raw", IMAGES)
    write_idx(tmp_path / "zipped.gz", IMAGES)
    expected = bytes.fromhex("00000803 00000002 00000003 00000004") + bytes(range(24))
    assert (tmp_path / "raw").read_bytes() == expected
    assert gzip.decompress((tmp_path / "zipped.gz").read_bytes()) == expected


def test_gzip_is_known_by_its_bytes_and_not_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "raw.gz").write_bytes(header(2) + b"ab")
    (tmp_path / "zipped").write_bytes(gzip.compress(header(2) + b"ab"))
    assert read_idx(tmp_path / "raw.gz", each=()).tolist() == [97, 98]
    assert read_idx(tmp_path / "zipped", each=()).tolist() == [97, 98]


def test_the_gzip_bytes_do_not_depend_on_the_time(tmp_path: Path) -> None:
    write_idx(tmp_path / "a.gz", IMAGES)
    assert (tmp_path / "a.gz").read_bytes()[4:8] == bytes(4)


def test_the_values_can_be_written_to(tmp_path: Path) -> None:
    write_idx(tmp_path / "raw", IMAGES)
    found = read_idx(tmp_path / "raw", each=(3, 4))
    found[0] = 9
    assert found[0].min() == 9


def test_transposed_values_are_written_in_their_order(tmp_path: Path) -> None:
    write_idx(tmp_path / "raw", IMAGES.T)
    np.testing.assert_array_equal(read_idx(tmp_path / "raw", each=(3, 2)), IMAGES.T)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "found the first bytes none"),
        (b"\0\0\x08", "found the first bytes 00 00 08, expected 00 00 08 03"),
        (b"\x01" + header(2, 3, 4)[1:] + bytes(24), "found the first bytes 01 00 08 03"),
        (header(2, 3, 4, magic=b"\0\x01\x08") + bytes(24), "found the first bytes 00 01 08 03"),
        (header(2, 3, 4, magic=b"\0\0\x0d") + bytes(96), "found the first bytes 00 00 0d 03"),
        (header(24) + bytes(24), "found the first bytes 00 00 08 01"),
        (header(1, 2, 3, 4) + bytes(24), "found the first bytes 00 00 08 04"),
        (header(2, 3, 4)[:-1], "the header ends early"),
        (header(2, 3, 4)[:4], "the header ends early"),
        (header(2, 3, 4) + bytes(23), "the header promises 24 values (2, 3, 4), found 23"),
        (header(2, 3, 4), "the header promises 24 values (2, 3, 4), found 0"),
        (header(2, 3, 4) + bytes(25), "the header promises 24 values (2, 3, 4), found more"),
        (header(0, 3, 4) + bytes(1), "the header promises 0 values (0, 3, 4), found more"),
        (header(MAX_ITEMS, 3, 4) + bytes(9), "found 9"),
        (header(MAX_ITEMS + 1, 3, 4) + bytes(9), "expected (n, 3, 4), n at most 1,000,000"),
        (header(2, 1, 1) + bytes(2), "values (2, 1, 1), expected (n, 3, 4)"),
        (header(2**32 - 1, 2**32 - 1, 2**32 - 1), "expected (n, 3, 4)"),
        (header(0, 2**32 - 1, 2**32 - 1), "expected (n, 3, 4)"),
        (b"<!DOCTYPE html><html>a mirror's error page</html>", "expected 00 00 08 03 (IDX, uint8, 3 dimensions)"),
    ],
)
def test_a_header_that_does_not_describe_the_bytes(tmp_path: Path, content: bytes, words: str, zipped: bool) -> None:
    path = tmp_path / "images-idx3-ubyte"
    path.write_bytes(gzip.compress(content) if zipped else content)
    assert words in fault(path)


@pytest.mark.parametrize("zipped", [False, True])
def test_a_huge_promise_costs_no_memory(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "images"
    content = header(2**11, 2**10, 2**10) + bytes(1000)
    path.write_bytes(gzip.compress(content) if zipped else content)
    tracemalloc.start()
    try:
        fault(path)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


def test_a_gzip_bomb_is_read_no_further_than_its_header_says(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(header(10, 10, 10) + bytes(1000)) + gzip.compress(bytes(2**26)))
    tracemalloc.start()
    try:
        assert "found more" in fault(path, each=(10, 10))
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1],
        lambda content: content[:-9],
        lambda content: content[:3],
        lambda content: content[:-8] + b"\0" * 8,  # a checksum of other bytes
        lambda content: content[:2] + b"\xff" + content[3:],
        lambda content: content[:30] + bytes(20) + content[50:],
        lambda content: content + b"rubbish",
    ],
    ids=["half", "last-byte", "trailer", "start", "checksum", "method", "middle", "rubbish"],
)
def test_damaged_gzip(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    values = np.random.default_rng(0).integers(0, 9, (3, 28, 28), dtype=np.uint8)  # few values: they are deflated
    write_idx(tmp_path / "images.gz", values)
    (tmp_path / "images.gz").write_bytes(damage((tmp_path / "images.gz").read_bytes()))
    message = fault(tmp_path / "images.gz")
    assert "damaged gzip data" in message
    assert "fetch it again" in message


@given(promised=st.integers(0, 12), content=st.binary(max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_exactly_the_promised_values_are_read(tmp_path: Path, promised: int, content: bytes) -> None:
    path = tmp_path / "values"
    path.write_bytes(header(promised) + content)
    if promised == len(content):
        assert read_idx(path, each=()).tobytes() == content
    else:
        assert f"promises {promised} values" in fault(path, each=())


def test_a_missing_file(tmp_path: Path) -> None:
    assert "no such file" in fault(tmp_path / "none")


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    assert "cannot be read (Is a directory)" in fault(tmp_path)


def test_a_forbidden_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", forbid)
    assert "cannot be read (Permission denied)" in fault(tmp_path / "images")
