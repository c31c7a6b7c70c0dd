"""A digit's ink becomes an image as MNIST's were made: what was measured on those holds for every output."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from inkdigit.data.sources import data_folder, load_mnist, load_optdigits
from inkdigit.images import BRIGHT, DIGIT_SIDE, SIZE, Grey, Images, Ink, is_digit_image
from inkdigit.preparation.normalize import FAINT, normalize, normalize_grey
from inkdigit.preparation.prepare import prepare_single

INK = 0.3
"""What counts as ink where digits are located."""


def sides(image: NDArray[np.floating] | Grey, least: float = 0) -> tuple[int, int]:
    """Height and width of the box around what is brighter."""
    rows, columns = (np.flatnonzero((image > least).any(axis)) for axis in (1, 0))
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def hold(ink: Ink) -> Grey:
    """Checks all that is known of MNIST's images."""
    image = normalize(ink)
    assert image.shape == (SIZE, SIZE)
    assert image.dtype == np.uint8
    assert max(sides(image)) == DIGIT_SIDE
    assert image.max() >= BRIGHT
    wanted = DIGIT_SIDE * min(sides(ink, FAINT)) / max(sides(ink, FAINT))
    assert abs(min(sides(image)) - max(1, wanted)) <= 0.51
    mass = image / image.sum()
    for axis in (0, 1):
        profile = mass.sum(1 - axis)
        is_limited = profile[0] > 0 or profile[-1] > 0
        centre = profile @ np.arange(SIZE)
        assert 13.45 <= centre <= 14.55 or is_limited
    return image


def draw(shape: tuple[int, int], points: list[tuple[int, int]], pen: int, ink: float = 1) -> Ink:
    """A line through points (x, y) on paper (h, w)."""
    picture = Image.new("F", shape[::-1])
    ImageDraw.Draw(picture).line(points, ink, pen)
    return np.array(picture, np.float32)


def smooth(ink: Ink, sigma: float) -> Ink:
    blurred = Image.fromarray((ink * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(sigma))
    return np.asarray(blurred, np.float32) / np.float32(255)


@st.composite
def inks(choose: st.DrawFn) -> Ink:
    """Strokes of any pen, blurred or not, with paper around them or none."""
    height, width = choose(st.integers(1, 300)), choose(st.integers(1, 300))
    point = st.tuples(st.integers(0, width - 1), st.integers(0, height - 1))
    ink = np.zeros((height, width), np.float32)
    for _ in range(choose(st.integers(1, 4))):
        pen, strength = choose(st.integers(1, max(1, min(height, width) // 5))), choose(st.floats(INK, 1))
        ink = np.maximum(ink, draw((height, width), [choose(point), choose(point)], pen, strength))
    blur = choose(st.sampled_from([0, 0, 0.5, 1, 2]))
    return smooth(ink, blur) if blur else ink


@given(inks())
@settings(deadline=None, max_examples=200)
def test_strokes_become_images_as_mnists(ink: Ink) -> None:
    if ink.max() > FAINT:
        hold(ink)
    else:
        assert not normalize(ink).any()


@given(
    arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.sampled_from([0, 0.04, 0.1, 1]))
)
@settings(deadline=None, max_examples=200)
def test_any_ink_becomes_an_image_as_mnists(ink: Ink) -> None:
    if ink.max() > FAINT:
        hold(ink)
    else:
        assert not normalize(ink).any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (20, 20), (28, 28), (1600, 1600), (1600, 40)])
def test_full_boxes_of_any_shape(shape: tuple[int, int]) -> None:
    hold(np.ones(shape, np.float32))


def test_a_tall_digit_at_working_size() -> None:
    picture = Image.new("F", (1200, 1600))
    ImageDraw.Draw(picture).arc((150, 50, 1050, 1550), 20, 330, 1.0, 60)
    ImageDraw.Draw(picture).line([(600, 20), (600, 60)], 0.3, 1)  # a hair
    hold(np.array(picture, np.float32))


@pytest.mark.parametrize("shape", [(50, 33), (21, 21), (37, 100), (300, 7), (100, 1)])
def test_shrinking_averages_areas(shape: tuple[int, int]) -> None:
    """Also where a pixel of the small image covers parts of pixels of the large one."""
    ink = np.random.default_rng(0).uniform(0.1, 1, shape).astype(np.float32)
    rows, columns = (max(1, round(side * DIGIT_SIDE / max(shape))) for side in shape)
    fine = ink.repeat(rows, 0).repeat(columns, 1)
    expected = fine.reshape(rows, shape[0], columns, shape[1]).mean((1, 3))
    image = normalize(ink)
    small = image[np.ix_(image.any(1), image.any(0))]
    np.testing.assert_allclose(small, expected * 255 / expected.max(), atol=0.51)


def test_enlarging_is_smooth() -> None:
    """A ramp stays a ramp, its ends flat for half a pixel of the small picture."""
    ramp = np.tile(np.linspace(0.2, 1, 5, dtype=np.float32), (5, 1))
    image = normalize(ramp)
    small = image[np.ix_(image.any(1), image.any(0))]
    expected = np.interp((np.arange(20) + 0.5) / 4 - 0.5, np.arange(5), ramp[0] * 255)
    np.testing.assert_allclose(small, np.tile(expected, (20, 1)), atol=0.51)


def test_paper_around_a_digit_does_not_matter() -> None:
    ink = draw((60, 40), [(5, 5), (30, 50)], 5)
    np.testing.assert_array_equal(normalize(np.pad(ink, ((7, 90), (33, 0)))), normalize(ink))


def test_faint_ink_is_stretched_and_its_shades_are_kept() -> None:
    ink = np.zeros((20, 20), np.float32)
    ink[:, 5:10], ink[:, 10:15] = 0.4, 0.2
    image = normalize(ink)
    assert set(np.unique(image)) == {0, 127, 255} or set(np.unique(image)) == {0, 128, 255}


def test_no_ink_becomes_a_blank_image() -> None:
    for ink in (np.zeros((30, 20), np.float32), np.full((30, 20), FAINT, np.float32), np.zeros((0, 0), np.float32)):
        assert not normalize(ink).any()


def test_a_heavy_end_is_drawn_to_the_centre_until_the_border() -> None:
    """The foot of an L of thin stem is heavy: whole pixels move it, the border stops it."""
    ink = np.zeros((100, 100), np.float32)
    ink[:, 0:2], ink[80:, :] = 1, 1
    image = hold(ink)
    assert image[0].any(), "the digit touches the border: it is heavier below"


def test_grey_pixels_are_ink() -> None:
    grey = np.zeros((50, 30), np.uint8)
    grey[5:45, 10:20] = 200
    np.testing.assert_array_equal(normalize_grey(grey), normalize(np.asarray(grey / 255, np.float32)))


def real_digits() -> list[str]:
    has_mnist = os.environ.get("INKDIGIT_DATA") and (data_folder() / "mnist").is_dir()
    return ["optdigits", *(["mnist"] if has_mnist else [])]


def sample(name: str) -> Images:
    images = (load_mnist if name == "mnist" else load_optdigits)("train")[0]
    return images[:: max(1, len(images) // 5000)]


@pytest.mark.parametrize("name", real_digits())
def test_real_digit_images_are_known_as_such_and_pass_unchanged(name: str) -> None:
    images = sample(name)
    known = np.array([is_digit_image(image) for image in images])
    assert known.mean() >= 0.999
    for image in images[known][::10]:
        np.testing.assert_array_equal(prepare_single(image), image)


@pytest.mark.parametrize("name", real_digits())
def test_real_digit_images_are_what_normalizing_makes_of_them(name: str) -> None:
    """Normalizing a digit image again moves it by less than a pixel and leaves its strokes."""
    for image in sample(name)[::50]:
        again = normalize_grey(image)
        overlap = max(np.minimum(image, np.roll(again, (y, x), (0, 1))).sum() for y in (-1, 0, 1) for x in (-1, 0, 1))
        assert overlap >= 0.9 * image.sum()
