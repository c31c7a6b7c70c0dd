"""What lies among the writing."""

import numpy as np

from inkdigit.synthesis.litter import strew_litter
from inkdigit.synthesis.sheet import Sheet


def strewn(seed: int, ink: float = 0.0) -> Sheet:
    sheet = Sheet(np.full((120, 160), ink, np.float32), 160)
    strew_litter(sheet, np.random.default_rng(seed))
    return sheet


def test_litter_is_ink_and_no_digit() -> None:
    sheets = [strewn(seed) for seed in range(40)]
    assert sum(sheet.ink.any() for sheet in sheets) > 35
    assert not any(sheet.boxes for sheet in sheets)
    assert len({sheet.ink.tobytes() for sheet in sheets}) > 35
    assert all(np.array_equal(sheet.ink, strewn(seed).ink) for seed, sheet in enumerate(sheets[:5]))


def test_a_standing_line_may_be_a_1() -> None:
    """Else a locator doubts the 1s of most people; of all other litter it is asked."""
    places = [place for seed in range(300) for place in strewn(seed).ignored]
    assert 5 < len(places) < 60
    tall = [place for place in places if place[1] > 0 and place[1] + place[3] < 120]
    assert tall
    assert all(height > 2 * width for _, _, width, height in tall)


def test_it_is_not_strewn_over_writing() -> None:
    for seed in range(20):
        sheet = strewn(seed, ink=0.5)
        assert (sheet.ink == 0.5).all()
