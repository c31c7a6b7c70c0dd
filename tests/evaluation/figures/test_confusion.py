from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from inkdigit.evaluation.figures.confusion import draw_confusion


def test_counts_stand_where_they_belong(tmp_path: Path, drawn: list[Figure]) -> None:
    counts = np.diag([8] * 9 + [0])
    counts[4, 9] = 2  # two fours read as nines
    draw_confusion(counts.tolist(), "mine", tmp_path / "confusion.png")
    axes = drawn[0].axes[0]
    texts = {text.get_position(): text.get_text() for text in axes.texts}
    assert texts[9, 4] == "2"
    assert texts[4, 4] == "8"
    assert (4, 9) not in texts
    assert texts[9.6, 4] == "80.0 %"
    assert texts[9.6, 0] == "100.0 %"
    assert texts[9.6, 9] == "none"
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("read as", "is", "mine")
    assert drawn[0].axes[1].get_ylabel() == "misread (images)"


def test_colour_tells_mistakes_alone(tmp_path: Path, drawn: list[Figure]) -> None:
    counts = np.full((10, 10), 1)
    counts[0, 0] = 1000
    counts[3, 5] = 4
    draw_confusion(counts.tolist(), "mine", tmp_path / "confusion.png")
    image = drawn[0].axes[0].images[0]
    assert image.get_clim() == (0, 4)
    assert np.ma.getmaskarray(np.ma.masked_invalid(np.ma.asarray(image.get_array())))[0, 0]


def test_without_mistakes(tmp_path: Path, drawn: list[Figure]) -> None:
    draw_confusion(np.diag([5] * 10).tolist(), "mine", tmp_path / "confusion.png")
    assert (tmp_path / "confusion.png").exists()
