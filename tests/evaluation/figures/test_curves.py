import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from inkdigit.errors import EnvironmentFault
from inkdigit.evaluation.figures.curves import draw_curves
from inkdigit.evaluation.history import Row

PNG = b"\x89PNG\r\n\x1a\n"


def row(step: int, validation: float | None = None) -> Row:
    """A line of a log whose quantities are told apart by their sizes."""
    return Row(
        step=step,
        epoch=step / 10,
        lr=0.1,
        train_loss=2 / step,
        train_accuracy=1 - 0.5 / step,
        validation_loss=validation,
        validation_accuracy=None if validation is None else 1 - validation,
        seconds=step,
    )


HISTORY = [row(5), row(10, validation=0.3), row(15), row(20, validation=0.2)]


def points(axes: Any) -> dict[str, list[list[float]]]:
    """Label → points of each line, to five places."""
    return {line.get_label(): np.round(line.get_xydata(), 5).tolist() for line in axes.get_lines()}


def test_writes_a_png(tmp_path: Path) -> None:
    draw_curves({"lenet": HISTORY}, tmp_path / "new folder" / "curves.png")
    assert (tmp_path / "new folder" / "curves.png").read_bytes().startswith(PNG)


def test_draws_what_was_measured_where_it_was(tmp_path: Path, drawn: list[Figure]) -> None:
    draw_curves({"lenet": HISTORY}, tmp_path / "curves.png")
    loss, accuracy = (points(axes) for axes in drawn[0].axes)
    assert loss["lenet, train"] == [[0.5, 0.4], [1, 0.2], [1.5, 0.13333], [2, 0.1]]
    assert loss["lenet, validation"] == [[1, 0.3], [2, 0.2]]
    assert accuracy["lenet, train"][:2] == [[0.5, 90], [1, 95]]
    assert accuracy["lenet, validation"] == [[1, 70], [2, 80]]


def test_axes_say_what_they_show(tmp_path: Path, drawn: list[Figure]) -> None:
    draw_curves({"lenet": HISTORY}, tmp_path / "curves.png")
    loss, accuracy = drawn[0].axes
    assert (loss.get_xlabel(), loss.get_ylabel()) == ("epoch", "cross entropy (nats)")
    assert (accuracy.get_xlabel(), accuracy.get_ylabel()) == ("epoch", "share read right (%)")
    assert loss.get_ylim()[0] == 0


def test_draws_every_run_however_many(tmp_path: Path, drawn: list[Figure]) -> None:
    names = [f"run {number}" for number in range(9)]
    draw_curves(dict.fromkeys(names, HISTORY), tmp_path / "curves.png")
    for axes in drawn[0].axes:
        _lines, labels = axes.get_legend_handles_labels()
        assert {label.split(",")[0] for label in labels} == set(names)


def test_runs_differ_in_colour_and_a_run_does_not(tmp_path: Path, drawn: list[Figure]) -> None:
    draw_curves({"a": HISTORY, "b": HISTORY}, tmp_path / "curves.png")
    colours = [line.get_color() for line in drawn[0].axes[0].get_lines()]
    assert colours[0] == colours[1] != colours[2] == colours[3]


def test_a_run_without_validation_has_no_such_curve(tmp_path: Path, drawn: list[Figure]) -> None:
    draw_curves({"lenet": [row(5), row(10)]}, tmp_path / "curves.png")
    assert list(points(drawn[0].axes[0])) == ["lenet, train"]


def test_without_matplotlib_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(EnvironmentFault, match=r"inkdigit\[learn\]"):
        draw_curves({"lenet": HISTORY}, tmp_path / "curves.png")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match=r"curves\.png: cannot be written"):
        draw_curves({"lenet": HISTORY}, tmp_path / "file" / "curves.png")
