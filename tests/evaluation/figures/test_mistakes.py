from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from inkdigit.evaluation.figures.mistakes import MOST, Mistake, draw_mistakes, find_mistakes


def probabilities(*rows: tuple[int, float], classes: int = 10) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """One row for each (digit, confidence); the rest is shared by the others."""
    values = np.array([[(1 - p) / (classes - 1)] * classes for _digit, p in rows], np.float32)
    for row, (digit, p) in zip(values, rows, strict=True):
        row[digit] = p
    return values


def test_the_surest_mistake_comes_first() -> None:
    found = find_mistakes(probabilities((1, 0.9), (2, 0.6), (3, 0.99), (4, 0.8)), np.array([1, 5, 6, 7]))
    assert [(m.index, m.read_as, m.label) for m in found] == [(2, 3, 6), (3, 4, 7), (1, 2, 5)]
    assert [m.confidence for m in found] == pytest.approx([0.99, 0.8, 0.6])


def test_not_a_digit_is_no_reading() -> None:
    values = probabilities((10, 0.9), classes=11)
    values[0, 4] = 0.05
    assert [m.read_as for m in find_mistakes(values, np.array([2]))] == [4]


def test_says_what_was_read_and_what_it_is(tmp_path: Path, drawn: list[Figure]) -> None:
    images = np.arange(3, dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8)
    mistakes = [Mistake(2, 9, 4, 0.987), Mistake(0, 1, 7, 0.5)]
    draw_mistakes(images, mistakes, "mine on mnist", tmp_path / "mistakes.png", first=100)
    axes = drawn[0].axes[0]
    assert [text.get_text() for text in axes.texts] == [
        "read as 9, is 4\n98.7% sure\nimage 102",
        "read as 1, is 7\n50.0% sure\nimage 100",
    ]
    assert [int(np.asarray(image.get_array())[0, 0]) for image in axes.images] == [2, 0]
    assert axes.get_title() == "mine on mnist\n2 misread of 3"


def test_of_many_the_worst_are_shown(tmp_path: Path, drawn: list[Figure]) -> None:
    mistakes = [Mistake(i, 1, 2, 1 - i / 1000) for i in range(MOST + 5)]
    draw_mistakes(np.zeros((100, 28, 28), np.uint8), mistakes, "mine", tmp_path / "mistakes.png")
    axes = drawn[0].axes[0]
    assert len(axes.images) == MOST
    assert f"{MOST + 5} misread of 100, the {MOST} that it was surest of" in axes.get_title()


def test_without_mistakes(tmp_path: Path, drawn: list[Figure]) -> None:
    draw_mistakes(np.zeros((4, 28, 28), np.uint8), [], "mine", tmp_path / "mistakes.png")
    assert drawn[0].axes[0].get_title() == "mine\n0 misread of 4"
