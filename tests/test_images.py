"""The vocabulary of images, and what counts as a digit image."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from inkdigit.images import CENTRE_TOLERANCE, SIZE, Grey, check_images, is_digit_image


def bar(top: int = 4, left: int = 13, height: int = 20, width: int = 3, bright: int = 255) -> Grey:
    """A vertical bar: as it stands, centred on pixel 14 less a half in y, and on 14 in x."""
    image = np.zeros((SIZE, SIZE), np.uint8)
    image[top : top + height, left : left + width] = bright
    return image


@pytest.mark.parametrize("n", [0, 1, 5])
def test_images_pass_as_they_are(n: int) -> None:
    images = np.arange(n * SIZE * SIZE, dtype=np.uint8).reshape(n, SIZE, SIZE)
    np.testing.assert_array_equal(check_images(images), images)


def test_images_become_contiguous() -> None:
    images = np.arange(4 * SIZE * SIZE, dtype=np.uint8).reshape(4, SIZE, SIZE)[::2].transpose(0, 2, 1)
    checked = check_images(images)
    assert checked.flags.c_contiguous
    np.testing.assert_array_equal(checked, images)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, SIZE, SIZE), np.float32),
        np.zeros((2, SIZE, SIZE), np.int64),
        np.zeros((2, SIZE, SIZE), bool),
        np.zeros((SIZE, SIZE), np.uint8),
        np.zeros((2, 1, SIZE, SIZE), np.uint8),
        np.zeros((2, SIZE, SIZE - 1), np.uint8),
        np.zeros((2, 32, 32), np.uint8),
    ],
)
def test_other_types_and_shapes_are_refused(images: NDArray[Any]) -> None:
    with pytest.raises(ValueError, match=r"found an array of .* expected uint8 \(n, 28, 28\)") as caught:
        check_images(images)
    assert f"{images.dtype} {images.shape}" in str(caught.value)


@pytest.mark.parametrize(
    ("image", "is_one"),
    [
        (bar(), True),
        (bar().T, True),
        (bar(bright=250), True),
        (bar(bright=249), False),
        (bar(height=19), False),
        (bar(height=21), False),
        (bar(height=20, top=5), True),
        (bar(height=20, top=6), False),
        (bar(left=12), False),
        (bar(left=14), False),
        (np.zeros((SIZE, SIZE), np.uint8), False),
        (np.full((SIZE, SIZE), 255, np.uint8), False),
        (255 - bar(), False),
        (np.pad(bar(), 1), False),
        (bar()[:, :27], False),
        (np.zeros((0, 0), np.uint8), False),
    ],
)
def test_a_digit_image_is_20_long_bright_and_centred(image: Grey, is_one: bool) -> None:
    assert is_digit_image(image) is is_one


def test_a_mass_off_centre_by_more_than_the_tolerance_is_no_digit_image() -> None:
    image = bar(top=4, left=13, width=3)
    image[4:6, 10:18] = 255  # a heavy top draws the centre up
    rows = np.arange(SIZE) @ image.sum(1, dtype=np.int64) / image.sum(dtype=np.int64)
    assert abs(rows - SIZE / 2) > CENTRE_TOLERANCE
    assert not is_digit_image(image)
