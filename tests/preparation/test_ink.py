"""How much ink each pixel holds, whatever the polarity, the light and the paper."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from inkdigit.images import Grey
from inkdigit.preparation.ink import WORKING_SIDE, find_ink, one_sidedness, reduce


def stroke(height: int = 120, width: int = 160, pen: int = 8) -> NDArray[np.bool_]:
    """Where the ink of a 2 lies."""
    mask = Image.new("L", (width, height))
    shape = [(-3, -7), (0, -10), (4, -9), (5, -4), (-4, 8), (6, 8)]
    scale = min(height, width) / 32
    points = [(width / 2 + x * scale, height / 2 + y * scale) for x, y in shape]
    ImageDraw.Draw(mask).line(points, 1, pen, joint="curve")
    return np.asarray(mask) > 0


def paint(mask: NDArray[np.bool_], ink: float, paper: float) -> Grey:
    return np.where(mask, ink, paper).astype(np.uint8)


def agree(grey: Grey, mask: NDArray[np.bool_]) -> None:
    """Checks that ink was found where it is, and nowhere else."""
    ink = find_ink(grey)
    assert ink.shape == grey.shape
    assert ink.dtype == np.float32
    assert ink[mask].mean() > 0.9
    assert (ink[mask] > 0.3).mean() > 0.99
    assert (ink[~mask] < 0.3).mean() > 0.995


@pytest.mark.parametrize(
    ("ink", "paper"),
    [(0, 255), (255, 0), (20, 230), (230, 20), (100, 128), (128, 100), (200, 255), (55, 0), (0, 60), (255, 190)],
)
def test_ink_of_either_polarity(ink: int, paper: int) -> None:
    agree(paint(stroke(), ink, paper), stroke())


@pytest.mark.parametrize("pen", [1, 3, 14, 24])
@pytest.mark.parametrize(("ink", "paper"), [(20, 230), (230, 20)])
def test_ink_of_any_pen(pen: int, ink: int, paper: int) -> None:
    agree(paint(stroke(pen=pen), ink, paper), stroke(pen=pen))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("dark", [0.2, 0.4, 0.7])
def test_dark_ink_in_uneven_light(dark: float, turned: bool) -> None:
    mask = stroke()
    light = np.linspace(dark, 1, mask.shape[1])
    agree((paint(mask, 40, 240) * (light[::-1] if turned else light)).astype(np.uint8), mask)


@pytest.mark.parametrize("turned", [False, True])
def test_bright_ink_on_a_board_in_uneven_light(turned: bool) -> None:
    mask = stroke()
    board = np.linspace(20, 110, mask.shape[1])[:: -1 if turned else 1]
    agree(np.where(mask, board + 120, board).astype(np.uint8), mask)


def test_ink_on_noisy_paper() -> None:
    mask = stroke(300, 400, 20)
    noise = np.random.default_rng(0).normal(0, 8, mask.shape)
    agree(np.clip(paint(mask, 60, 200) + noise, 0, 255).astype(np.uint8), mask)


@pytest.mark.parametrize(("ink", "paper"), [(40, 210), (210, 40)])
def test_a_little_digit_on_a_large_page(ink: int, paper: int) -> None:
    mask = np.zeros((1200, 1600), bool)
    mask[903:943, 1104:1107] = True
    noise = np.random.default_rng(0).normal(0, 2, mask.shape)
    found = find_ink(np.clip(paint(mask, ink, paper) + noise, 0, 255).astype(np.uint8)) > 0.3
    assert found[mask].all()
    assert not found[:900].any()
    assert found.mean() < 2 * mask.mean()


@pytest.mark.parametrize(("ink", "paper"), [(20, 230), (230, 20)])
def test_ink_that_is_wider_than_the_paper_beside_it(ink: int, paper: int) -> None:
    """Paper is unknown in the middle of so much ink: it is taken from afar."""
    mask = np.zeros((28, 28), bool)
    mask[6:22, 6:22] = True
    agree(paint(mask, ink, paper), mask)


def test_nine_of_ten_pixels_of_noisy_paper_hold_no_ink_at_all() -> None:
    mask = stroke()
    noise = np.random.default_rng(0).normal(0, 6, mask.shape)
    ink = find_ink(np.clip(paint(mask, 100, 150) + noise, 0, 255).astype(np.uint8))
    assert (ink[~mask] > 0).mean() < 0.12


def test_a_photo_is_smoothed_by_less_than_a_pen() -> None:
    mask = stroke(1200, 1200, 40)
    grain = np.random.default_rng(0).normal(0, 20, mask.shape)
    grey = np.clip(paint(mask, 60, 190) + grain, 0, 255).astype(np.uint8)
    agree(grey, mask)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (28, 28), (300, 400), (401, 302)])
@pytest.mark.parametrize("value", [0, 1, 128, 254, 255])
def test_a_blank_page_holds_no_ink(shape: tuple[int, int], value: int) -> None:
    ink = find_ink(np.full(shape, value, np.uint8))
    assert ink.shape == shape
    assert not ink.any()


@pytest.mark.parametrize(("low", "high"), [(0, 255), (100, 140), (200, 255)])
def test_a_page_that_only_grows_darker_holds_no_ink(low: int, high: int) -> None:
    page = np.broadcast_to(np.linspace(low, high, 200), (150, 200)).astype(np.uint8)
    for grey in (page, np.ascontiguousarray(page.T), np.ascontiguousarray(page[:, ::-1])):
        assert (find_ink(grey) > 0.3).mean() < 0.01


@pytest.mark.parametrize("deviation", [1, 2, 4, 8])
@pytest.mark.parametrize("paper", [30, 128, 225])
def test_the_noise_of_paper_is_no_ink(deviation: float, paper: int) -> None:
    noise = np.random.default_rng(0).normal(paper, deviation, (100, 100))
    assert not (find_ink(np.clip(noise, 0, 255).astype(np.uint8)) > 0.3).any()


@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40)))
@settings(deadline=None, max_examples=200)
def test_any_pixels_hold_between_none_and_full_ink(grey: Grey) -> None:
    ink = find_ink(grey)
    assert ink.shape == grey.shape
    assert ink.dtype == np.float32
    assert np.isfinite(ink).all()
    assert ink.min() >= 0
    assert ink.max() <= 1


@given(arrays(np.uint8, (30, 30), elements=st.sampled_from([10, 245])))
@settings(deadline=None, max_examples=50)
def test_the_same_pixels_hold_the_same_ink(grey: Grey) -> None:
    before = grey.copy()
    np.testing.assert_array_equal(find_ink(grey), find_ink(grey.copy()))
    np.testing.assert_array_equal(grey, before)


def test_one_sidedness() -> None:
    assert one_sidedness(np.array([[0, 0, 5]], np.float32)) == 1
    assert one_sidedness(np.array([[0, 0, -5]], np.float32)) == -1
    assert one_sidedness(np.array([[0, 5, -5]], np.float32)) == 0
    assert one_sidedness(np.zeros((3, 3), np.float32)) == 0
    assert one_sidedness(np.array([[1] * 20 + [-10]], np.float32)) < -0.9, "few that depart far outweigh many near"


@pytest.mark.parametrize(
    ("shape", "reduced"),
    [
        ((100, 200), (100, 200)),
        ((1600, 1600), (1600, 1600)),
        ((1601, 100), (1600, 100)),
        ((3200, 1600), (1600, 800)),
        ((4000, 6000), (1067, 1600)),
        ((2, 64_000), (1, 1600)),
        ((64_000, 1), (1600, 1)),
    ],
)
def test_large_pictures_are_reduced(shape: tuple[int, int], reduced: tuple[int, int]) -> None:
    small, factor = reduce(np.full(shape, 77, np.uint8))
    assert small.shape == reduced
    assert small.dtype == np.uint8
    assert set(np.unique(small)) == {77}
    assert factor == max(1, max(shape) / WORKING_SIDE)


@pytest.mark.parametrize("rim", [1, 2, 5, 12])
@pytest.mark.parametrize(("ink", "paper"), [(20, 235), (235, 20)])
def test_a_rim_as_dark_as_the_ink_is_not_taken_for_paper(ink: int, paper: int, rim: int) -> None:
    """As a canvas with a border, or a scan with a dark edge."""
    mask = stroke(280, 280, 16)
    found = find_ink(np.pad(paint(mask, ink, paper), rim, constant_values=ink))[rim:-rim, rim:-rim]
    assert (found[mask] > 0.5).mean() > 0.97
    inner = np.zeros_like(mask)
    inner[20:-20, 20:-20] = True
    assert (found[~mask & inner] < 0.5).mean() > 0.97


@pytest.mark.parametrize("beyond", [0, 2, 4])
@pytest.mark.parametrize("line", [2, 3, 4])
def test_a_box_cut_out_along_its_own_lines(line: int, beyond: int) -> None:
    """As a region of a form is, with some of the paper beyond its lines."""
    mask = stroke(90, 80, 6)
    framed = np.pad(paint(mask, 30, 235), line, constant_values=30)
    found = find_ink(np.pad(framed, beyond, constant_values=235))
    margin = line + beyond
    found = found[margin:-margin, margin:-margin]
    assert (found[mask] > 0.5).mean() > 0.97
    assert (found[~mask] < 0.5).mean() > 0.97


def test_thin_strokes_outlive_reduction() -> None:
    grey = np.full((3200, 3200), 255, np.uint8)
    grey[:, 1601] = 0
    assert reduce(grey)[0].max(0).min() <= 128


@pytest.mark.parametrize("width", [1700, 2100, 2500, 3300])
def test_reduction_leaves_out_no_pixel(width: int) -> None:
    """A thin stroke grows fainter, the same wherever it lies."""
    grey = np.zeros((20, width), np.uint8)
    factor = width / WORKING_SIDE
    for column in range(700, 800):
        line = grey.copy()
        line[:, column] = 240
        assert reduce(line)[0][5].sum() == pytest.approx(240 / factor, rel=0.03)
