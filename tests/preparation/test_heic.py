"""HEIC is read as any other picture is, where its extra is installed."""

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from pillow_heif import from_pillow

from inkdigit.errors import IMAGE_ERROR_CODES, ImageError
from inkdigit.images import Grey
from inkdigit.preparation import load as module
from inkdigit.preparation.load import is_picture_name, load, load_picture

ORIENTATION = 0x0112


def encode(image: PIL.Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    from_pillow(image).save(buffer, **{"quality": 95, **options})
    return buffer.getvalue()


def draw_scene() -> Grey:
    """Six squares, no two alike."""
    return np.kron([[0, 80, 160], [255, 200, 40]], np.ones((32, 32))).astype(np.uint8)


def refused(content: bytes) -> ImageError:
    with pytest.raises(ImageError) as caught:
        load(content)
    assert caught.value.code in IMAGE_ERROR_CODES
    assert "\n" not in caught.value.message
    return caught.value


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_pixels_are_those_of_the_picture(tmp_path: Path, mode: str) -> None:
    content = encode(PIL.Image.fromarray(draw_scene()).convert(mode))
    (tmp_path / "a.heic").write_bytes(content)
    for source in (content, tmp_path / "a.heic"):
        assert load_picture(source).mode in ("L", "RGB")
        np.testing.assert_allclose(load(source), draw_scene(), atol=8)


def test_sizes_that_are_odd(tmp_path: Path) -> None:
    for width, height in ((65, 97), (64, 1), (17, 64)):
        assert load_picture(encode(PIL.Image.new("RGB", (width, height), "white"))).size == (width, height)


def test_ten_bits(tmp_path: Path) -> None:
    deep = draw_scene().astype(np.uint16) * 257
    np.testing.assert_allclose(load(encode(PIL.Image.fromarray(deep))), draw_scene(), atol=8)


def photograph(scene: Grey, orientation: int) -> bytes:
    """As a phone that was held so writes it: the container turns the pixels, and EXIF tells the same."""
    stored = {1: scene, 3: scene[::-1, ::-1], 6: scene.T[::-1], 8: scene.T[:, ::-1]}[orientation]
    exif = PIL.Image.Exif()
    exif[ORIENTATION] = orientation
    # not in the image itself, which from_pillow would set upright before it is turned again
    return encode(PIL.Image.fromarray(np.ascontiguousarray(stored)).convert("RGB"), exif=exif.tobytes())


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_pictures_are_set_upright_once(orientation: int) -> None:
    content = photograph(draw_scene(), orientation)
    assert (b"irot" in content) == (orientation != 1)
    np.testing.assert_allclose(load(content), draw_scene(), atol=8)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("told", [1, 3, 6, 8])
def test_the_container_is_right_whatever_exif_tells(orientation: int, told: int) -> None:
    content = bytearray(photograph(draw_scene(), orientation))
    entry = content.index(ORIENTATION.to_bytes(2, "big"), content.index(b"MM\0*"))
    assert content[entry + 9] == orientation
    content[entry + 9] = told
    np.testing.assert_allclose(load(bytes(content)), draw_scene(), atol=8)


def test_too_many_pixels_are_refused_before_they_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    from pillow_heif import HeifImageFile

    def decode(_: object) -> None:
        raise AssertionError("decoded")

    content = encode(PIL.Image.new("L", (100, 80)))
    monkeypatch.setattr(HeifImageFile, "load", decode)
    monkeypatch.setattr(module, "MAX_PIXELS", 100 * 80 - 1)
    error = refused(content)
    assert error.code == "too_large"
    assert error.message.startswith("found 100x80 pixels")


def test_too_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    content = encode(PIL.Image.new("L", (100, 80)))
    monkeypatch.setattr(module, "MAX_BYTES", len(content) - 1)
    assert refused(content).code == "too_large"


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95])
def test_what_is_cut_off(share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    content = encode(PIL.Image.fromarray(noise))
    error = refused(content[: int(share * len(content))])
    assert error.code in ("truncated", "not_an_image")
    assert error.message.startswith("begins as HEIC, but it is ")


def test_what_is_damaged() -> None:
    original = encode(PIL.Image.fromarray(draw_scene()))
    random = np.random.default_rng(0)
    codes = set()
    for _ in range(60):
        content = bytearray(original)
        for place in random.integers(12, len(content), 3):
            content[place] = random.integers(0, 256)
        try:
            assert load(bytes(content)).size
        except ImageError as error:
            codes.add(error.code)
    assert codes <= set(IMAGE_ERROR_CODES)


def test_without_its_extra_the_picture_alone_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = encode(PIL.Image.new("L", (64, 64)))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    error = refused(content)
    assert error.code == "unsupported_format"
    assert error.message == (
        "found HEIC, but pillow-heif is not installed; it comes with: pip install 'inkdigit[heic]'"
    )


def test_nothing_is_registered_with_pillow() -> None:
    load(encode(PIL.Image.new("L", (64, 64))))
    assert "HEIF" not in PIL.Image.OPEN


def test_names() -> None:
    assert is_picture_name(Path("IMG_0001.HEIC"))
    assert is_picture_name(Path("a.heif"))
