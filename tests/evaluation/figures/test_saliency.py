from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from inkdigit.evaluation.figures.saliency import draw_saliency, occlude
from inkdigit.images import Images, Probabilities

IMAGE = np.zeros((28, 28), np.uint8)
IMAGE[10, 14] = 255


def looks_at_one_pixel(images: Images) -> Probabilities:
    """A 7 where there is ink at row 10, column 14, and no ink at row 20, column 3."""
    is_seven = (images[:, 10, 14] > 128) & (images[:, 20, 3] < 128)
    probabilities = np.full((len(images), 10), 0.02, np.float32)
    probabilities[:, 7] = np.where(is_seven, 0.82, 0.02)
    probabilities[:, 1] = np.where(is_seven, 0.02, 0.82)
    return probabilities


@pytest.mark.parametrize(("ink", "row", "column"), [(0, 10, 14), (255, 20, 3)])
def test_finds_the_pixel_that_counts(ink: int, row: int, column: int) -> None:
    evidence = occlude(looks_at_one_pixel, IMAGE, 7, ink)
    rows, columns = np.nonzero(np.abs(evidence) > 1e-6)
    assert (rows.min(), rows.max()) == (row - 2, row + 2)
    assert (columns.min(), columns.max()) == (column - 2, column + 2)
    assert evidence[row, column] == pytest.approx(np.log(0.82 / 0.18) - np.log(0.02 / 0.98), abs=1e-5)


def test_a_network_that_is_sure_beyond_measure() -> None:
    certain = np.eye(10, dtype=np.float32)[[7]]
    assert (occlude(lambda images: certain.repeat(len(images), 0), IMAGE, 7, 0) == 0).all()


def test_says_which_digit_and_in_which_unit(tmp_path: Path, drawn: list[Figure]) -> None:
    draw_saliency(looks_at_one_pixel, IMAGE, "mine", tmp_path / "saliency.png")
    assert drawn[0].get_suptitle().startswith("mine: which pixels made it a 7?")
    titles = [axes.get_title() for axes in drawn[0].axes if axes.get_title()]
    assert titles == ["read as 7, 82.0% sure", "covered with paper", "covered with ink"]
    assert "evidence for 7 that is lost (nats)" in [axes.get_ylabel() for axes in drawn[0].axes]


def test_an_image_without_an_outline(tmp_path: Path) -> None:
    draw_saliency(looks_at_one_pixel, np.zeros((28, 28), np.uint8), "blank", tmp_path / "saliency.png")
    assert (tmp_path / "saliency.png").exists()
