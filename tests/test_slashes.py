"""The benchmark of tall signs between digits."""

from pathlib import Path

import numpy as np
import pytest
from benchmarks.slashes import KINDS, draw

from inkdigit import load_dataset


@pytest.mark.parametrize("kind", KINDS)
def test_a_line_is_the_same_again_and_differs_from_others(kind: str, digits_folder: Path) -> None:
    digits = load_dataset(str(digits_folder), "validation")
    (grey, label), (again, same), (other, _) = (draw(kind, index, digits) for index in (0, 0, 1))
    assert np.array_equal(grey, again)
    assert label == same
    assert label.isdigit()
    assert not np.array_equal(grey, other)


def test_with_and_without_a_sign_it_holds_the_same_digits(digits_folder: Path) -> None:
    digits = load_dataset(str(digits_folder), "validation")
    for index in range(8):
        (slash, first), (bracket, second), (plain, third) = (draw(kind, index, digits) for kind in KINDS)
        assert first == second == third
        assert min(slash.shape[1], bracket.shape[1]) > plain.shape[1]
        assert slash.shape[0] == bracket.shape[0] == plain.shape[0]
