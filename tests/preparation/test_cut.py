"""From the rough box of a digit to its own ink: sides move to where it ends, and what goes on beyond is cut off."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from inkdigit.images import SIZE, Images, Ink
from inkdigit.preparation.cut import REACH, Edges, cut_digit
from inkdigit.preparation.normalize import normalize

STROKES = {
    "2": [(0.05, 0.2), (0.3, 0.02), (0.7, 0.04), (0.9, 0.25), (0.05, 0.97), (0.97, 0.97)],
    "7": [(0.02, 0.03), (0.97, 0.03), (0.3, 0.97)],
    "1": [(0.5, 0.02), (0.5, 0.97)],
    "4": [(0.7, 0.97), (0.7, 0.02), (0.03, 0.65), (0.97, 0.65)],
}
"""Corners of strokes within a digit's box."""

X, Y, WIDTH, HEIGHT = 60, 50, 66, 100


def draw(strokes: str = "2", pen: int = 7, shape: tuple[int, int] = (220, 200)) -> Ink:
    """A digit on a clean page."""
    picture = Image.new("F", shape[::-1])
    points = [(X + x * WIDTH, Y + y * HEIGHT) for x, y in STROKES[strokes]]
    ImageDraw.Draw(picture).line(points, 1, pen)
    return np.array(picture, np.float32)


def ink_box(ink: Ink, least: float = 0.3) -> Edges:
    rows, columns = (np.flatnonzero((ink > least).any(axis)) for axis in (1, 0))
    return float(columns[0]), float(rows[0]), float(np.ptp(columns)) + 1, float(np.ptp(rows)) + 1


def alike(first: Images, second: Images) -> float:
    """The share of ink that two images have in common."""
    return float(np.minimum(first, second).sum() / np.maximum(first, second).sum())


def smooth(ink: Ink, sigma: float = 1.0) -> Ink:
    blurred = Image.fromarray((ink * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(sigma))
    return np.asarray(blurred, np.float32) / np.float32(255)


WRONG = [
    (0, 0, 0, 0),
    (-1, 0, 0, 0),
    (1, 0, 0, 0),
    (0, -1, 0, 0),
    (0, 1, 0, 0),
    (0, 0, -1, 0),
    (0, 0, 1, 0),
    (0, 0, 0, -1),
    (0, 0, 0, 1),
    (1, 1, 1, 1),
    (-1, -1, -1, -1),
    (1, -1, 1, -1),
    (-1, 1, -1, 1),
]
"""Left, top, right and bottom, each too far in (1) or out (-1)."""


def spoil(box: Edges, sides: tuple[int, int, int, int], share: float) -> Edges:
    by = share * max(box[2:])
    left, top, right, bottom = (side * by for side in sides)
    return box[0] + left, box[1] + top, box[2] - left - right, box[3] - top - bottom


@pytest.mark.parametrize("strokes", STROKES)
@pytest.mark.parametrize("sides", WRONG)
def test_a_box_that_is_a_little_wrong_gives_the_clean_digit(strokes: str, sides: tuple[int, int, int, int]) -> None:
    ink = draw(strokes)
    np.testing.assert_array_equal(cut_digit(ink, spoil(ink_box(ink), sides, 0.08)), normalize(ink))


@pytest.mark.parametrize("strokes", STROKES)
def test_soft_edges_belong_to_the_digit(strokes: str) -> None:
    ink = smooth(draw(strokes))
    found = cut_digit(ink, ink_box(ink))
    assert alike(found, normalize(ink)) > 0.8
    for sides in WRONG:
        np.testing.assert_array_equal(cut_digit(ink, spoil(ink_box(ink), sides, 0.08)), found)


@pytest.mark.parametrize("scale", [0.2, 3])
def test_digits_of_any_size(scale: float) -> None:
    page = draw("4")
    size = (round(page.shape[1] * scale), round(page.shape[0] * scale))
    ink = np.asarray(
        Image.fromarray(page).resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR)
    )
    for sides in WRONG:
        assert alike(cut_digit(ink, spoil(ink_box(ink), sides, 0.06)), normalize(ink)) > 0.85


def test_a_box_between_pixels() -> None:
    ink = draw()
    x, y, width, height = ink_box(ink)
    np.testing.assert_array_equal(cut_digit(ink, (x - 0.4, y + 0.4, width + 0.7, height - 0.6)), normalize(ink))


def test_what_lies_apart_is_no_part_of_it() -> None:
    clean = draw("1")
    ink = clean.copy()
    ink[:, 40:50] = ink[:, 150:160] = 1  # neighbours
    ink[20:26] = 1  # a ruling above
    np.testing.assert_array_equal(cut_digit(ink, ink_box(clean)), normalize(clean))


@pytest.mark.parametrize("row", [Y + 40, Y + 96])
def test_a_ruling_that_goes_on_is_cut_at_the_box(row: int) -> None:
    clean = draw("2")
    ink = clean.copy()
    ink[row : row + 2] = 1
    x, y, width, height = (round(edge) for edge in ink_box(clean))
    np.testing.assert_array_equal(
        cut_digit(ink, ink_box(clean)), normalize(ink[y - 1 : y + height + 1, x - 1 : x + width + 1])
    )


def test_a_neighbour_that_touches_is_cut_at_the_box() -> None:
    clean = draw("7")
    ink = clean.copy()
    x, y, width, height = (round(edge) for edge in ink_box(clean))
    ink[y : y + 6, x + width : x + width + 60] = 1  # its bar goes on into another's
    ink[y : y + height, x + width + 52 : x + width + 60] = 1
    found = cut_digit(ink, ink_box(clean))
    np.testing.assert_array_equal(found, normalize(ink[y - 1 : y + height + 1, x - 1 : x + width + 1]))
    assert alike(found, normalize(clean)) > 0.9


def test_a_side_moves_no_farther_than_its_reach() -> None:
    ink = np.zeros((200, 200), np.float32)
    ink[50:150, 94:106] = 1
    for missing, is_whole in ((0.8 * REACH, True), (1.4 * REACH, False)):
        height = 100 / (1 + missing)
        found = cut_digit(ink, (94.0, 150 - height, 12.0, height))
        assert np.array_equal(found, normalize(ink)) == is_whole


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom", "all"])
def test_a_digit_at_the_edge_of_the_page_is_whole(side: str) -> None:
    clean = draw("4")
    x, y, width, height = (round(edge) for edge in ink_box(clean))
    rows = slice(y if side in ("top", "all") else 0, y + height if side in ("bottom", "all") else None)
    columns = slice(x if side in ("left", "all") else 0, x + width if side in ("right", "all") else None)
    ink = clean[rows, columns]
    for sides in WRONG:
        np.testing.assert_array_equal(cut_digit(ink, spoil(ink_box(ink), sides, 0.08)), normalize(clean))


@pytest.mark.parametrize(
    "box",
    [
        (-500.0, 0.0, 40.0, 60.0),
        (900.0, 0.0, 40.0, 60.0),
        (0.0, -500.0, 40.0, 60.0),
        (0.0, 900.0, 40.0, 60.0),
        (60.0, 50.0, 0.0, 0.0),
        (1.0, 1.0, 0.0, 30.0),
        (150.0, 160.0, 30.0, 40.0),
    ],
)
def test_a_box_without_ink_gives_a_blank_image(box: Edges) -> None:
    found = cut_digit(draw(shape=(220, 200)) if box[0] != 60 else np.zeros((220, 200), np.float32), box)
    assert found.shape == (SIZE, SIZE)
    assert found.dtype == np.uint8
    assert not found.any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (3, 3)])
def test_pages_of_any_size(shape: tuple[int, int]) -> None:
    for ink in (np.ones(shape, np.float32), np.zeros(shape, np.float32)):
        for box in ((0.0, 0.0, 1.0, 1.0), (-3.0, -3.0, 60.0, 60.0), (0.5, 0.5, 0.1, 0.1)):
            assert cut_digit(ink, box).any() == ink.any()


def test_the_page_is_left_as_it_is() -> None:
    ink = draw()
    before: NDArray[np.float32] = ink.copy()
    cut_digit(ink, ink_box(ink))
    np.testing.assert_array_equal(ink, before)


class TestTouching:
    """Two digits whose boxes overlap: each pixel belongs to the one whose middle is nearer, for its size."""

    @staticmethod
    def alike(first: Images, second: Images) -> float:
        """As ``alike``, but the centre of mass may round to the next pixel."""
        return max(alike(np.roll(first, (x, y), (0, 1)), second) for x in (-1, 0, 1) for y in (-1, 0, 1))

    def test_a_neighbour_s_stub_is_not_cut_with_it(self) -> None:
        alone = draw("7", pen=15)
        neighbour = np.zeros_like(alone)
        neighbour[Y + 30 : Y + 70, X + WIDTH - 4 : X + WIDTH + 60] = 1  # a bar that reaches into the 7's box
        both = np.maximum(alone, neighbour)
        box, other = ink_box(alone), np.array([ink_box(neighbour)], np.float32)
        clean = cut_digit(alone, box)
        parted, whole = (self.alike(cut_digit(both, box, others), clean) for others in (other, other[:0]))
        assert parted > 0.8
        assert parted > whole

    def test_what_is_nearer_to_its_own_middle_stays(self) -> None:
        ink = draw("2", pen=15)
        x, y, width, height = ink_box(ink)
        beside = np.array([(x + width - 6, y, width, height), (x - width + 6, y, width, height)], np.float32)
        assert self.alike(cut_digit(ink, (x, y, width, height), beside), cut_digit(ink, (x, y, width, height))) > 0.8

    def test_boxes_far_away_do_not_matter(self) -> None:
        ink = draw("4")
        far = np.array([(0, 0, 20, 20), (X, Y + 2 * HEIGHT, WIDTH, 10), (150, 0, 40, 30)], np.float32)
        np.testing.assert_array_equal(cut_digit(ink, ink_box(ink), far), cut_digit(ink, ink_box(ink)))
