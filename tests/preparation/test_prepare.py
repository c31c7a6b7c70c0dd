"""A user's own picture of one digit → its digit image, without a network."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from inkdigit.errors import ImageError
from inkdigit.images import BRIGHT, DIGIT_SIDE, SIZE, Grey, Images, is_digit_image
from inkdigit.preparation.ink import find_ink
from inkdigit.preparation.normalize import normalize
from inkdigit.preparation.prepare import COARSE, main_box, prepare_single

TWO = [(0.05, 0.2), (0.3, 0.02), (0.7, 0.04), (0.9, 0.25), (0.05, 0.97), (0.97, 0.97)]


def draw(
    *points: tuple[float, float],
    shape: tuple[int, int] = (200, 160),
    box: tuple[int, int, int, int] = (50, 40, 66, 100),
) -> NDArray[np.bool_]:
    """Where a pen ran through points, which are given within a box."""
    x, y, width, height = box
    picture = Image.new("1", shape[::-1])
    ImageDraw.Draw(picture).line([(x + a * width, y + b * height) for a, b in points or TWO], 1, max(1, height // 12))
    return np.array(picture)


def paint(mask: NDArray[np.bool_], ink: float = 30, paper: float = 225) -> Grey:
    return np.where(mask, ink, paper).astype(np.uint8)


def clean(mask: NDArray[np.bool_]) -> Images:
    return normalize(mask.astype(np.float32))


def alike(first: Images, second: Images) -> float:
    """The share of ink that two images have in common."""
    return float(np.minimum(first, second).sum() / np.maximum(first, second).sum())


def check(image: Images) -> None:
    """Checks what holds for every answer."""
    assert image.shape == (SIZE, SIZE)
    assert image.dtype == np.uint8
    assert image.max() >= BRIGHT
    assert max(np.ptp(np.flatnonzero(image.any(axis))) + 1 for axis in (0, 1)) == DIGIT_SIDE


@pytest.mark.parametrize(("ink", "paper"), [(30, 225), (225, 30), (0, 255), (255, 0), (90, 130), (130, 90)])
def test_ink_of_either_polarity(ink: int, paper: int) -> None:
    image = prepare_single(paint(draw(), ink, paper))
    check(image)
    assert alike(image, clean(draw())) > 0.9


@pytest.mark.parametrize("scale", [0.15, 0.5, 4, 9])
def test_pictures_of_any_size(scale: float) -> None:
    shape = (round(200 * scale), round(160 * scale))
    mask = draw(shape=shape, box=(round(50 * scale), round(40 * scale), round(66 * scale), round(100 * scale)))
    image = prepare_single(paint(mask))
    check(image)
    assert alike(image, clean(mask)) > 0.75


@pytest.mark.parametrize("axis", [0, 1])
def test_uneven_light(axis: int) -> None:
    grey = paint(draw())
    light = np.linspace(0.3, 1, grey.shape[axis])
    image = prepare_single((grey * (light[:, None] if axis == 0 else light)).astype(np.uint8))
    assert alike(image, clean(draw())) > 0.85


def test_the_largest_piece_of_ink_is_taken_for_the_digit() -> None:
    mask = draw()
    beside = draw((0.5, 0), (0.5, 1), box=(130, 20, 20, 50))
    dust = np.zeros_like(mask)
    dust[180:183, 20:23] = dust[10, 10] = True
    np.testing.assert_array_equal(prepare_single(paint(mask | beside | dust)), prepare_single(paint(mask)))


def test_a_broken_stroke_stays_whole() -> None:
    mask = draw()
    broken = mask.copy()
    broken[88:92] = False  # across the stroke, half a pen wide
    assert alike(prepare_single(paint(broken)), clean(mask)) > 0.85


def test_a_digit_image_passes_unchanged() -> None:
    image = np.zeros((SIZE, SIZE), np.uint8)
    image[4:24, 12:16], image[4:24, 16] = 255, 50
    assert is_digit_image(image)
    np.testing.assert_array_equal(prepare_single(image), image)
    prepare_single(image)[0, 0] = 9
    assert image[0, 0] == 0, "what was given is not what is returned"


def test_a_picture_of_24_megapixels() -> None:
    mask = draw(shape=(6000, 4000), box=(1000, 2000, 1320, 2000))
    begun = time.process_time()
    image = prepare_single(paint(mask))
    assert time.process_time() - begun < 5
    assert alike(image, clean(mask[::4, ::4])) > 0.9


@pytest.mark.parametrize("shape", [(1, 64_000), (64_000, 1), (3, 50_000)])
def test_very_long_pictures(shape: tuple[int, int]) -> None:
    grey = np.full(shape, 230, np.uint8)
    middle = [slice(max(0, side // 2 - 9), side // 2 + 9) for side in shape]
    grey[middle[0], middle[1]] = 20
    check(prepare_single(grey))


@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (28, 28), (50, 40)])
@pytest.mark.parametrize("value", [0, 127, 255])
def test_a_picture_without_ink_is_refused(shape: tuple[int, int], value: int) -> None:
    with pytest.raises(ImageError, match="found no ink") as caught:
        prepare_single(np.full(shape, value, np.uint8))
    assert caught.value.code == "empty"


@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40)))
@settings(deadline=None, max_examples=200)
def test_any_pixels_are_prepared_or_refused(grey: Grey) -> None:
    before = grey.copy()
    if (find_ink(grey) > 0.3).any():
        check(prepare_single(grey))
    else:
        with pytest.raises(ImageError):
            prepare_single(grey)
    np.testing.assert_array_equal(grey, before)


class TestMainBox:
    def test_it_is_around_the_ink(self) -> None:
        ink = np.zeros((50, 60), np.float32)
        ink[20:30, 5:9] = 1
        assert main_box(ink) == (5, 20, 4, 10)

    @pytest.mark.parametrize("factor", [2, 7.5, 25])
    def test_on_a_large_page_it_is_a_cell_too_wide_at_most(self, factor: float) -> None:
        side = round(COARSE * factor)
        ink = np.zeros((side, side), np.float32)
        drawn = np.array([0.31, 0.22, 0.13, 0.44]) * side
        x, y, width, height = drawn.round().astype(int)
        ink[y : y + height, x : x + width] = 1
        box = main_box(ink)
        assert box is not None
        assert box[0] <= x < x + width <= box[0] + box[2]
        assert box[1] <= y < y + height <= box[1] + box[3]
        assert (np.abs(np.array(box) - drawn) <= 2 * factor + 1).all()

    @pytest.mark.parametrize("shape", [(1, 1), (30, 20), (500, 900)])
    def test_where_all_is_ink_it_is_all(self, shape: tuple[int, int]) -> None:
        assert main_box(np.ones(shape, np.float32)) == pytest.approx((0, 0, shape[1], shape[0]))

    @pytest.mark.parametrize("level", [0, 0.29])
    def test_there_is_none_where_there_is_no_stroke(self, level: float) -> None:
        assert main_box(np.full((50, 40), level, np.float32)) is None

    def test_pieces_a_cell_apart_are_one_and_others_are_not(self) -> None:
        ink = np.zeros((60, 60), np.float32)
        ink[10:20, 10:20] = ink[21:30, 21:30] = 1  # across a corner
        ink[40:55, 40:55] = 1
        assert main_box(ink) == (40, 40, 15, 15)
        ink[30:32, 30:32] = ink[33, 32] = 1
        assert main_box(ink) == (40, 40, 15, 15)
        ink[31:39, 31:39] = 1
        assert main_box(ink) == (10, 10, 45, 45)

    def test_a_winding_piece_is_one(self) -> None:
        ink = np.zeros((63, 63), np.float32)
        ink[::4] = 1
        for row in range(0, 60, 4):
            ink[row : row + 4, 62 if row % 8 else 0] = 1
        ink[20, 30] = 0
        assert main_box(ink) == (0, 0, 63, 61)
