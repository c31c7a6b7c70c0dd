"""What is no digit."""

from dataclasses import replace

import numpy as np
import pytest

from inkdigit.data.dataset import Dataset
from inkdigit.synthesis.outliers import (
    HALVES,
    NOT_A_DIGIT,
    OUTLIERS,
    SMALLER_THAN_ANY,
    TURNED,
    add_outliers,
    draw_outliers,
)
from inkdigit.synthesis.signs import SIGNS


@pytest.mark.parametrize("name", OUTLIERS)
def test_a_kind_follows_from_its_seed_and_is_never_empty(name: str, digits: Dataset) -> None:
    drawn, again, other = (draw_outliers(digits, name, 12, seed) for seed in (1, 1, 2))
    assert drawn.shape == (12, 28, 28)
    assert drawn.dtype == np.uint8
    assert (drawn.max((1, 2)) >= 250).all()
    assert np.array_equal(drawn, again)
    assert not np.array_equal(drawn, other)
    assert len({image.tobytes() for image in drawn}) == 12
    assert len({image.tobytes() for image in (*drawn, *other)}) == 24
    assert np.array_equal(draw_outliers(digits, name, 5, 1), drawn[:5]), "more of them are more of the same"
    assert OUTLIERS[name].description


def test_they_come_behind_the_digits_with_a_label_of_their_own(digits: Dataset) -> None:
    few = replace(digits, images=digits.images[:50], labels=digits.labels[:50])
    extended = add_outliers(few, {"sign": 0.1, "blob": 0.0, "half": 0.24}, seed=0)
    assert len(extended) == 50 + 5 + 12
    assert np.array_equal(extended.images[:50], few.images)
    assert np.array_equal(extended.labels[:50], few.labels)
    assert (extended.labels[50:] == NOT_A_DIGIT).all()
    assert NOT_A_DIGIT == 10
    assert extended.labels.dtype == np.int64
    assert np.array_equal(extended.images[50:55], draw_outliers(few, "sign", 5, 0))
    assert len(few) == 50


def test_nothing_asked_adds_nothing(digits: Dataset) -> None:
    assert np.array_equal(add_outliers(digits, {}, seed=0).images, digits.images)


def test_halves_and_turned_digits_are_of_digits_that_look_like_none_then(digits: Dataset) -> None:
    """Of other digits there is no half: the lower half of a 7 is a 1, that of an 8 a 0."""
    assert "1" not in str((*HALVES.values(), TURNED))
    for name, values in (("half", {v for half in HALVES.values() for v in half}), ("turned", set(TURNED))):
        others = digits.labels[~np.isin(digits.labels, list(values))]
        without = Dataset("d", "train", np.full((len(others), 28, 28), 255, np.uint8), others)
        assert not draw_outliers(without, name, 2, 0).any(), "of such digits alone, blanks"


def test_a_turned_digit_lies(digits: Dataset) -> None:
    sevens = replace(digits, images=digits.images[digits.labels == 7], labels=digits.labels[digits.labels == 7])
    height = np.ptp(np.nonzero(sevens.images.mean(0) > 60)[0])
    lying = draw_outliers(sevens, "turned", 20, 0)
    assert np.ptp(np.nonzero(lying.mean(0) > 60)[1]) >= height - 2


def test_several_as_one_are_wider_than_tall(digits: Dataset) -> None:
    wide = [np.ptp(np.flatnonzero(i.any(0))) > np.ptp(np.flatnonzero(i.any(1))) for i in
            draw_outliers(digits, "pair", 30, 0)]  # fmt: skip
    assert np.mean(wide) > 0.6


def test_no_dot_fills_an_image() -> None:
    assert set(SMALLER_THAN_ANY) < set(SIGNS)


def test_a_folder_may_lack_digits_or_hold_blanks() -> None:
    """One's own pictures: a network may be trained on ones and zeros alone."""
    images = np.zeros((6, 28, 28), np.uint8)
    images[:3, 4:24, 12:15] = 255
    binary = Dataset("mine", "train", images, np.array([1, 1, 0, 0, 1, 0]))
    shares = dict.fromkeys(OUTLIERS, 0.5)
    extended = add_outliers(binary, shares, seed=0)
    assert len(extended) == 6 + 3 * len(OUTLIERS)
