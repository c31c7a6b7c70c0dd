"""Digit images and their labels from an ``.npz``, as ``numpy.savez(path, images=…, labels=…)`` writes it.

It is a zip of ``images.npy`` and ``labels.npy``. None of it is trusted: what a header promises is checked before a
value is unpacked, and nothing in it is ever run, as a pickle would be.
"""

import io
import math
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from inkdigit.errors import DataError, UsageError
from inkdigit.files import CHUNK_BYTES, read_bounded
from inkdigit.images import CLASSES, SIZE, Images, Labels

SUFFIX = ".npz"
MAX_IMAGES = 1_000_000
"""784 MB of images; a zip of a thousandth of that size can unpack to as much."""

MAX_HEADER_BYTES = 1000  # numpy's own have 118 for such arrays; longer ones can make Python's parser run deep

ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OverflowError)
"""All that zipfile raises; the last if a member claims to begin beyond the end of any file."""

SAVE = "save it with numpy.savez(path, images=…, labels=…)"


def load_npz(path: Path, split: str) -> tuple[Images, Labels]:
    """Images and labels of the split ``test``: an ``.npz`` is a test set as a whole, and not for training.

    Raises:
        UsageError: another split.
        DataError: missing, damaged, or without uint8 (n, 28, 28) ``images`` and as many integer ``labels`` 0 to 9.
    """
    if split != "test":
        raise UsageError(
            f"{path}: found an {SUFFIX}, which is a test set as a whole, expected a folder of IDX files or of pictures "
            "in 0/ … 9/ to train and validate with"
        )
    try:
        return _load(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error
    except ZIP_ERRORS as error:
        raise DataError(f"{path}: damaged, or no {SUFFIX} ({str(error) or 'it ends early'}); {SAVE}") from error


def _load(path: Path) -> tuple[Images, Labels]:
    if not path.is_file():
        raise DataError(f"{path}: no such file; expected an {SUFFIX} with the arrays images and labels")
    with _Bounded(path) as file, zipfile.ZipFile(file) as archive:
        images = _read(archive, path, "images", _are_images, f"uint8 (n, {SIZE}, {SIZE}), ink bright on 0")
        labels = _read(archive, path, "labels", _are_labels, "integers (n,)")
    if len(images) != len(labels):
        raise DataError(f"{path}: found {len(images)} images and {len(labels)} labels, expected as many")
    beyond = labels[(labels < 0) | (labels >= CLASSES)]
    if len(beyond):
        raise DataError(f"{path}: found the label {beyond[0]}, expected 0 to {CLASSES - 1}; remove what is no digit")
    return np.ascontiguousarray(images), labels.astype(np.int64)


class _Bounded(io.FileIO):
    """A file read in short pieces: zipfile would read a list of members at once, at whatever length it claims."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > CHUNK_BYTES:
            raise zipfile.BadZipFile("its list of members is too long")
        return super().read(CHUNK_BYTES if size is None or size < 0 else size) or b""


def _are_images(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    return dtype == np.uint8 and len(shape) == 3 and shape[1:] == (SIZE, SIZE)


def _are_labels(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    return dtype.kind in "iu" and len(shape) == 1


def _read(
    archive: zipfile.ZipFile,
    path: Path,
    name: str,
    fits: Callable[[tuple[int, ...], np.dtype[Any]], bool],
    expected: str,
) -> NDArray[Any]:
    """The array of that name, whose shape and type must fit."""
    with archive.open(_member(archive, path, name)) as file:
        shape, is_fortran, dtype = _read_header(file, path, name)
        if not fits(shape, dtype) or shape[0] < 0:
            raise DataError(f"{path}: found {name} of {dtype} {shape}, expected {expected}; convert and save again")
        if shape[0] > MAX_IMAGES:
            raise DataError(f"{path}: found {shape[0]} {name}, expected at most {MAX_IMAGES}; measure it in parts")
        content = _read_content(file, math.prod(shape) * dtype.itemsize, path, name)
    return np.frombuffer(content, dtype).reshape(shape, order="F" if is_fortran else "C")


def _member(archive: zipfile.ZipFile, path: Path, name: str) -> zipfile.ZipInfo:
    names = [member.removesuffix(".npy") for member in archive.namelist()]
    if name not in names:
        found = ", ".join(repr(other[:40]) for other in names[:4]) + (" …" if len(names) > 4 else "")
        raise DataError(f"{path}: found the arrays {found or 'none'}, expected images and labels; {SAVE}")
    member = archive.infolist()[names.index(name)]
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others may ask for gigabytes to unpack
        raise DataError(f"{path}: found {name} compressed in a way that numpy does not write; {SAVE}")
    return member


def _read_header(file: IO[bytes], path: Path, name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether columns come first, and type."""
    try:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):  # later ones are for longer headers, of which none is needed here
            raise ValueError(f"version {version}")  # noqa: TRY301 - told as any other fault of the header
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a file from Python 2: we read it, and cannot change it
            return np.lib.format.read_array_header_1_0(file, max_header_size=MAX_HEADER_BYTES)
    except (zipfile.BadZipFile, zlib.error, EOFError):
        raise
    except Exception as error:  # numpy parses it as Python, which raises a dozen types that share no parent but this
        reason = " ".join(str(error).split())[:120]
        raise DataError(f"{path}: found {name} with no header of an array ({reason}); {SAVE}") from error


def _read_content(file: IO[bytes], size: int, path: Path, name: str) -> bytearray:
    """Exactly ``size`` bytes, with nothing after them; the zip's checksum is compared at their end."""
    content = read_bounded(file, size)
    if len(content) != size:
        found = "more" if len(content) > size else f"{len(content)}"
        raise DataError(f"{path}: the header of {name} promises {size} bytes, found {found}; {SAVE}")
    return content
