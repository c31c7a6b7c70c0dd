"""The files of ``--steps``."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from inkdigit.errors import EnvironmentFault
from inkdigit.preparation.box import Box
from inkdigit.reading.draw import draw_annotated, draw_network, draw_panels
from inkdigit.reading.explain import Explanation
from inkdigit.reading.result import Digit
from inkdigit.reading.steps import write_png, write_steps

NAMES = ["1-given.png", "2-grey.png", "3-ink.png", "4-boxes.png", "5-network.png", "panels.png"]


def test_every_step_is_a_picture(
    make_explanation: Callable[..., Explanation], make_digit: Callable[..., Digit], tmp_path: Path
) -> None:
    explanation = make_explanation([make_digit(4, Box(100, 120, 40, 60))])
    write_steps(explanation, tmp_path / "a" / "page")
    found = {path.name: PIL.Image.open(path) for path in sorted((tmp_path / "a" / "page").iterdir())}
    assert list(found) == NAMES
    expected = (
        explanation.picture,
        PIL.Image.fromarray(explanation.grey),
        PIL.Image.fromarray(255 - explanation.grey),
        draw_annotated(explanation),
        draw_network(explanation),
        draw_panels(explanation),
    )
    for picture, drawn in zip(found.values(), expected, strict=True):
        assert picture.mode == drawn.mode
        np.testing.assert_array_equal(np.asarray(picture), np.asarray(drawn))
        picture.close()


def test_a_picture_without_digits_has_all_steps(make_explanation: Callable[..., Explanation], tmp_path: Path) -> None:
    write_steps(make_explanation(), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == NAMES


def test_steps_of_before_are_replaced(make_explanation: Callable[..., Explanation], tmp_path: Path) -> None:
    (tmp_path / NAMES[0]).write_text("old")
    write_steps(make_explanation(), tmp_path)
    assert (tmp_path / NAMES[0]).read_bytes().startswith(b"\x89PNG")


def test_a_picture_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(EnvironmentFault, match=r"a\.png: cannot be written \(No space left on device\)"):
        write_png(path, PIL.Image.new("L", (3, 3)))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
