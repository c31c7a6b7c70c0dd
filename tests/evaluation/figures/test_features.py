from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from inkdigit.evaluation.figures.features import MOST, draw_features


def test_each_layer_says_its_shape_and_how_much_of_it_is_shown(tmp_path: Path, drawn: list[Figure]) -> None:
    random = np.random.default_rng(0)
    maps = {"conv1": random.normal(size=(6, 24, 24)), "conv2": random.normal(size=(40, 8, 8))}
    image = np.zeros((28, 28), np.uint8)
    few = {name: values.astype(np.float32) for name, values in maps.items()}
    draw_features(image, few, "What it makes of it", tmp_path / "features.png")
    shown = {axes.get_title(loc="left"): len(axes.images) for axes in drawn[0].axes if axes.images}
    assert shown == {"input: 1 × 28 × 28": 1, "conv1: 6 × 24 × 24": 6, "conv2: 40 × 8 × 8, the first 32": MOST}
    assert [axes.get_ylabel() for axes in drawn[0].axes if axes.get_ylabel()] == ["activation", "activation"]


def test_colours_of_a_layer_are_comparable_and_white_is_zero(tmp_path: Path, drawn: list[Figure]) -> None:
    values = np.zeros((2, 4, 4), np.float32)
    values[1, 0, 0] = -5
    draw_features(np.zeros((28, 28), np.uint8), {"conv1": values}, "", tmp_path / "features.png")
    layer = next(axes for axes in drawn[0].axes if axes.get_title(loc="left").startswith("conv1"))
    assert {image.get_clim() for image in layer.images} == {(-5, 5)}
