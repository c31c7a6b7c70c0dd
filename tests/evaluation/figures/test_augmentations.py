from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from inkdigit.evaluation.figures.augmentations import draw_augmentations


def test_rows_carry_their_names_and_notes(tmp_path: Path, drawn: list[Figure]) -> None:
    digits = np.zeros((3, 28, 28), np.uint8)
    rows = {"as it is": digits, "rotate 15": digits + np.uint8(9)}
    draw_augmentations(rows, {"rotate 15": "turn"}, "What it does", tmp_path / "a.png")
    axes = drawn[0].axes[0]
    assert [int(np.asarray(image.get_array())[0, 0]) for image in axes.images] == [0, 0, 0, 9, 9, 9]
    height = {text.get_text(): text.get_position()[1] for text in axes.texts if text.get_text()}
    assert height["turn"] == height["rotate 15"] > height["as it is"]
    assert axes.get_title() == "What it does"
