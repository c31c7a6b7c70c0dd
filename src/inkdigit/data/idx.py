"""The IDX format of MNIST's files, read and written, raw or gzip.

Layout: two zero bytes, a type byte (8 = uint8), the number of dimensions, each dimension as a big-endian
uint32, then the values. Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits".
"""

import gzip
import io
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from inkdigit.errors import DataError
from inkdigit.files import read_bounded, write_atomic

UINT8 = 8
MAX_ITEMS = 1_000_000
"""Most images or labels that a file may hold: a header may promise anything, and the memory is ours."""

GZIP_MAGIC = b"\x1f\x8b"


def read_idx(path: Path, *, each: tuple[int, ...]) -> NDArray[np.uint8]:
    """Reads an IDX file of uint8 items, every header field checked before any item is read.

    Args:
        path: the file.
        each: the shape of an item: (28, 28) of an image, () of a label.

    Raises:
        DataError: missing, truncated, too long, or a header that does not describe the bytes.
    """
    try:
        with _open(path) as file:
            return _parse(file, path, each)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; expected an IDX file") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: damaged gzip data ({error}); remove it and fetch it again") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error


def write_idx(path: Path, values: NDArray[np.uint8]) -> None:
    """Writes uint8 values as IDX, gzipped if the name ends in ``.gz``; the file appears whole or not at all."""
    header = bytes([0, 0, UINT8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    content = header + values.astype(np.uint8, copy=False).tobytes()
    write_atomic(path, gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def _open(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        is_gzip = file.read(2) == GZIP_MAGIC
    return io.BufferedReader(gzip.open(path)) if is_gzip else path.open("rb")


def _parse(file: BinaryIO, path: Path, each: tuple[int, ...]) -> NDArray[np.uint8]:
    magic, ndim = file.read(4), 1 + len(each)
    expected = bytes([0, 0, UINT8, ndim])
    if magic != expected:
        raise DataError(
            f"{path}: found the first bytes {magic.hex(' ') or 'none'}, expected {expected.hex(' ')} "
            f"(IDX, uint8, {ndim} dimensions)"
        )
    header = file.read(4 * ndim)
    if len(header) < 4 * ndim:
        raise DataError(f"{path}: the header ends early; the file is truncated")
    shape = struct.unpack(f">{ndim}I", header)
    if shape[1:] != each or shape[0] > MAX_ITEMS:
        wanted = ", ".join(["n", *map(str, each)])
        raise DataError(f"{path}: the header promises values {shape}, expected ({wanted}), n at most {MAX_ITEMS:,}")
    size = math.prod(shape)
    content = read_bounded(file, size)
    if len(content) != size:
        found = "more" if len(content) > size else f"{len(content)}"
        raise DataError(f"{path}: the header promises {size} values {shape}, found {found}")
    return np.frombuffer(content, np.uint8).reshape(shape)
