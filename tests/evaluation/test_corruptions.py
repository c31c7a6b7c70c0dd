import math
from itertools import pairwise

import numpy as np
import pytest

from inkdigit.errors import UsageError
from inkdigit.evaluation.corruptions import BATCH_SIZE, CORRUPTIONS, SEVERITIES, corrupt
from inkdigit.evaluation.corruptions.blur import gaussian
from inkdigit.images import SIZE, Images

NAMES = ["shot_noise", "impulse_noise", "glass_blur", "motion_blur", "shear", "scale", "rotate", "brightness"]
NAMES += ["translate", "stripe", "fog", "spatter", "dotted_line", "zigzag", "canny_edges"]
DETERMINED = {"scale", "brightness", "stripe", "canny_edges"}
"""Nothing in them is drawn at random."""

Y, X = np.indices((SIZE, SIZE)) - (SIZE - 1) / 2


def flat(value: int, n: int = 200) -> Images:
    """Images of one grey value."""
    return np.full((n, SIZE, SIZE), value, np.uint8)


def dots(row: int, column: int, n: int = 200) -> Images:
    """Paper with a spot of 2x2 pixels, its first corner given; its middle is half a pixel on."""
    images = flat(0, n)
    images[:, row : row + 2, column : column + 2] = 255
    return images


def scribbles(n: int = 60) -> Images:
    """As large, thick and central as digits: an oval with a bar through it, each different."""
    random = np.random.default_rng(0)
    width, height, tilt, thickness = random.uniform([4, 7, -1, 1.2], [7, 10, 1, 2.5], (n, 4)).T[:, :, None, None]
    oval = np.abs(np.hypot(X / width, Y / height) - 1) * width
    bar = np.where(np.abs(X) < width, np.abs(Y - tilt * X), np.inf)
    ink: Images = np.rint(255 * np.clip(thickness + 0.5 - np.minimum(oval, bar), 0, 1)).astype(np.uint8)
    return ink


def middles(images: Images) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of each image's centre of mass, from the middle, in pixels."""
    mass = images / images.sum((1, 2), keepdims=True, dtype=float)
    return (mass * Y).sum((1, 2)), (mass * X).sum((1, 2))


def change(images: Images, name: str, severity: int) -> float:
    return float(np.abs(corrupt(images, name, severity).astype(float) - images).mean())


def test_table_holds_the_kinds_of_mnist_c() -> None:
    assert list(CORRUPTIONS)[: len(NAMES)] == NAMES  # ours may follow
    assert all(entry.description for entry in CORRUPTIONS.values())


@pytest.mark.parametrize("name", CORRUPTIONS)
class TestEveryCorruption:
    @pytest.mark.parametrize("severity", SEVERITIES)
    def test_keeps_shape_and_type_and_the_input(self, name: str, severity: int) -> None:
        images = scribbles()
        before = images.copy()
        damaged = corrupt(images, name, severity)
        assert damaged.shape == images.shape
        assert damaged.dtype == np.uint8
        assert (damaged != images).any(axis=(1, 2)).all()
        assert not np.shares_memory(damaged, images)
        assert np.array_equal(images, before)

    def test_takes_images_that_must_not_be_written(self, name: str) -> None:
        images = scribbles(3)
        images.flags.writeable = False
        assert corrupt(images, name, 3).flags.writeable

    def test_is_worse_at_each_severity(self, name: str) -> None:
        changes = [change(scribbles(), name, severity) for severity in SEVERITIES]
        for mild, strong in pairwise(changes):
            assert strong > mild * 1.01, changes

    def test_depends_on_the_seed_alone(self, name: str) -> None:
        images = scribbles()
        first = corrupt(images, name, 3, seed=7)
        np.random.default_rng().random()
        assert np.array_equal(first, corrupt(images, name, 3, seed=7))
        assert np.array_equal(first, corrupt(images, name, 3, seed=8)) == (name in DETERMINED)

    def test_damages_each_image_in_its_own_way(self, name: str) -> None:
        damaged = corrupt(scribbles(1).repeat(20, axis=0), name, 3)
        assert (damaged == damaged[0]).all() == (name in DETERMINED)

    def test_takes_no_images(self, name: str) -> None:
        assert corrupt(flat(0, n=0), name, 3).shape == (0, SIZE, SIZE)


class TestCorrupt:
    def test_a_second_batch_is_not_a_repetition_of_the_first(self) -> None:
        damaged = corrupt(flat(128, n=2 * BATCH_SIZE + 1), "impulse_noise", 3)
        assert len(damaged) == 2 * BATCH_SIZE + 1
        assert not np.array_equal(damaged[0], damaged[BATCH_SIZE])
        assert not np.array_equal(damaged[0], damaged[-1])

    def test_keeps_the_order(self) -> None:
        images = np.arange(BATCH_SIZE + 5).astype(np.uint8)[:, None, None].repeat(SIZE, 1).repeat(SIZE, 2) // 8
        assert np.array_equal(corrupt(images, "stripe", 1)[:, 14, 14], images[:, 14, 14])

    def test_unknown_name_gets_the_nearest(self) -> None:
        with pytest.raises(UsageError, match="unknown corruption 'fogg'; did you mean 'fog'"):
            corrupt(flat(0), "fogg", 3)

    @pytest.mark.parametrize("severity", [-1, 0, 6])
    def test_severity_out_of_range(self, severity: int) -> None:
        with pytest.raises(UsageError, match=f"severity {severity}, expected 1 to 5"):
            corrupt(flat(0), "fog", severity)

    def test_other_arrays_are_turned_away(self) -> None:
        with pytest.raises(ValueError, match="expected uint8"):
            corrupt(np.zeros((3, SIZE, SIZE)), "fog", 3)  # type: ignore[arg-type]


class TestNoise:
    def test_shot_noise_counts_photons(self) -> None:
        # 20 photons at full ink are 5.02 at grey 64, of deviation sqrt(5.02), of 12.75 grey values each.
        damaged = corrupt(flat(64), "shot_noise", 1)
        assert damaged.mean() == pytest.approx(64, abs=0.5)
        assert damaged.std() == pytest.approx(math.sqrt(64 / 12.75) * 12.75, rel=0.02)

    def test_shot_noise_leaves_paper(self) -> None:
        assert not corrupt(flat(0), "shot_noise", 5).any()

    def test_impulse_noise_sets_pixels_to_both_ends(self) -> None:
        damaged = corrupt(flat(128), "impulse_noise", 3)
        values, counts = np.unique(damaged, return_counts=True)
        assert values.tolist() == [0, 128, 255]
        assert counts / damaged.size == pytest.approx(np.array([0.085, 0.83, 0.085]), abs=0.003)


class TestBlur:
    def test_gaussian_has_its_deviation(self) -> None:
        spread = gaussian(dots(13, 13, n=1).astype(np.float32), 2.0)[0]
        # The spot of 2x2 has a variance of a quarter along each axis to begin with.
        assert np.average(Y**2, weights=spread) == pytest.approx(2.0**2 + 0.25, rel=0.01)
        assert np.average(X**2, weights=spread) == pytest.approx(2.0**2 + 0.25, rel=0.01)
        assert spread.sum() == pytest.approx(4 * 255, rel=1e-4)

    def test_gaussian_keeps_an_even_grey(self) -> None:
        assert gaussian(flat(90, n=2).astype(np.float32), 1.5) == pytest.approx(90)

    def test_glass_scatters_without_moving(self) -> None:
        damaged = corrupt(scribbles(), "glass_blur", 3)
        assert damaged.mean() == pytest.approx(scribbles().mean(), rel=0.03)
        assert np.abs(np.subtract(middles(damaged), middles(scribbles()))).mean() < 0.3

    def test_glass_makes_a_straight_edge_ragged(self) -> None:
        half = flat(0)
        half[:, :, 14:] = 255
        places = corrupt(half, "glass_blur", 3)[:, 4:-4, 6:22].sum(2, dtype=float) / 255  # how much of each row is ink
        assert places.mean() == pytest.approx(8, abs=0.1)
        assert 0.2 < places.std() < 1

    def test_motion_smears_along_a_line_near_the_rows(self) -> None:
        damaged = corrupt(dots(13, 13), "motion_blur", 5).astype(float)
        weights = damaged / damaged.sum((1, 2), keepdims=True)
        across, down = (weights * X**2).sum((1, 2)), (weights * Y**2).sum((1, 2))
        # 12 steps of a pixel: a variance of (12² - 1) / 12; the spot and the interpolation add up to 0.5 an axis.
        assert across + down == pytest.approx(np.full(200, 143 / 12 + 0.8), rel=0.08)
        assert (across > down - 0.5).all()
        slant = (weights * X * Y).sum((1, 2))
        assert slant.min() < -3
        assert slant.max() > 3

    def test_motion_keeps_ink_and_place(self) -> None:
        damaged = corrupt(dots(13, 13), "motion_blur", 3)
        assert damaged.sum((1, 2), dtype=float) == pytest.approx(np.full(200, 4 * 255), rel=0.03)
        assert np.abs(middles(damaged)).max() < 0.1


class TestGeometry:
    def test_shear_moves_rows_by_their_height(self) -> None:
        down, right = middles(corrupt(dots(3, 13), "shear", 3))
        assert down == pytest.approx(np.full(200, -10), abs=0.1)
        assert np.abs(right) == pytest.approx(np.full(200, 0.4 * 10), abs=0.1)
        assert {-1, 1} == set(np.sign(right))

    def test_shear_keeps_the_middle_row(self) -> None:
        assert np.abs(middles(corrupt(dots(13, 13), "shear", 5))).max() < 0.01

    @pytest.mark.parametrize(("severity", "share"), [(1, 0.9), (3, 0.7), (5, 0.5)])
    def test_scale_shrinks_about_the_middle(self, severity: int, share: float) -> None:
        damaged = corrupt(dots(3, 19, n=1), "scale", severity)
        assert np.ravel(middles(damaged)) == pytest.approx(np.array([-10, 6]) * share, abs=0.3)
        square = flat(0, n=1)
        square[:, 4:24, 4:24] = 255
        assert corrupt(square, "scale", severity).sum() == pytest.approx(square.sum() * share**2, rel=0.02)

    @pytest.mark.parametrize(("severity", "degrees"), [(1, 8), (3, 23), (5, 45)])
    def test_rotate_turns_about_the_middle(self, severity: int, degrees: float) -> None:
        down, right = middles(corrupt(dots(13, 23), "rotate", severity))
        assert np.hypot(down, right) == pytest.approx(np.full(200, 10), abs=0.1)
        turned = np.degrees(np.arctan2(down, right))
        assert np.abs(turned) == pytest.approx(np.full(200, degrees), abs=1)
        assert {-1, 1} == set(np.sign(turned))

    @pytest.mark.parametrize("pixels", SEVERITIES)
    def test_translate_moves_by_whole_pixels_to_all_four_corners(self, pixels: int) -> None:
        damaged = corrupt(dots(13, 13), "translate", pixels)
        assert set(damaged.sum((1, 2))) == {4 * 255}
        corners = {(down, right) for down, right in np.round(middles(damaged), 6).T.tolist()}
        assert corners == {(y * pixels, x * pixels) for y in (-1, 1) for x in (-1, 1)}

    def test_what_comes_in_from_outside_is_paper(self) -> None:
        damaged = corrupt(flat(255), "translate", 4)
        assert set(damaged.sum((1, 2))) == {24 * 24 * 255}


class TestWeather:
    def test_brightness_lifts_paper_and_clips_ink(self) -> None:
        assert set(np.unique(corrupt(flat(0), "brightness", 3))) == {128}
        assert set(np.unique(corrupt(flat(20), "brightness", 3))) == {148}
        assert set(np.unique(corrupt(flat(200), "brightness", 3))) == {255}

    def test_fog_leaves_its_share_of_the_contrast(self) -> None:
        paper, ink = (corrupt(flat(value), "fog", 3).astype(int) for value in (0, 255))
        assert ink - paper == pytest.approx(np.full(ink.shape, 255 / 4), abs=1)

    def test_fog_is_grey_and_uneven_but_not_grainy(self) -> None:
        fog = corrupt(flat(0), "fog", 3).astype(float)
        assert fog.mean() == pytest.approx(0.5 * 255 * 3 / 4, rel=0.03)
        assert 8 < fog.std((1, 2)).mean() < 40
        # Each of 5 layers rises by at most half its weight over a cell: 5 × 0.5 / 27 a pixel, of three parts in four.
        assert max(np.abs(np.diff(fog, axis=axis)).max() for axis in (1, 2)) < 5 * 0.5 / 27 * 0.75 * 255 + 1

    def test_spatter_hides_ink_and_dirties_paper_with_mud(self) -> None:
        paper, ink = (corrupt(flat(value), "spatter", 3).astype(float) for value in (0, 255))
        assert (paper.max(), ink.min()) == (63, 63)
        assert paper / 63 == pytest.approx((255 - ink) / (255 - 63), abs=0.02)
        assert paper.mean() / 63 == pytest.approx(0.13, abs=0.02)


class TestDrawing:
    @pytest.mark.parametrize(("severity", "columns"), [(1, 3), (3, 7), (5, 11)])
    def test_stripe_inverts_both_sides(self, severity: int, columns: int) -> None:
        inverted = corrupt(flat(10, n=1), "stripe", severity)[0] == 245
        expected = [True] * columns + [False] * (SIZE - 2 * columns) + [True] * columns
        assert inverted.tolist() == [expected] * SIZE

    def test_dotted_line_is_straight_and_has_gaps(self) -> None:
        for drawn in corrupt(flat(0, n=50), "dotted_line", 3):
            rows, columns = np.nonzero(drawn > 127)
            slope, start = np.polyfit(columns, rows, 1)
            assert np.abs(rows - start - slope * columns).max() < 2
            assert np.ptp(columns) >= 20
            # Dashes of 2 pixels every 4: on a circle of 4 pixels ink fills a half, whose mean is 2/π from the middle.
            along = (columns + slope * (rows - start)) / math.hypot(1, slope)
            assert abs(np.exp(2j * np.pi * along / 4).mean()) == pytest.approx(2 / np.pi, abs=0.15)

    def test_zigzag_turns_at_each_tooth_and_has_no_gap(self) -> None:
        for drawn in corrupt(flat(0, n=50), "zigzag", 3):
            if drawn[:2].any() or drawn[-2:].any():
                continue  # it runs over the border, where its teeth are cut
            weights = drawn / drawn.sum(0, dtype=float)
            assert (drawn.max(0) > 127).all()
            rows = (weights * Y).sum(0)
            level = rows - np.polyval(np.polyfit(X[0], rows, 1), X[0])
            assert 2.5 < np.ptp(level) < 6
            assert 5 <= np.count_nonzero(np.diff(np.sign(level))) <= 8
            # A pen 2 pixels wide at 45 degrees.
            assert np.median(drawn.sum(0, dtype=float)) == pytest.approx(2 * math.sqrt(2) * 255, rel=0.15)

    @pytest.mark.parametrize("name", ["dotted_line", "zigzag"])
    def test_lines_add_ink_and_take_none(self, name: str) -> None:
        images = scribbles()
        assert (corrupt(images, name, 5) >= images).all()

    @pytest.mark.parametrize("name", ["dotted_line", "zigzag"])
    def test_lines_cross_at_any_height(self, name: str) -> None:
        down, _right = middles(corrupt(flat(0), name, 3))
        assert down.min() < -8
        assert down.max() > 8
        assert abs(down.mean()) < 2

    @pytest.mark.parametrize("name", ["dotted_line", "zigzag"])
    def test_more_lines_cross_at_worse_severities(self, name: str) -> None:
        one, two, three = (corrupt(flat(0), name, severity).mean() for severity in (3, 4, 5))
        assert two > 1.6 * one
        assert three > 2.1 * one

    def test_canny_leaves_a_thin_outline(self) -> None:
        square = flat(0, n=1)
        square[:, 8:20, 8:20] = 255
        edges = corrupt(square, "canny_edges", 3)[0]
        assert set(np.unique(edges)) == {0, 255}
        assert not edges[10:18, 10:18].any()
        assert not edges[:6].any()
        assert not edges[:, 22:].any()
        # One pixel on each side of the square in its middle row and column.
        assert np.count_nonzero(edges[14]) == np.count_nonzero(edges[:, 14]) == 2

    def test_canny_follows_a_diagonal(self) -> None:
        half = np.where(X > Y, 255, 0).astype(np.uint8)[None]
        falling = corrupt(half, "canny_edges", 3)[0] > 0
        rising = corrupt(half[:, :, ::-1], "canny_edges", 3)[0, :, ::-1] > 0
        for edges in (falling[4:-4], rising[4:-4]):
            assert edges.any(axis=1).all()
            assert np.abs((X - Y)[4:-4][edges] - 0.5).max() < 1

    def test_canny_follows_an_edge_until_it_is_very_weak(self) -> None:
        def edge(heights: np.ndarray) -> np.ndarray:
            """Where an edge between paper above and these greys below, one for each column, is found."""
            images = flat(0, n=1)
            images[:, 14:] = np.rint(heights)
            found: np.ndarray = corrupt(images, "canny_edges", 3)[0, 12:16].max(axis=0) > 0
            return found

        fading = 0.9 ** np.arange(SIZE)
        # A step of h is at its steepest h * 0.37 a pixel after the blur; 6.4 begins an edge, 3.2 continues it.
        assert not edge(np.full(SIZE, 14)).any()
        assert edge(np.full(SIZE, 20)).all()
        assert edge(250 * fading).all()
        assert edge(90 * fading)[:20].all()
        assert not edge(90 * fading)[25:].any()
