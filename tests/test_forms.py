"""The benchmark of digits in printed boxes."""

from pathlib import Path

import numpy as np
import pytest
from benchmarks.forms import KINDS, draw

from inkdigit import load_dataset
from inkdigit.preparation.frames import find_frames
from inkdigit.preparation.ink import find_ink


@pytest.mark.parametrize("kind", KINDS)
def test_a_form_is_the_same_again_and_differs_from_others(kind: str, digits_folder: Path) -> None:
    digits = load_dataset(str(digits_folder), "validation")
    (grey, label), (again, same), (other, _) = (draw(kind, index, digits) for index in (0, 0, 1))
    assert np.array_equal(grey, again)
    assert label == same
    assert not np.array_equal(grey, other)
    assert label.replace("\n", "").isdigit()


@pytest.mark.parametrize("kind", KINDS)
def test_without_boxes_it_is_the_same_but_for_them(kind: str, digits_folder: Path) -> None:
    digits = load_dataset(str(digits_folder), "validation")
    pairs = [(draw(kind, index, digits), draw(kind, index, digits, boxes=False)) for index in range(8)]
    assert all(boxed[1] == plain[1] and boxed[0].shape == plain[0].shape for boxed, plain in pairs)
    found = [(len(find_frames(find_ink(boxed[0]))), len(find_frames(find_ink(plain[0])))) for boxed, plain in pairs]
    assert sum(with_boxes > 0 for with_boxes, _ in found) >= 5
    assert not any(without for _, without in found)
