"""The benchmark of sheets on desks."""

from pathlib import Path

import numpy as np
from benchmarks.desks import draw

from inkdigit import load_dataset
from inkdigit.preparation.surroundings import level_surroundings


def test_a_sheet_is_the_same_again_and_differs_from_others(digits_folder: Path) -> None:
    digits = load_dataset(str(digits_folder), "validation")
    (grey, label), (again, same), (other, _) = (draw(index, digits) for index in (0, 0, 1))
    assert np.array_equal(grey, again)
    assert label == same
    assert label.isdigit()
    assert not np.array_equal(grey, other)


def test_without_the_desk_it_is_the_same_sheet_and_smaller(digits_folder: Path) -> None:
    digits = load_dataset(str(digits_folder), "validation")
    pairs = [(draw(index, digits), draw(index, digits, desk=False)) for index in range(20)]
    assert all(seen[1] == alone[1] and seen[0].size > alone[0].size for seen, alone in pairs)
    found = [[level_surroundings(grey) is not None for grey, _ in pair] for pair in pairs]
    assert sum(seen for seen, _ in found) >= 17
    assert not any(alone for _, alone in found)
