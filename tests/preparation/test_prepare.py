"""From a picture's grey pixels to what a network sees."""

import time

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import array_shapes, arrays

from inkdigit.errors import ImageError
from inkdigit.images import BRIGHT, DIGIT_SIDE, SIZE, Grey, is_digit_image
from inkdigit.preparation.box import Box
from inkdigit.preparation.prepare import Prepared, prepare, prepare_single


def page(*lines: str, ink: int = 30, paper: int = 225, height: int = 40, shape: tuple[int, int] = (200, 400)) -> Grey:
    grey = np.full(shape, paper, np.uint8)
    for row, line in enumerate(lines):
        for column, digit in enumerate(line):
            if digit != " ":
                place = (height // 2 + column * height * 3 // 2, height * 3 // 2 + row * 2 * height)
                cv2.putText(grey, digit, place, cv2.FONT_HERSHEY_SIMPLEX, height / 21, ink, max(1, height // 10))
    return grey


def check(grey: Grey, prepared: Prepared) -> None:
    """Checks what holds for every answer."""
    boxes = [box for line in prepared.lines for box in line]
    assert all(prepared.lines), "no line is empty"
    assert prepared.images.shape == (len(boxes), SIZE, SIZE)
    assert prepared.images.dtype == np.uint8
    assert prepared.ink.dtype == np.float32
    assert prepared.ink.min() >= 0
    assert prepared.ink.max() <= 1
    assert max(prepared.ink.shape) == min(max(grey.shape), 1600)
    height, width = grey.shape
    for box in boxes:
        assert box.width > 0
        assert box.height > 0
        assert 0 <= box.x < box.x + box.width <= width
        assert 0 <= box.y < box.y + box.height <= height
    for image in prepared.images:
        assert image.max() >= BRIGHT
        assert max(np.ptp(np.flatnonzero(image.any(axis))) + 1 for axis in (0, 1)) == DIGIT_SIDE


def counts(prepared: Prepared) -> list[int]:
    return [len(line) for line in prepared.lines]


@pytest.mark.parametrize(("ink", "paper"), [(30, 225), (225, 30), (0, 255), (255, 0), (90, 130), (130, 90)])
def test_a_page_of_either_polarity(ink: int, paper: int) -> None:
    grey = page("123", "45", ink=ink, paper=paper)
    prepared = prepare(grey)
    check(grey, prepared)
    assert counts(prepared) == [3, 2]


def test_polarity_leaves_the_digit_images_alike() -> None:
    dark, bright = (prepare(page("2", ink=ink, paper=255 - ink, shape=(100, 100))) for ink in (0, 255))
    assert dark.lines == bright.lines
    assert np.abs(dark.images.astype(int) - bright.images).max() < 16


def test_images_stand_in_the_order_of_the_lines() -> None:
    grey = page("1 4", "7")
    together = prepare(grey)
    assert counts(together) == [2, 1]
    boxes = [box for line in together.lines for box in line]
    for box, image in zip(boxes, together.images, strict=True):
        alone = np.full_like(grey, 225)
        window = (slice(box.y - 3, box.y + box.height + 3), slice(box.x - 3, box.x + box.width + 3))
        alone[window] = grey[window]
        [found] = prepare(alone).images
        assert np.minimum(found, image).sum() > 0.9 * image.sum()


def test_boxes_are_around_the_ink() -> None:
    grey = np.full((120, 160), 230, np.uint8)
    grey[30:90, 70:82] = 20
    assert prepare(grey).lines == [[Box(70, 30, 12, 60)]]


@pytest.mark.parametrize("dark", [0.25, 0.5])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_page_in_uneven_light(dark: float, axis: int) -> None:
    grey = page("123", "45")
    light = np.linspace(dark, 1, grey.shape[axis])
    lit = (grey * (light[:, None] if axis == 0 else light)).astype(np.uint8)
    prepared = prepare(lit)
    check(lit, prepared)
    assert counts(prepared) == [3, 2]


def test_ruled_paper() -> None:
    grey = page("123", "45")
    for y in range(12, 200, 30):
        grey[y : y + 2] = 140
    prepared = prepare(grey)
    check(grey, prepared)
    assert counts(prepared) == [3, 2]


@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (90, 1), (28, 28), (300, 400)])
@pytest.mark.parametrize("value", [0, 127, 255])
def test_a_blank_page_has_no_digits(shape: tuple[int, int], value: int) -> None:
    prepared = prepare(np.full(shape, value, np.uint8))
    assert prepared.lines == []
    assert prepared.images.shape == (0, SIZE, SIZE)
    assert prepared.images.dtype == np.uint8


@pytest.mark.parametrize("deviation", [1, 3, 5, 8])
def test_a_page_of_noise_has_no_digits(deviation: float) -> None:
    noise = np.random.default_rng(0).normal(200, deviation, (100, 100))
    assert prepare(np.clip(noise, 0, 255).astype(np.uint8)).lines == []


def test_a_digit_image_passes_unchanged() -> None:
    image = np.zeros((SIZE, SIZE), np.uint8)
    image[4:24, 12:16], image[4:24, 16] = 255, 50
    assert is_digit_image(image)
    prepared = prepare(image)
    check(image, prepared)
    assert prepared.lines == [[Box(12, 4, 5, 20)]]
    np.testing.assert_array_equal(prepared.images[0], image)
    np.testing.assert_array_equal(prepare_single(image), image)
    prepared.images[0, 0, 0] = 9
    prepare_single(image)[0, 0] = 9
    assert image[0, 0] == 0, "what was given is not what is returned"


def test_a_picture_of_24_megapixels() -> None:
    grey = page("12", "3", height=1000, shape=(4000, 6000))
    begun = time.perf_counter()
    prepared = prepare(grey)
    assert time.perf_counter() - begun < 5
    check(grey, prepared)
    assert counts(prepared) == [2, 1]
    ink = grey < 128
    for box in (box for line in prepared.lines for box in line):
        outside = ink[max(0, box.y - 30) : box.y + box.height + 30, max(0, box.x - 30) : box.x + box.width + 30].sum()
        inside = ink[box.y : box.y + box.height, box.x : box.x + box.width].sum()
        assert inside > 0.99 * outside


@pytest.mark.parametrize("shape", [(1, 64_000), (64_000, 1), (3, 50_000), (50_000, 3)])
def test_very_long_pictures(shape: tuple[int, int]) -> None:
    grey = np.full(shape, 230, np.uint8)
    grey[shape[0] // 2 - shape[0] // 20 :, shape[1] // 2 - shape[1] // 20 : shape[1] // 2 + 1] = 20
    check(grey, prepare(grey))


@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40)))
@settings(deadline=None, max_examples=300)
def test_any_pixels_are_prepared(grey: Grey) -> None:
    before = grey.copy()
    check(grey, prepare(grey))
    np.testing.assert_array_equal(grey, before)


def test_of_several_the_largest_is_taken_for_the_one() -> None:
    grey = page("8", height=80, shape=(200, 300))
    cv2.putText(grey, "1", (200, 140), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 30, 3)
    largest = max((box for line in prepare(grey).lines for box in line), key=lambda box: box.height)
    alone = np.full_like(grey, 225)
    alone[:, : largest.x + largest.width + 4] = grey[:, : largest.x + largest.width + 4]
    assert np.minimum(prepare_single(grey), prepare_single(alone)).sum() > 0.9 * prepare_single(alone).sum()


def test_a_single_digit_without_ink_is_refused() -> None:
    for value in (0, 255):
        with pytest.raises(ImageError, match="found no ink") as caught:
            prepare_single(np.full((50, 40), value, np.uint8))
        assert caught.value.code == "empty"


def test_a_dense_page_is_no_blank_page() -> None:
    """Where ink is everywhere, paper must still be found between it."""
    page = np.full((900, 900), 240, np.uint8)
    for row in range(10, 880, 28):
        for column in range(10, 880, 18):
            page[row : row + 16, column : column + 3] = 20  # a page of 1s
    lines = prepare(page).lines
    assert len(lines) == 32
    assert {len(line) for line in lines} == {49}
