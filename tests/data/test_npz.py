"""An ``.npz`` of one's own: what is saved is loaded, and no header is believed."""

import io
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inkdigit.data.npz import MAX_IMAGES, load_npz
from inkdigit.errors import DataError, UsageError
from inkdigit.images import SIZE

IMAGES = np.random.default_rng(0).integers(0, 256, (6, SIZE, SIZE), dtype=np.uint8)
LABELS = np.array([3, 0, 9, 9, 1, 5])
SPARSE = IMAGES // 128  # values that deflate shortens


def npy(values: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def npy_header(words: str, version: bytes = b"\x01\x00") -> bytes:
    return b"\x93NUMPY" + version + len(words).to_bytes(2 if version == b"\x01\x00" else 4, "little") + words.encode()


def promise(shape: str, descr: str = "|u1") -> bytes:
    return npy_header(f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n")


def write(path: Path, *, method: int = zipfile.ZIP_DEFLATED, **members: bytes) -> Path:
    """A zip of these members, each with ``.npy`` behind its name."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def fault(path: Path) -> str:
    """The message of the error that loading raises: one line that names the file."""
    with pytest.raises(DataError) as caught:
        load_npz(path, "test")
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < 500
    return message


@contextmanager
def little_memory() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 16 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64, np.uint64, ">i4"])
def test_what_is_saved_is_loaded(tmp_path: Path, save: Callable[..., None], dtype: Any) -> None:
    save(tmp_path / "my.npz", labels=LABELS.astype(dtype), images=IMAGES, more=np.zeros(3))
    images, labels = load_npz(tmp_path / "my.npz", "test")
    assert images.dtype == np.uint8
    assert labels.dtype == np.int64
    assert np.array_equal(images, IMAGES)
    assert np.array_equal(labels, LABELS)


def test_images_whose_columns_come_first(tmp_path: Path) -> None:
    np.savez(tmp_path / "my.npz", images=np.asfortranarray(IMAGES), labels=LABELS)
    images, _ = load_npz(tmp_path / "my.npz", "test")
    assert np.array_equal(images, IMAGES)
    assert images.flags.c_contiguous


def test_what_python_2_saved(tmp_path: Path) -> None:
    path = write(tmp_path / "old.npz", images=promise("(6L, 28L, 28L)") + IMAGES.tobytes(), labels=npy(LABELS))
    assert np.array_equal(load_npz(path, "test")[0], IMAGES)


def test_it_is_a_test_set(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"my\.npz: found an \.npz, which is a test set as a whole, expected a folder"):
        load_npz(tmp_path / "my.npz", "train")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({}, "found the arrays none, expected images and labels; save it with"),
        ({"images": IMAGES}, "found the arrays 'images', expected images and labels"),
        ({"x": IMAGES, "y": LABELS}, "found the arrays 'x', 'y', expected images and labels"),
        ({"images": IMAGES / 255, "labels": LABELS}, "found images of float64 (6, 28, 28), expected uint8 (n, 28, 28)"),
        ({"images": IMAGES.astype(np.int64), "labels": LABELS}, "found images of int64"),
        ({"images": IMAGES > 128, "labels": LABELS}, "found images of bool"),
        ({"images": IMAGES[..., None], "labels": LABELS}, "found images of uint8 (6, 28, 28, 1)"),
        ({"images": IMAGES.reshape(6, 784), "labels": LABELS}, "found images of uint8 (6, 784)"),
        ({"images": IMAGES[:, 1:], "labels": LABELS}, "found images of uint8 (6, 27, 28)"),
        ({"images": np.uint8(3), "labels": LABELS}, "found images of uint8 ()"),
        ({"images": IMAGES, "labels": LABELS[1:]}, "found 6 images and 5 labels, expected as many"),
        ({"images": IMAGES, "labels": LABELS[:, None]}, "found labels of int64 (6, 1), expected integers (n,)"),
        ({"images": IMAGES, "labels": LABELS * 1.0}, "found labels of float64 (6,), expected integers (n,)"),
        ({"images": IMAGES, "labels": np.int64(3)}, "found labels of int64 ()"),
        ({"images": IMAGES, "labels": np.array(list("309915"))}, "found labels of <U1 (6,)"),
        ({"images": IMAGES, "labels": LABELS.astype(object)}, "found labels of object (6,)"),
        ({"images": IMAGES, "labels": LABELS + 1}, "found the label 10, expected 0 to 9"),
        ({"images": IMAGES, "labels": LABELS - 1}, "found the label -1, expected 0 to 9"),
        ({"images": IMAGES, "labels": LABELS.astype(np.uint64) + 2**63}, f"found the label {2**63 + 3}, expected"),
    ],
)
def test_other_arrays(tmp_path: Path, arrays: dict[str, Any], words: str) -> None:
    np.savez(tmp_path / "my.npz", **arrays)
    assert words in fault(tmp_path / "my.npz")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "with no header of an array"),
        (b"\x93NUMPY", "with no header of an array"),
        (npy(IMAGES)[:50], "with no header of an array"),
        (b"<html>" * 50, "with no header of an array (the magic string"),
        (npy_header("{}"), "with no header of an array"),
        (npy_header("import os"), "with no header of an array"),
        (npy_header("(" * 900), "with no header of an array"),
        (npy_header("-" * 900 + "1"), "with no header of an array"),
        (npy_header("'\\d'"), "with no header of an array"),
        (npy_header(" " * 2000), "with no header of an array (Header info length"),
        (npy_header("{}", b"\x02\x00"), "with no header of an array (version (2, 0))"),
        (promise("(6, 28, 28)", descr="|q9"), "with no header of an array"),
        (promise("(-6, 28, 28)"), "found images of uint8 (-6, 28, 28)"),
        (promise("(6, 28, 28)") + bytes(6 * 784 - 1), "promises 4704 bytes, found 4703"),
        (promise("(6, 28, 28)") + bytes(6 * 784 + 1), "promises 4704 bytes, found more"),
        (promise(f"({MAX_IMAGES}, 28, 28)") + bytes(9), f"promises {784 * MAX_IMAGES} bytes, found 9"),
        (promise(f"({MAX_IMAGES + 1}, 28, 28)"), f"found {MAX_IMAGES + 1} images, expected at most {MAX_IMAGES}"),
        (promise(f"({10**40}, 28, 28)"), "expected at most"),
    ],
)
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_header_that_does_not_describe_the_bytes(tmp_path: Path, content: bytes, words: str, method: int) -> None:
    path = write(tmp_path / "my.npz", method=method, images=content, labels=npy(LABELS))
    with little_memory():
        assert words in fault(path)


def test_long_names_are_cut(tmp_path: Path) -> None:
    names = (f"{number}{'x' * 5000}" for number in range(6))
    path = write(tmp_path / "my.npz", method=zipfile.ZIP_STORED, **dict.fromkeys(names, b""))
    assert "'3xxx" in fault(path)


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
            return pytest.fail, ()

    np.savez(tmp_path / "my.npz", images=np.array([Trap()], object), labels=LABELS)
    assert "found images of object (1,), expected uint8" in fault(tmp_path / "my.npz")


def test_a_bomb_is_unpacked_no_further_than_its_header_says(tmp_path: Path) -> None:
    path = write(tmp_path / "my.npz", images=promise("(6, 28, 28)") + bytes(2**26), labels=npy(LABELS))
    with little_memory():
        assert "found more" in fault(path)


def test_a_bomb_in_place_of_a_header(tmp_path: Path) -> None:
    long = b"\x93NUMPY\x02\x00" + (2**26).to_bytes(4, "little") + bytes(2**26)
    path = write(tmp_path / "my.npz", images=long, labels=npy(LABELS))
    with little_memory():
        assert "with no header of an array (version (2, 0))" in fault(path)


def test_a_list_of_countless_members(tmp_path: Path) -> None:
    path = write(tmp_path / "my.npz", method=zipfile.ZIP_STORED, **{f"{number:0100}": b"" for number in range(9000)})
    with little_memory():
        assert "its list of members is too long" in fault(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compression_that_numpy_does_not_write(tmp_path: Path, method: int) -> None:
    path = write(tmp_path / "my.npz", method=method, images=npy(IMAGES), labels=npy(LABELS))
    assert "found images compressed in a way that numpy does not write" in fault(path)


def test_a_locked_zip(tmp_path: Path) -> None:
    path = write(tmp_path / "my.npz", method=zipfile.ZIP_STORED, images=npy(IMAGES), labels=npy(LABELS))
    content = path.read_bytes()
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # where their flags stand
        place = content.index(signature) + offset
        content = content[:place] + b"\x01" + content[place + 1 :]
    path.write_bytes(content)
    assert "encrypted" in fault(path)


def test_a_member_that_begins_beyond_any_file(tmp_path: Path) -> None:
    path = write(tmp_path / "my.npz", method=zipfile.ZIP_STORED, images=npy(IMAGES), labels=npy(LABELS))
    with zipfile.ZipFile(path, "a") as archive:
        archive.getinfo("images.npy").header_offset = 2**63 + 5
        archive.comment = b"so that the list of members is written anew"
    assert "damaged, or no .npz" in fault(path)


@pytest.mark.parametrize("damage", [lambda whole: whole[:-1], lambda whole: whole[: len(whole) // 2], lambda _: b""])
def test_a_file_cut_short(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    np.savez(tmp_path / "my.npz", images=IMAGES, labels=LABELS)
    (tmp_path / "my.npz").write_bytes(damage((tmp_path / "my.npz").read_bytes()))
    assert "damaged, or no .npz (File is not a zip file); save it with" in fault(tmp_path / "my.npz")


def test_a_changed_pixel_is_found_by_the_checksum(tmp_path: Path) -> None:
    np.savez(tmp_path / "my.npz", images=IMAGES, labels=LABELS)
    content = bytearray((tmp_path / "my.npz").read_bytes())
    content[content.index(IMAGES[3].tobytes()) + 5] ^= 1
    (tmp_path / "my.npz").write_bytes(content)
    assert "Bad CRC-32" in fault(tmp_path / "my.npz")


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
def test_damaged_anywhere_it_is_loaded_whole_or_told(tmp_path: Path, data: st.DataObject) -> None:
    path = write(tmp_path / "my.npz", images=npy(SPARSE), labels=npy(LABELS))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(-400, 400))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with suppress(DataError):
        images, labels = load_npz(path, "test")
        assert np.array_equal(images, SPARSE)
        assert np.array_equal(labels, LABELS)


def test_a_missing_file(tmp_path: Path) -> None:
    assert "no such file; expected an .npz with the arrays images and labels" in fault(tmp_path / "none.npz")


def test_a_name_too_long_for_a_path() -> None:
    assert "cannot be read (File name too long)" in fault(Path("x" * 400))
