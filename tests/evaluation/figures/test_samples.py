from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from inkdigit.evaluation.figures.samples import COLUMNS, draw_samples


def test_each_class_has_a_row_of_its_own_with_its_count(tmp_path: Path, drawn: list[Figure]) -> None:
    labels = np.array([3, 3, 7] + [1] * 40)
    images = np.arange(43, dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8)  # image i is all i
    draw_samples(images, labels, "Digits", tmp_path / "samples.png")
    axes = drawn[0].axes[0]
    values = np.array([np.asarray(image.get_array()).max() for image in axes.images]).reshape(10, COLUMNS)
    assert values[3].tolist() == [0, 1] + [0] * (COLUMNS - 2)
    assert values[7, 0] == 2
    assert values[1].tolist() == list(range(3, 3 + COLUMNS))
    rows = [text.get_text() for text in axes.texts]
    assert rows[1] == "1   (40 images)"
    assert rows[9] == "9   (0 images)"
    assert axes.get_title() == "Digits"
