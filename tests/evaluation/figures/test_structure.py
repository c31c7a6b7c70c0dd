from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from inkdigit.evaluation.figures.structure import Layer, draw_structure

LAYERS = [
    Layer("", "input", (1, 28, 28), 0, 0, ()),
    Layer("conv1", "conv 5x5", (6, 24, 24), 156, 86400, (0,)),
    Layer("relu", "ReLU", (6, 24, 24), 0, 0, (1,), is_drawn=False),
    Layer("left", "conv 1x1", (4, 24, 24), 28, 13824, (2,)),
    Layer("right", "conv 1x1", (2, 24, 24), 14, 6912, (2,)),
    Layer("", "join", (6, 24, 24), 0, 0, (3, 4)),
    Layer("", "sum", (6, 24, 24), 0, 0, (1, 5)),
    Layer("fc", "linear", (10,), 34570, 34560, (6,)),
]


def test_table_has_a_line_for_each_layer_and_sums(tmp_path: Path, drawn: list[Figure]) -> None:
    draw_structure(LAYERS, "The network", tmp_path / "structure.png")
    lines: dict[float, list[str]] = {}
    for text in drawn[0].axes[1].texts:
        lines.setdefault(text.get_position()[1], []).append(text.get_text())
    assert lines[0] == ["layer", "kind", "output", "parameters", "multiply-adds"]
    assert lines[2] == ["conv1", "conv 5x5", "6 × 24 × 24", "156", "86,400"]
    assert lines[3] == ["relu", "ReLU", "6 × 24 × 24"]
    assert lines[9] == ["all", "", "", "34,768", "141,696"]
    assert drawn[0].get_suptitle() == "The network"


def test_branches_lie_side_by_side_and_activations_are_not_drawn(tmp_path: Path, drawn: list[Figure]) -> None:
    draw_structure(LAYERS, "The network", tmp_path / "structure.png")
    texts = {text.get_text(): text.get_position() for text in drawn[0].axes[0].texts}
    left, right = texts["conv 1x1\n4 × 24 × 24"], texts["conv 1x1\n2 × 24 × 24"]
    assert left[0] == right[0]
    assert left[1] != right[1]
    order = [texts[name][0] for name in ("input\n1 × 28 × 28", "conv 5x5\n6 × 24 × 24")]
    order += [left[0], texts["join\n6 × 24 × 24"][0], texts["sum\n6 × 24 × 24"][0], texts["linear\n10"][0]]
    assert order == [0, 1, 2, 3, 4, 5]
    assert not any("ReLU" in name for name in texts)


def test_a_line_for_each_way_and_the_one_that_skips_goes_around(tmp_path: Path, drawn: list[Figure]) -> None:
    draw_structure(LAYERS, "The network", tmp_path / "structure.png")
    lines = [np.asarray(line.get_xydata()).tolist() for line in drawn[0].axes[0].get_lines()]
    assert len(lines) == 8
    skipping = next(line for line in lines if line[0] == [1, 0] and line[-1] == [4, 0])
    assert min(y for _x, y in skipping) < 0
