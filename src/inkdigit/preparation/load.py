"""The one place that decodes a picture: path, bytes, PIL image or array → upright pixels.

Whoever wrote the bytes may mean harm, so a picture is refused before it is decoded where its size, its format
or its number of scans would cost more than a picture of digits ever needs.
"""

import io
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, TypeGuard

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageOps, UnidentifiedImageError

from inkdigit.errors import ImageError, first_line
from inkdigit.files import read_bounded
from inkdigit.images import Grey
from inkdigit.preparation.heic import BRANDS, open_heic
from inkdigit.preparation.jpeg import count_scans
from inkdigit.preparation.quiet import Quiet

PictureLike: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | PIL.Image.Image | NDArray[Any]
)
"""What can be read: a path, a file's bytes, an open file, a PIL image, or an array (h, w), (h, w, 3) or (h, w, 4)."""

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
"""What Pillow decodes for us."""

KNOWN = (*FORMATS, "HEIC")
"""All that is read: HEIC where its extra is installed."""

SUFFIXES = frozenset({
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".heic", ".heif",
})  # fmt: skip


@dataclass(frozen=True)
class Unreadable(os.PathLike[str]):
    """A picture that failed before it was loaded, such as a damaged page of a PDF: loading it raises the error.

    It is path-like, with its name as the path, so it can be passed wherever a picture can.
    """

    name: str
    error: ImageError

    def __fspath__(self) -> str:
        return self.name


def is_picture_name(path: Path) -> bool:
    """Whether a file in a folder is taken for a picture, by its name; hidden ones, as Apple's ._1.png, are not."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


MAX_BYTES = 64 * 2**20
MAX_PIXELS = 64_000_000
MAX_SIDE = 65_535
"""What a JPEG can have. Pillow keeps a pointer for each row: one pixel wide, a picture takes four times the memory."""

MAX_SCANS = 32
"""Passes of a progressive JPEG over its pixels; an ordinary file has 6 to 10, a hostile one thousands."""

QUIET = Quiet()
_TILE_WIDTH, _TILE_LENGTH = 322, 323  # tags of TIFF
_UNIT_LIMIT = 2  # resampling takes values of 0..1 a little above 1; bytes go far above
_OVERSHOOT = 0.1  # resampling takes values no farther below 0, as a share of the highest; normalised tensors go farther

_MAGIC: Mapping[str, tuple[int, tuple[bytes, ...]]] = {
    "PNG": (0, (b"\x89PNG\r\n\x1a\n",)),
    "JPEG": (0, (b"\xff\xd8\xff",)),
    "GIF": (0, (b"GIF87a", b"GIF89a")),
    "BMP": (0, (b"BM",)),
    "TIFF": (0, (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    "WEBP": (8, (b"WEBP",)),
    "HEIC": (4, BRANDS),
}
_HOLDING = ("PDF", "a zip")
"""Containers of pictures, which are read only where the file's name says what they are."""

_OTHER_MAGIC: Mapping[str, tuple[int, bytes]] = {
    "AVIF or a video": (4, b"ftyp"),
    "PDF": (0, b"%PDF"),
    "a zip": (0, b"PK\x03\x04"),
    "JPEG 2000": (4, b"jP  "),
    "a JPEG 2000 codestream": (0, b"\xff\x4f\xff\x51"),
    "JPEG XL": (0, b"\xff\x0a"),
    "PSD": (0, b"8BPS"),
    "SVG": (0, b"<svg"),
    "ICO": (0, b"\0\0\1\0"),
    "ICNS": (0, b"icns"),
    "FLI": (4, b"\x11\xaf"),
    "FLC": (4, b"\x12\xaf"),
    "DDS": (0, b"DDS "),
    "PCX": (0, b"\x0a\x05\x01"),
    "a PNM": (0, b"P6"),
    "WAVE": (8, b"WAVE"),
    "AVI": (8, b"AVI "),
}


def load(source: PictureLike) -> Grey:
    """Loads a picture as grey pixels.

    Args:
        source: a path, the bytes of a file, a file opened to read bytes, a PIL image, or an array: (h, w),
            (h, w, 1), (h, w, 3) RGB or (h, w, 4) RGBA; bool, uint8, uint16, or other types, taken as 0..1, as 0..255 if
            a value is above 2, or as ranging from the lowest to the highest if one is above 510 or far below 0, as in a
            normalised tensor. Of a file with several pages the first is loaded; ``inkdigit.find_pictures`` finds all,
            and those in PDFs and zips.

    Returns:
        uint8 (h, w), upright according to EXIF, transparency laid on paper that contrasts with the ink.

    Raises:
        ImageError: with a code that says why.
    """
    return to_grey(load_picture(source))


def load_picture(source: PictureLike, max_pixels: int | None = None) -> PIL.Image.Image:
    """Loads a picture as an upright PIL image of mode L or RGB; of at most so many pixels; all else as ``load``."""
    max_pixels = MAX_PIXELS if max_pixels is None else min(max_pixels, MAX_PIXELS)
    if isinstance(source, Unreadable):
        raise source.error
    if isinstance(source, np.ndarray):
        return _flatten(_from_array(source))
    if isinstance(source, PIL.Image.Image):
        return decode("found a PIL image", lambda: source, max_pixels)
    content = _read(source)
    kind = _check_format(content)
    if kind == "HEIC":
        return decode("begins as HEIC", lambda: open_heic(content), max_pixels)
    return decode(f"begins as {kind}", lambda: PIL.Image.open(io.BytesIO(content), formats=FORMATS), max_pixels)


def is_open_file(source: object) -> TypeGuard[BinaryIO]:
    """Whether a source is a file, or what can be read as one."""
    return hasattr(source, "read")


def _read(source: str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO) -> bytes:
    if isinstance(source, str | os.PathLike):
        return read_bytes(Path(source))
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    if not is_open_file(source):  # such as the None of cv2.imread
        expected = "a path, a file's bytes, an open file, a PIL image or an array"
        raise ImageError("not_an_image", f"found {type(source).__name__}, expected {expected}")
    try:
        return bytes(read_bounded(source, MAX_BYTES))
    except (OSError, ValueError) as error:  # closed, opened to write, or as text that a picture is none of
        raise ImageError(
            "not_an_image", f"found a file that cannot be read ({first_line(error)}), expected one opened with 'rb'"
        ) from error
    except TypeError:
        raise ImageError("not_an_image", "found a file opened as text, expected one opened with 'rb'") from None


def to_grey(picture: PIL.Image.Image) -> Grey:
    """The grey pixels, uint8 (h, w), of an image of mode L or RGB (luma of ITU-R 601)."""
    return np.asarray(picture.convert("L"))


@contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """A regular file, opened for reading; whatever prevents that raises an ``ImageError``."""
    with _open(path) as file:
        try:
            yield file
        except OSError as error:  # of a disk or a network that fails midway
            raise ImageError("truncated", f"cannot be read to its end ({error.strerror or error})") from error


def _open(path: Path) -> BinaryIO:
    try:
        path.stat()  # raises what is wrong, which is_dir and is_file hide
        if path.is_dir():
            os.scandir(path).close()  # raises if it may not be entered
            known = ", ".join(KNOWN)
            raise ImageError(
                "not_an_image", f"found a folder, expected a picture, or for 'inkdigit read' a folder of some: {known}"
            )
        if not path.is_file():
            raise ImageError(
                "not_an_image", "found no regular file, expected a picture; what comes through a pipe is named -"
            )
        return path.open("rb")
    except FileNotFoundError:
        raise ImageError("not_found", "no such file") from None
    except PermissionError:
        raise ImageError("forbidden", "no permission to read it") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise ImageError("not_found", f"cannot be opened ({error})") from error


def read_bytes(path: Path) -> bytes:
    """The whole of a file of at most ``MAX_BYTES``; a larger one raises an ``ImageError``."""
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > MAX_BYTES:
            raise ImageError("too_large", f"found a file of {size} bytes, at most {MAX_BYTES} are read")
        return file.read(MAX_BYTES + 1)


def decode(found: str, opened: Callable[[], PIL.Image.Image], max_pixels: int) -> PIL.Image.Image:
    """Decodes what ``opened`` returns, upright, of mode L or RGB; whatever a decoder raises becomes an ``ImageError``.

    Args:
        found: what the file was taken for, for the message if it is damaged.
        opened: opens the file.
        max_pixels: a picture with more is not decoded.
    """
    try:
        with QUIET:
            image = _check_size(opened(), max_pixels)
            image.load()
            image = _upright(image)
            return _flatten(image)
    except ImageError:
        raise
    except UnidentifiedImageError:
        raise ImageError("truncated", f"{found}, but it is cut off or damaged before its size is told") from None
    except PIL.Image.DecompressionBombError:
        raise ImageError("too_large", f"found far more than {max_pixels / 10**6:g} megapixels; shrink it") from None
    except MemoryError:
        raise ImageError("too_large", "needs more memory than there is") from None
    except Exception as error:
        code = "truncated" if isinstance(error, EOFError) or "truncated" in str(error).lower() else "not_an_image"
        raise ImageError(code, f"{found}, but it is damaged ({first_line(error)})") from error


def _check_format(content: bytes) -> str:
    if not content:
        raise ImageError("empty", "the file is empty")
    if len(content) > MAX_BYTES:
        raise ImageError("too_large", f"found {len(content)} bytes, at most {MAX_BYTES} are read")
    known = ", ".join(KNOWN)
    for kind, (offset, magics) in _MAGIC.items():
        if content.startswith(magics, offset):
            if kind == "JPEG" and count_scans(content, MAX_SCANS) > MAX_SCANS:
                raise ImageError("too_complex", f"a JPEG of more than {MAX_SCANS} scans; save it as an ordinary one")
            return kind
    for kind, (offset, magic) in _OTHER_MAGIC.items():
        if content.startswith(magic, offset):
            advice = (
                "'inkdigit read FILE' and inkdigit.find_pictures take it apart" if kind in _HOLDING else "convert it"
            )
            raise ImageError("unsupported_format", f"found {kind}, expected one of {known}; {advice}")
    raise ImageError("not_an_image", f"found no picture, expected one of {known}")


def _check_size(image: PIL.Image.Image, max_pixels: int) -> PIL.Image.Image:
    width, height = image.size
    tags = getattr(image, "tag_v2", {})
    if tags.get(_TILE_WIDTH, 0) * tags.get(_TILE_LENGTH, 0) > max_pixels:  # a tile may be larger than its picture
        raise ImageError("too_large", "found a TIFF of huge tiles; save it as an ordinary one")
    if width * height > max_pixels:
        limit = f"{max_pixels / 10**6:g}"
        raise ImageError("too_large", f"found {width}x{height} pixels, at most {limit} megapixels are read; shrink it")
    if max(width, height) > MAX_SIDE:
        raise ImageError(
            "too_large", f"found {width}x{height} pixels, at most {MAX_SIDE} on a side are read; cut it up"
        )
    if not width * height:
        raise ImageError("empty", f"found {width}x{height} pixels, expected at least one")
    return image


def _upright(image: PIL.Image.Image) -> PIL.Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001 - damaged EXIF raises anything, and the pixels are good
        return image


def _flatten(image: PIL.Image.Image) -> PIL.Image.Image:
    """Any mode → L or RGB without transparency."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return PIL.Image.fromarray(_stretch(np.asarray(image)))
    if image.mode == "LAB":
        return image.getchannel("L")
    if image.has_transparency_data:
        return _on_paper(image.convert("RGBA"))
    if image.mode in ("L", "RGB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _on_paper(image: PIL.Image.Image) -> PIL.Image.Image:
    """Lays a transparent picture on white, or on black where it belongs."""
    visible = np.asarray(image.getchannel("A"))
    grey = np.asarray(image.convert("L"))
    picture = PIL.Image.new("RGB", image.size, "black" if _belongs_on_black(grey, visible) else "white")
    picture.paste(image, mask=image)
    return picture


def _belongs_on_black(grey: Grey, visible: Grey) -> bool:
    """Whether what is visible is bright ink, or dark paper: half of the picture in several colours, or nearly all."""
    weight = max(int(visible.sum(dtype=np.int64)), 1)
    mean = int(np.einsum("hw,hw", grey, visible, dtype=np.int64)) / weight
    variance = int(np.einsum("hw,hw,hw", grey, grey, visible, dtype=np.int64)) / weight - mean**2
    share = visible.mean() / 255
    brings_paper = share >= 0.5 and (share >= 0.98 or variance >= 10**2)
    return bool((mean > 127) != brings_paper)


def _stretch(values: NDArray[Any]) -> Grey:
    """Values of any depth → uint8: kept if they fit a byte and exceed 2, else stretched from darkest to brightest."""
    depth = np.float32 if values.dtype.itemsize <= 2 else np.float64
    finite = np.nan_to_num(values.astype(depth), copy=False, nan=0, posinf=0, neginf=0)
    low, high = float(finite.min()), float(finite.max())
    if low < 0 or not _UNIT_LIMIT < high <= 255:
        finite -= low
        finite *= 255 / max(high - low, 1e-12)
    return np.asarray(np.round(finite, out=finite), np.uint8)


def _from_array(array: NDArray[Any]) -> PIL.Image.Image:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]  # (h, w, 1) → (h, w)
    if array.ndim != 2 and (array.ndim != 3 or array.shape[2] not in (3, 4)):
        raise ImageError("not_an_image", f"found an array {array.shape}, expected (h, w), (h, w, 3) or (h, w, 4)")
    if array.dtype.kind not in "buif":
        raise ImageError("not_an_image", f"found an array of {array.dtype}, expected numbers")
    if array.shape[0] * array.shape[1] > MAX_PIXELS or max(array.shape) > MAX_SIDE or not array.size:
        code = "too_large" if array.size else "empty"
        raise ImageError(
            code, f"found an array {array.shape}, expected 1 to {MAX_PIXELS} pixels, at most {MAX_SIDE} on a side"
        )
    if array.dtype == np.uint8 and array.max() != 1:  # else a mask, which may be of any type
        return PIL.Image.fromarray(np.ascontiguousarray(array))
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:  # of either byte order
        spare = max(0, int(array.max()).bit_length() - 8)  # 10 and 12 bits are common, too
        return PIL.Image.fromarray(_stretch(array) if array.ndim == 2 else (array >> spare).astype(np.uint8))
    values = np.nan_to_num(array.astype(np.float64), nan=0, posinf=0, neginf=0)
    low, high = values.min(), values.max()
    if high > 2 * 255 or low < -_OVERSHOOT * high:  # more than resampling overshoots
        return PIL.Image.fromarray(_stretch(values / max(abs(low), high)))  # differences of huge values overflow
    highest = 1 if values.max() <= _UNIT_LIMIT else 255
    return PIL.Image.fromarray(np.round(np.clip(values, 0, highest) * (255 / highest)).astype(np.uint8))
