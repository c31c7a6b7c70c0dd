"""Ways of writing that MNIST hardly has."""

import numpy as np
import PIL.Image
import pytest
from PIL import ImageDraw

from inkdigit.data.dataset import Dataset
from inkdigit.images import Grey
from inkdigit.preparation.normalize import normalize_grey
from inkdigit.synthesis.variants import VARIANTS, pen_width, vary, write_variant


def draw(*line: tuple[int, int], width: int = 3) -> Grey:
    picture = PIL.Image.new("L", (28, 28))
    ImageDraw.Draw(picture).line(line, fill=255, width=width)
    return normalize_grey(np.asarray(picture))


ONE = draw((15, 4), (13, 24))
SEVEN = draw((7, 5), (20, 5), (12, 24))
ZERO = draw((14, 4), (20, 14), (14, 24), (8, 14), (14, 4))
DIGITS = {1: ONE, 7: SEVEN, 0: ZERO}


def numbers(n: int = 100) -> Dataset:
    labels = np.arange(n, dtype=np.int64) % 10
    return Dataset("numbers", "train", np.stack([DIGITS.get(int(label), SEVEN) for label in labels]), labels)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_adds_a_stroke_and_stays_a_digit_image(name: str) -> None:
    variant = VARIANTS[name]
    image = DIGITS[variant.digit]
    written = [write_variant(image, variant, np.random.default_rng(seed)) for seed in range(20)]
    for found in written:
        assert found.shape == (28, 28)
        assert found.dtype == np.uint8
        assert found.max() >= 250
        rows, columns = np.flatnonzero(found.any(1)), np.flatnonzero(found.any(0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
        assert not np.array_equal(found, image)
    assert len({found.tobytes() for found in written}) > 10
    assert variant.description


def test_a_hook_goes_down_to_the_left_of_the_top() -> None:
    for seed in range(20):
        hooked = write_variant(ONE, VARIANTS["hooked-1"], np.random.default_rng(seed))
        upper = hooked[:14].astype(int)
        widths = (hooked > 100).sum(1)
        assert widths[4:16].max() > (ONE > 100).sum(1).max()
        assert upper[:, :12].sum() > ONE[:14, :12].sum()


def test_a_bar_crosses_the_stem() -> None:
    crossed = write_variant(SEVEN, VARIANTS["crossed-7"], np.random.default_rng(0))
    middle = (crossed[11:19] > 100).sum(1).max()
    assert middle >= 2 * (SEVEN[11:19] > 100).sum(1).max()


@pytest.mark.parametrize("width", [2, 3, 4])
def test_the_pen_is_measured(width: int) -> None:
    upright, slanted = draw((14, 2), (14, 26), width=width), draw((8, 3), (20, 25), width=width)
    for image in (upright, slanted):
        assert pen_width(image) == pytest.approx(width * 20 / 24, rel=0.45)


def test_vary_writes_its_share_of_the_right_digits_alone() -> None:
    original = numbers()
    before = original.images.copy()
    varied = vary(original, {"hooked-1": 0.4, "crossed-7": 1.0}, seed=0)
    changed = (varied.images != original.images).any((1, 2))
    assert changed[original.labels == 1].sum() == 4
    assert changed[original.labels == 7].all()
    assert not changed[~np.isin(original.labels, (1, 7))].any()
    assert np.array_equal(original.images, before)
    assert np.array_equal(varied.labels, original.labels)


def test_vary_depends_on_its_seed() -> None:
    shares = {"hooked-1": 0.5}
    assert np.array_equal(vary(numbers(), shares, 1).images, vary(numbers(), shares, 1).images)
    assert not np.array_equal(vary(numbers(), shares, 1).images, vary(numbers(), shares, 2).images)


def test_nothing_asked_changes_nothing() -> None:
    assert np.array_equal(vary(numbers(), {}, 0).images, numbers().images)


def test_a_blank_stays_blank() -> None:
    blank = np.zeros((28, 28), np.uint8)
    for variant in VARIANTS.values():
        assert not write_variant(blank, variant, np.random.default_rng(0)).any()
