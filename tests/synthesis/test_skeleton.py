"""The middle of strokes."""

import numpy as np
import PIL.Image
import pytest
from PIL import ImageDraw
from scipy import ndimage

from inkdigit.preparation.ink import Mask
from inkdigit.synthesis.skeleton import find_skeleton

TOUCHING = np.ones((3, 3))


def draw(*lines: tuple[tuple[int, int], ...], width: int = 7) -> Mask:
    picture = PIL.Image.new("L", (60, 60))
    for line in lines:
        ImageDraw.Draw(picture).line(line, fill=255, width=width, joint="curve")
    return np.asarray(picture) > 0


CROSS = draw(((10, 30), (50, 30)), ((30, 8), (30, 52)))
TICK = draw(((10, 30), (25, 48), (50, 10)))
RING = draw(((15, 15), (45, 15), (45, 45), (15, 45), (15, 12)))


@pytest.mark.parametrize("strokes", [CROSS, TICK, RING, CROSS | RING], ids=["cross", "tick", "ring", "both"])
def test_a_skeleton_is_thin_lies_within_and_hangs_together(strokes: Mask) -> None:
    before = strokes.copy()
    skeleton = find_skeleton(strokes)
    np.testing.assert_array_equal(strokes, before)
    assert not (skeleton & ~strokes).any()
    assert ndimage.label(skeleton, TOUCHING)[1] == 1
    assert ndimage.label(~skeleton)[1] == ndimage.label(~strokes)[1], "what was enclosed stays so"
    assert not ndimage.binary_erosion(skeleton, np.ones((2, 2))).any(), "nowhere two pixels wide"
    assert skeleton.sum() < 0.25 * strokes.sum()


def test_a_skeleton_runs_through_the_middle() -> None:
    rows, columns = np.nonzero(find_skeleton(draw(((5, 30), (55, 30)), width=9)))
    assert set(rows) <= {29, 30, 31}
    assert np.ptp(columns) > 40


@pytest.mark.parametrize("strokes", [np.zeros((5, 7), bool), np.eye(9, dtype=bool)], ids=["none", "thin already"])
def test_what_is_thin_stays(strokes: Mask) -> None:
    np.testing.assert_array_equal(find_skeleton(strokes), strokes)


def test_parts_stay_apart() -> None:
    two = np.zeros((30, 60), bool)
    two[5:25, 5:15] = two[5:25, 30:40] = True
    assert ndimage.label(find_skeleton(two), TOUCHING)[1] == 2
