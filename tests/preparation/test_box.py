"""A place in a picture."""

from dataclasses import astuple

import numpy as np
import pytest

from inkdigit.preparation.box import Box


def test_its_centre_lies_half_way() -> None:
    assert (Box(10, 20, 5, 8).centre_x, Box(10, 20, 5, 8).centre_y) == (12.5, 24)


@pytest.mark.parametrize("box", [Box(0, 0, 1, 1), Box(5, 2, 3, 4), Box(0, 0, 9, 7)])
def test_it_turns_with_its_picture(box: Box) -> None:
    page = np.zeros((7, 9), bool)
    for _ in range(4):
        page[:] = False
        page[box.y : box.y + box.height, box.x : box.x + box.width] = True
        turned = box.turn(page.shape[1])
        page = np.rot90(page).copy()
        rows, columns = np.nonzero(page)
        expected = (columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)
        assert astuple(turned) == expected
        box = turned
