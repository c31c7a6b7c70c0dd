"""Every kind of picture becomes upright grey pixels, and whatever is none is refused with a code."""

import errno
import io
import logging
import os
import resource
import struct
import threading
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.TiffImagePlugin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from inkdigit.errors import IMAGE_ERROR_CODES, ImageError
from inkdigit.images import Grey
from inkdigit.preparation import load as module
from inkdigit.preparation.load import FORMATS, MAX_SCANS, SUFFIXES, PictureLike, load, load_picture, to_grey

ORIENTATION = 0x0112


def ramp(height: int = 12, width: int = 20) -> Grey:
    """Every pixel another grey."""
    return np.arange(height * width, dtype=np.uint8).reshape(height, width)


def encode(image: PIL.Image.Image, format_: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def colourful(seed: int = 0) -> PIL.Image.Image:
    """Noise, which no encoder makes small."""
    pixels = np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    return PIL.Image.fromarray(pixels)


def refused(source: PictureLike) -> ImageError:
    with pytest.raises(ImageError) as caught:
        load(source)
    assert caught.value.code in IMAGE_ERROR_CODES
    assert "\n" not in caught.value.message
    return caught.value


def strokes(mode: str, ink: Any, paper: Any) -> PIL.Image.Image:
    """A vertical stroke on paper."""
    if mode == "I;16":  # Pillow pastes a value of 16 bits as its lower byte, twice
        values = np.full((12, 20), paper, np.uint16)
        values[2:10, 8:11] = ink
        return PIL.Image.fromarray(values)
    image = PIL.Image.new(mode, (20, 12), paper)
    image.paste(ink, (8, 2, 11, 10))
    return image


# --- what is given ---------------------------------------------------------------------------------------------------


def test_a_path_a_string_bytes_an_image_and_an_array_are_read_alike(tmp_path: Path) -> None:
    image = PIL.Image.fromarray(ramp())
    (tmp_path / "a.png").write_bytes(encode(image))
    with PIL.Image.open(tmp_path / "a.png") as lazy:
        content = encode(image)
        given = (content, bytearray(content), memoryview(content), io.BytesIO(content), image, ramp(), lazy)
        for source in (tmp_path / "a.png", str(tmp_path / "a.png"), *given):
            grey = load(source)
            assert grey.dtype == np.uint8
            np.testing.assert_array_equal(grey, ramp())


def test_an_open_file_is_read_no_further_than_is_allowed_and_only_as_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.png").write_bytes(encode(PIL.Image.fromarray(ramp())))
    with (tmp_path / "a.png").open("rb") as file:
        np.testing.assert_array_equal(load(file), ramp())
    with (tmp_path / "a.png").open(encoding="latin-1") as text:
        assert "opened with 'rb'" in refused(text).message  # type: ignore[arg-type]
    with (tmp_path / "a.png").open(encoding="utf-8") as no_text, (tmp_path / "b.png").open("wb") as written:
        for wrong in (no_text, written, file):  # the last one is closed
            assert "opened with 'rb'" in refused(wrong).message  # type: ignore[arg-type]
    monkeypatch.setattr(module, "MAX_BYTES", 10)
    endless = io.BytesIO(bytes(1000))
    assert refused(endless).code == "too_large"
    assert endless.tell() == 11


def test_what_pillow_logs_stays_unsaid() -> None:
    assert any(isinstance(handler, logging.NullHandler) for handler in logging.getLogger("PIL").handlers)


def test_the_name_of_a_file_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(encode(PIL.Image.fromarray(ramp())))
    np.testing.assert_array_equal(load(tmp_path / "a.txt"), ramp())


def test_what_was_given_is_not_changed() -> None:
    image = PIL.Image.fromarray(np.dstack([ramp()] * 4))
    image.getexif()[ORIENTATION] = 6
    before = image.tobytes()
    load(image)
    assert (image.size, image.mode, image.tobytes()) == ((20, 12), "RGBA", before)
    array = np.full((3, 3), np.nan)
    load(array)
    assert np.isnan(array).all()


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_is_read(format_: str) -> None:
    image = strokes("RGB", "black", "white")
    grey = load(encode(image, format_))
    assert grey.shape == (12, 20)
    assert np.abs(grey.astype(int) - np.asarray(image.convert("L"))).max() < 40
    assert f".{format_.lower()}" in SUFFIXES


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_deflate", "packbits", "jpeg"])
def test_tiffs_of_every_compression_are_read(compression: str) -> None:
    grey = load(encode(strokes("L", 0, 255), "TIFF", compression=compression))
    assert np.abs(grey.astype(int) - np.asarray(strokes("L", 0, 255))).max() < 60


def test_of_several_frames_the_first_is_read() -> None:
    frames = [PIL.Image.new("L", (9, 7), 255), PIL.Image.new("L", (9, 7), 0)]
    for format_ in ("GIF", "TIFF", "PNG", "WEBP"):
        grey = load(encode(frames[0], format_, save_all=True, append_images=frames[1:]))
        assert grey.shape == (7, 9)
        assert grey.min() > 250, format_


# --- modes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "expected_mode"),
    [
        (strokes("1", 0, 1), "L"),
        (strokes("L", 0, 255), "L"),
        (strokes("P", 0, 255), "RGB"),
        (strokes("RGB", (0, 0, 0), (255, 255, 255)), "RGB"),
        (strokes("RGBA", (0, 0, 0, 255), (255, 255, 255, 255)), "RGB"),
        (strokes("LA", (0, 255), (255, 255)), "RGB"),
        (strokes("CMYK", (0, 0, 0, 255), (0, 0, 0, 0)), "RGB"),
        (strokes("YCbCr", (0, 128, 128), (255, 128, 128)), "RGB"),
        (strokes("HSV", (0, 0, 0), (0, 0, 255)), "RGB"),
        (strokes("LAB", (0, 128, 128), (255, 128, 128)), "L"),
        (strokes("I", 0, 70000), "L"),
        (strokes("I", -70000, 70000), "L"),
        (strokes("I", 0, 255), "L"),
        (strokes("I;16", 0, 65535), "L"),
        (strokes("F", 0.0, 1.0), "L"),
        (strokes("F", 0.0, 255.0), "L"),
        (strokes("F", -3e38, 3e38), "L"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.mode,
)
def test_every_mode_becomes_grey(image: PIL.Image.Image, expected_mode: str) -> None:
    if image.mode == "P":
        image.putpalette([value for grey in range(256) for value in (grey, grey, grey)])
    picture = load_picture(image)
    assert picture.mode == expected_mode
    np.testing.assert_allclose(to_grey(picture), np.asarray(strokes("L", 0, 255)), atol=2)


def test_grey_is_luma() -> None:
    grey = load(np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8))
    assert grey.tolist() == [[76, 150, 29]]


@pytest.mark.parametrize(
    "content",
    [
        encode(strokes("1", 0, 1)),
        encode(strokes("1", 0, 1), "TIFF", compression="group4"),
        encode(strokes("CMYK", (0, 0, 0, 255), (0, 0, 0, 0)), "JPEG", quality=100),
        encode(strokes("CMYK", (0, 0, 0, 255), (0, 0, 0, 0)), "TIFF"),
        encode(strokes("I;16", 0, 65535)),
        encode(strokes("I;16", 0, 65535), "TIFF"),
        encode(strokes("I", 0, 2**31 - 1), "TIFF"),
        encode(strokes("F", 0.0, 1.0), "TIFF"),
        encode(strokes("LAB", (0, 128, 128), (255, 128, 128)), "TIFF"),
        encode(strokes("L", 0, 255), "JPEG", quality=100, progressive=True),
    ],
    ids=["1.png", "1.tiff", "cmyk.jpeg", "cmyk.tiff", "16.png", "16.tiff", "32.tiff", "float.tiff", "lab.tiff", "prog"],
)
def test_files_of_every_mode(content: bytes) -> None:
    np.testing.assert_allclose(load(content), np.asarray(strokes("L", 0, 255)), atol=6)


def test_a_faint_picture_of_16_bits_is_stretched() -> None:
    """As scanners of 12 bits give them: the brightest value is far below 65535."""
    np.testing.assert_array_equal(load(strokes("I;16", 300, 4095)), np.asarray(strokes("L", 0, 255)))


def test_values_that_fit_a_byte_stay_as_they_are() -> None:
    image = strokes("I;16", 10, 200)
    np.testing.assert_array_equal(load(image), np.asarray(strokes("L", 10, 200)))
    np.testing.assert_array_equal(load(strokes("F", 9.6, 200.0)), np.asarray(strokes("L", 10, 200)))


def test_values_that_are_no_numbers_are_dark() -> None:
    values = np.array([[np.nan, np.inf, -np.inf, 200.0]], np.float32)
    assert load(PIL.Image.fromarray(values)).tolist() == [[0, 0, 0, 200]]


# --- transparency ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "ink", "paper"),
    [
        (strokes("RGBA", (0, 0, 0, 255), (0, 0, 0, 0)), 0, 255),
        (strokes("RGBA", (0, 0, 0, 255), (255, 255, 255, 0)), 0, 255),
        (strokes("RGBA", (255, 255, 255, 255), (0, 0, 0, 0)), 255, 0),
        (strokes("RGBA", (255, 255, 255, 255), (255, 255, 255, 0)), 255, 0),
        (strokes("LA", (255, 255), (255, 0)), 255, 0),
        (strokes("LA", (0, 255), (0, 0)), 0, 255),
        (strokes("RGBA", (255, 0, 0, 255), (0, 0, 0, 0)), 76, 255),
        (strokes("RGBA", (255, 255, 0, 255), (0, 0, 0, 0)), 226, 0),
        (strokes("RGBA", (0, 0, 0, 128), (0, 0, 0, 0)), 127, 255),
        (strokes("RGBA", (200, 200, 200, 255), (255, 255, 255, 255)), 200, 255),
        (strokes("RGBA", (255, 255, 255, 255), (40, 40, 40, 255)), 255, 40),
    ],
)
def test_transparent_pictures_lie_on_paper_that_contrasts_with_the_ink(
    image: PIL.Image.Image, ink: int, paper: int
) -> None:
    for source in (image, encode(image), np.asarray(image.convert("RGBA"))):
        np.testing.assert_array_equal(load(source), np.asarray(strokes("L", ink, paper)))


@pytest.mark.parametrize("ink", [0, 255])
def test_a_transparent_entry_of_a_palette(ink: int) -> None:
    image = strokes("P", 1, 0)
    image.putpalette([128, 128, 128, ink, ink, ink])
    for format_ in ("PNG", "GIF"):
        grey = load(encode(image, format_, transparency=0))
        np.testing.assert_array_equal(grey, np.asarray(strokes("L", ink, 255 - ink)))


def test_a_transparent_grey_of_a_grey_picture() -> None:
    grey = load(encode(strokes("L", 255, 7), transparency=7))
    np.testing.assert_array_equal(grey, np.asarray(strokes("L", 255, 0)))


def test_bright_ink_of_several_colours_lies_on_black() -> None:
    image = strokes("RGBA", (255, 255, 0, 255), (0, 0, 0, 0))
    image.paste((90, 160, 255, 255), (8, 2, 11, 6))
    assert load(image)[:, 0].max() == 0


def test_white_ink_cut_close_to_its_box_still_lies_on_black() -> None:
    image = PIL.Image.new("RGBA", (20, 20), (255, 255, 255, 255))
    image.paste((0, 0, 0, 0), (0, 0, 3, 20))
    assert load(image)[:, :3].max() == 0


def test_a_white_page_with_transparent_corners_keeps_its_paper() -> None:
    """A scan turned by some degrees: the corners must not become black beside the white page."""
    page = PIL.Image.new("RGBA", (200, 200), "white")
    page.paste("black", (90, 60, 105, 140))
    assert load(page.rotate(15, expand=True)).min(where=~stroke_of(page), initial=255) > 200


def test_a_dark_page_with_a_transparent_margin_keeps_its_paper() -> None:
    """A screenshot in a dark theme: the margin must not become white around the black page."""
    page = PIL.Image.new("RGBA", (200, 200), (20, 20, 20, 0))
    page.paste((30, 30, 30, 255), (10, 10, 190, 190))
    page.paste("white", (90, 60, 105, 140))
    grey = load(page)
    assert grey[0].max() == 0
    assert grey[100, 95] == 255


def stroke_of(page: PIL.Image.Image) -> NDArray[np.bool_]:
    turned = page.convert("L").rotate(15, expand=True, fillcolor=255)
    return np.asarray(turned) < 255


def test_a_picture_of_which_nothing_is_visible_is_blank() -> None:
    assert load(PIL.Image.new("RGBA", (5, 5), (255, 255, 255, 0))).tolist() == [[255] * 5] * 5


# --- orientation -----------------------------------------------------------------------------------------------------


def turn(grey: Grey, orientation: int) -> Grey:
    """The pixels that a camera stores with this tag when the scene is ``grey``."""
    stored = {
        1: grey,
        2: grey[:, ::-1],
        3: grey[::-1, ::-1],
        4: grey[::-1],
        5: grey.T,
        6: grey.T[::-1],
        7: grey.T[::-1, ::-1],
        8: grey.T[:, ::-1],
    }
    return np.ascontiguousarray(stored[orientation])


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_set_upright(orientation: int, format_: str) -> None:
    scene = np.kron([[0, 80, 160], [255, 200, 40]], np.ones((16, 16))).astype(np.uint8)
    exif = PIL.Image.Exif()
    exif[ORIENTATION] = orientation
    special: dict[str, dict[str, Any]] = {"JPEG": {"quality": 100}, "WEBP": {"lossless": True}}
    options = special.get(format_, {})
    content = encode(PIL.Image.fromarray(turn(scene, orientation)), format_, exif=exif, **options)
    np.testing.assert_allclose(load(content), scene, atol=3)
    with PIL.Image.open(io.BytesIO(content)) as lazy:
        np.testing.assert_allclose(load(lazy), scene, atol=3)


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0rubbish", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"]
)
def test_damaged_exif_does_not_matter(exif: bytes) -> None:
    content = encode(PIL.Image.fromarray(ramp()), "JPEG", quality=100, exif=exif)
    np.testing.assert_allclose(load(content), ramp(), atol=6)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_unknown_orientation_does_not_matter(orientation: int) -> None:
    exif = PIL.Image.Exif()
    exif[ORIENTATION] = orientation
    assert load(encode(PIL.Image.fromarray(ramp()), exif=exif)).shape == ramp().shape


# --- arrays ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([[True, False]]), [[255, 0]]),
        (np.array([[7, 255]], np.uint8), [[7, 255]]),
        (np.array([[0, 65535]], np.uint16), [[0, 255]]),
        (np.array([[0, 1]], np.uint8), [[0, 255]]),
        (np.array([[0, 2]], np.uint8), [[0, 2]]),
        (np.array([[0, 257 * 100, 65535]], ">u2"), [[0, 100, 255]]),
        (np.array([[7, 200]], np.uint16), [[7, 200]]),
        (np.array([[0.0, 0.5, 1.0]]), [[0, 128, 255]]),
        (np.array([[0.0, 0.5, 1.0]], np.float16), [[0, 128, 255]]),
        (np.array([[0.0, 0.5, 1.02]], np.float32), [[0, 128, 255]]),
        (np.array([[0.0, 127.5, 255.0]]), [[0, 128, 255]]),
        (np.array([[-3.0, 256.5, 100.0]]), [[0, 255, 100]]),
        (np.array([[np.nan, 0.5, np.inf, -np.inf]]), [[0, 128, 0, 0]]),
        (np.array([[1e308, -1e308]]), [[255, 0]]),
        (np.array([[0, 32768, 65535]]), [[0, 128, 255]]),
        (np.array([[0.0, 2048.0, 4095.0]], np.float32), [[0, 128, 255]]),
        (np.array([[-1e308, 1.0]]), [[0, 255]]),
        (np.array([[0, 1]]), [[0, 255]]),
        (np.array([[0, 100, 255]], np.int64), [[0, 100, 255]]),
        (np.full((2, 2), np.nan), [[0, 0], [0, 0]]),
        (np.array([[[9], [8]]], np.uint8), [[9, 8]]),
        (np.array([[[255] * 3, [0] * 3]], np.uint8), [[255, 0]]),
        (np.array([[[1.0] * 3, [0.0] * 3]]), [[255, 0]]),
        (np.array([[[65535] * 3, [257 * 50] * 3]], np.uint16), [[255, 50]]),
        (np.array([[[200] * 3, [9] * 3]], np.uint16), [[200, 9]]),
        (np.array([[[1023] * 3, [4 * 50] * 3]], np.uint16), [[255, 50]]),
        (np.array([[0, 400_000, 1_000_000]], np.int32), [[0, 102, 255]]),
        (np.array([[-0.5, 0.0, 2.0]], np.float32), [[0, 51, 255]]),
        (np.array([[-1.0, 0.0, 1.0]], np.float32), [[0, 128, 255]]),
        (np.array([[-0.05, 0.5, 1.05]], np.float32), [[0, 128, 255]]),
        (np.array([[-9.0, 100.0, 264.0]], np.float32), [[0, 100, 255]]),
        (np.array([[[0, 0, 0, 255], [0, 0, 0, 0], [0, 0, 0, 0]]], np.uint8), [[0, 255, 255]]),
        (np.array([[[1.0, 1.0, 1.0, 1.0], [0, 0, 0, 0], [0, 0, 0, 0]]]), [[255, 0, 0]]),
    ],
    ids=lambda value: f"{value.dtype}-{value.shape}" if isinstance(value, np.ndarray) else "",
)
def test_arrays(array: NDArray[Any], expected: list[list[int]]) -> None:
    assert load(array).tolist() == expected


def test_an_array_need_not_be_contiguous() -> None:
    np.testing.assert_array_equal(load(ramp()[::2, ::-3]), ramp()[::2, ::-3])
    np.testing.assert_array_equal(load(np.asfortranarray(ramp())), ramp())


@pytest.mark.parametrize(
    ("array", "code"),
    [
        (np.zeros((), np.uint8), "not_an_image"),
        (np.zeros(5, np.uint8), "not_an_image"),
        (np.zeros((4, 4, 2), np.uint8), "not_an_image"),
        (np.zeros((3, 8, 8), np.uint8), "not_an_image"),
        (np.zeros((1, 4, 4, 3), np.uint8), "not_an_image"),
        (np.zeros((0, 0), np.uint8), "empty"),
        (np.zeros((0, 5), np.float32), "empty"),
        (np.zeros((5, 0, 3), np.uint8), "empty"),
        (np.zeros((5, 5), object), "not_an_image"),
        (np.zeros((5, 5), complex), "not_an_image"),
        (np.zeros((5, 5), "datetime64[s]"), "not_an_image"),
        (np.full((5, 5), "x"), "not_an_image"),
        (np.broadcast_to(np.uint8(0), (8001, 8000)), "too_large"),
        (np.broadcast_to(np.float64(0), (2**30, 2**20)), "too_large"),
    ],
    ids=lambda value: f"{value.dtype}-{value.shape}" if isinstance(value, np.ndarray) else value,
)
def test_arrays_that_are_no_picture(array: NDArray[Any], code: str) -> None:
    error = refused(array)
    assert error.code == code
    assert str(array.shape) in error.message or str(array.dtype) in error.message


@given(
    arrays(
        st.sampled_from([np.bool_, np.uint8, np.uint16, np.int16, np.int64, np.float16, np.float32, np.float64]),
        array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=4),
    )
)
@settings(deadline=None, max_examples=200)
def test_any_numbers_are_read_without_a_warning(array: NDArray[Any]) -> None:
    assert load(array).shape == array.shape


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["none.png", "none/none.png", "x" * 300, "a\0b"])
def test_what_is_not_there(tmp_path: Path, name: str) -> None:
    assert refused(str(tmp_path / name)).code == "not_found"


def test_a_path_through_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert refused(tmp_path / "file" / "a.png").code == "not_found"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"Dear Sir or Madam, 123", "not_an_image"),
        (b"\0" * 1000, "not_an_image"),
        (b'<?xml version="1.0"?><svg/>', "not_an_image"),
        (b"%PDF-1.7\n", "unsupported_format"),
        (b"PK\x03\x04", "unsupported_format"),
        (b"\0\0\0\x1cftyphevc\0\0\0\0msf1hevc", "unsupported_format"),
        (b"\0\0\0\x1cftypavif\0\0\0\0mif1avif", "unsupported_format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_format"),
        (b"8BPS\0\x01", "unsupported_format"),
        (b"\0\0\1\0\1\0", "unsupported_format"),
        (b"P6 1 1 255\n\0\0\0", "unsupported_format"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "unsupported_format"),
        (encode(colourful(), "JPEG2000"), "unsupported_format"),
        (encode(colourful(), "PCX"), "unsupported_format"),
        (encode(colourful(), "AVIF"), "unsupported_format"),
        (encode(colourful(), "PPM"), "unsupported_format"),
    ],
)
def test_what_is_no_picture(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    for source in (path, content):
        error = refused(source)
        assert error.code == code
        if code == "unsupported_format":
            assert "expected one of PNG, JPEG, GIF, BMP, TIFF, WEBP, HEIC; " in error.message
            advice = "inkdigit.find_pictures take it apart" if content[:2] in (b"%P", b"PK") else "convert it"
            assert error.message.endswith(advice)


@pytest.mark.parametrize("source", [None, 7, [1, 2]])
def test_what_can_be_no_source(source: Any) -> None:
    error = refused(source)
    assert error.code == "not_an_image"
    assert error.message.startswith(f"found {type(source).__name__}, expected a path")


def test_a_folder_and_a_pipe_are_no_picture(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        assert refused(path).code == "not_an_image"


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_picture_that_is_cut_off(format_: str, share: float) -> None:
    content = encode(colourful(), format_)
    error = refused(content[: int(share * len(content))])
    assert error.code == "truncated"
    assert error.message.startswith(f"begins as {format_}, but it is ")


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n",
        encode(colourful())[:20],
        encode(colourful())[:40],
        b"\xff\xd8\xff",
        encode(colourful(), "JPEG")[:200],
        b"GIF89a",
        b"BM",
        b"II*\0\x08\0\0\0",
        b"RIFF\x24\0\0\0WEBP",
    ],
)
def test_a_picture_of_which_hardly_anything_is_there(content: bytes) -> None:
    assert refused(content).code == "truncated"


def test_a_damaged_picture_is_told_apart_from_a_cut_one() -> None:
    content = bytearray(encode(colourful()))
    content[content.index(b"IDAT") + 8] ^= 0xFF
    error = refused(bytes(content))
    assert error.code == "not_an_image"
    assert error.message.startswith("begins as PNG, but it is damaged (")


def test_a_lazy_image_that_is_cut_off_is_refused_as_its_file_would_be() -> None:
    content = encode(colourful())
    with PIL.Image.open(io.BytesIO(content[: len(content) // 2])) as lazy:
        error = refused(lazy)
    assert error.code == "truncated"
    assert error.message.startswith("found a PIL image, but it is damaged")


def test_an_image_that_was_closed_is_refused() -> None:
    image = PIL.Image.open(io.BytesIO(encode(colourful())))
    image.close()
    assert refused(image).code == "not_an_image"


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("width", "height"),
    [(8001, 8000), (9000, 9000), (12_000, 12_000), (50_000, 50_000), (2**31 - 1, 2**31 - 1), (64_000_001, 1)],
)
def test_a_picture_that_promises_too_many_pixels(width: int, height: int) -> None:
    error = refused(png_header(width, height))
    assert error.code == "too_large"
    assert "64 megapixels" in error.message


@pytest.mark.parametrize("size", [(65_536, 1), (1, 65_536)])
def test_a_picture_may_not_be_endlessly_narrow(size: tuple[int, int]) -> None:
    """One of a pixel by 60 million took a gigabyte."""
    for source in (png_header(*size), PIL.Image.new("L", size), np.zeros(size, np.uint8)):
        error = refused(source)
        assert (error.code, "65535 on a side" in error.message) == ("too_large", True)


def test_an_image_of_too_many_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PIXELS", 20 * 12 - 1)
    for source in (strokes("L", 0, 255), np.asarray(strokes("L", 0, 255)), encode(strokes("L", 0, 255))):
        assert refused(source).code == "too_large"


def test_a_tile_larger_than_its_picture() -> None:
    """A TIFF of 16x16 pixels whose only tile would take 400 MB: deflated, it fits into 400 kB."""
    tags = [
        (256, 16),
        (257, 16),
        (258, 8),
        (259, 8),
        (262, 1),
        (277, 1),
        (322, 20_000),
        (323, 20_000),
        (324, 8),
        (325, 9),
    ]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    content = b"II*\0" + struct.pack("<I", 20) + zlib.compress(b"\0" * 9).ljust(12, b"\0")
    content += struct.pack("<H", len(tags)) + entries + bytes(4)
    error = refused(content)
    assert error.code == "too_large"
    assert "tiles" in error.message


def test_a_file_of_too_many_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = encode(colourful())
    monkeypatch.setattr(module, "MAX_BYTES", len(content) - 1)
    (tmp_path / "a.png").write_bytes(content)
    for source in (tmp_path / "a.png", content):
        error = refused(source)
        assert error.code == "too_large"
        assert f"{len(content)} bytes, at most {len(content) - 1}" in error.message
    monkeypatch.setattr(module, "MAX_BYTES", len(content))
    assert load(tmp_path / "a.png").shape == (64, 64)


def test_a_file_that_grows_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of /proc say that they hold nothing, and hold something."""
    monkeypatch.setattr(module, "MAX_BYTES", 10)
    assert Path("/proc/cpuinfo").stat().st_size == 0
    assert refused("/proc/cpuinfo").code == "too_large"


def progressive(scans: int) -> bytes:
    """A real progressive JPEG whose last scan is repeated until it has so many."""
    content = encode(PIL.Image.fromarray(ramp(64, 64)), "JPEG", progressive=True)
    last = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + last * (scans - content.count(b"\xff\xda")) + content[-2:]


def test_a_jpeg_of_too_many_scans() -> None:
    assert load(progressive(MAX_SCANS)).shape == (64, 64)
    begun = time.perf_counter()
    error = refused(progressive(100_000))
    assert time.perf_counter() - begun < 1
    assert error.code == "too_complex"
    assert refused(progressive(MAX_SCANS + 1)).code == "too_complex"


def test_a_picture_with_a_video_behind_it_is_read() -> None:
    content = encode(PIL.Image.fromarray(ramp()), "JPEG", quality=100)
    np.testing.assert_array_equal(load(content + b"\xff\xda" * 1000), load(content))


def test_an_open_file_that_gives_little_at_a_time_is_read_to_its_end() -> None:
    content = encode(colourful())
    reader, writer = os.pipe()

    def write() -> None:
        with os.fdopen(writer, "wb") as file:
            file.write(content)

    thread = threading.Thread(target=write)
    thread.start()
    with os.fdopen(reader, "rb", buffering=0) as file:
        assert load(file).shape == colourful().size[::-1]
    thread.join()


@pytest.mark.parametrize("scale", [2.0**33, 1e9, 1e300])
def test_an_array_of_huge_values_is_stretched(scale: float) -> None:
    np.testing.assert_allclose(load(ramp().astype(np.float64) * scale), load(ramp() * 4.0), atol=1)


def test_a_picture_with_values_below_zero_is_stretched() -> None:
    values = PIL.Image.fromarray(np.array([[-50, 0, 200]], np.float32))
    assert load(values).tolist() == [[0, 51, 255]]


def test_a_big_tiff_is_read() -> None:
    np.testing.assert_array_equal(load(encode(PIL.Image.fromarray(ramp()), "TIFF", big_tiff=True)), ramp())


def test_fewer_pixels_than_usual() -> None:
    content = encode(colourful())
    width, height = colourful().size
    assert load_picture(content, width * height).size == (width, height)
    for source in (content, colourful()):
        with pytest.raises(ImageError, match=f"found {width}x{height} pixels, at most ") as caught:
            load_picture(source, width * height - 1)
        assert caught.value.code == "too_large"


def test_a_forbidden_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encode(colourful()))
    if os.geteuid() == 0:  # whom no mode of a file keeps out

        def forbid(*_: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

        monkeypatch.setattr(Path, "open", forbid)
    else:
        path.chmod(0)
    assert refused(path).code == "forbidden"


def test_too_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhaust(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(PIL.Image, "open", exhaust)
    assert refused(encode(colourful())).code == "too_large"


# --- malformed files -------------------------------------------------------------------------------------------------


def damages(content: bytes) -> list[bytes]:
    """A picture cut, with bytes changed, doubled and left out."""
    random = np.random.default_rng(len(content))
    found = [content[: int(n)] for n in np.linspace(1, len(content), 12)]
    for _ in range(30):
        changed = bytearray(content)
        for place in random.integers(0, min(len(content), 400), 3):
            changed[place] = random.integers(0, 256)
        found.append(bytes(changed))
    middle = len(content) // 2
    return [*found, content * 2, content[:middle] + content[middle + 5 :], content[: middle + 5] + content[middle:]]


def malformed() -> list[bytes | Path]:
    """Real ones where they are on this machine, and some made here."""
    made: list[bytes | Path] = []
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("GIF", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("WEBP", {}),
    ]
    for format_, options in kinds:
        made += damages(encode(colourful().resize((24, 24)), format_, **options))
    folder = Path(os.environ.get("INKDIGIT_DATA") or "/nowhere") / "malformed"
    return made + sorted(folder.glob("*"))


def test_malformed_files_are_read_or_refused_in_time_and_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    codes = set()
    for source in malformed():
        begun = time.perf_counter()
        try:
            assert load(source).size
        except ImageError as error:
            codes.add(error.code)
        assert time.perf_counter() - begun < 5, source
    assert {"truncated", "not_an_image"} <= codes <= set(IMAGE_ERROR_CODES)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600 * 2**10


def test_the_decoders_remarks_stay_unsaid(recwarn: pytest.WarningsRecorder) -> None:
    exif = b"Exif\0\0II*\0\x08\0\0\0\x05\0" + bytes(7)
    load(encode(PIL.Image.fromarray(ramp()), "JPEG", exif=exif))
    load(encode(strokes("P", 1, 0), transparency=bytes([0, 255])))
    assert not recwarn.list


def test_a_disk_that_fails_midway_is_not_a_missing_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(encode(PIL.Image.fromarray(ramp(8, 8)), "PNG"))

    class Failing(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(module, "_open", Failing)
    error = refused(tmp_path / "a.png")
    assert (error.code, error.message) == ("truncated", "cannot be read to its end (Input/output error)")
