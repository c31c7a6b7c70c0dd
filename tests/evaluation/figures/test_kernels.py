from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from matplotlib.figure import Figure

from inkdigit.errors import UsageError
from inkdigit.evaluation.figures.kernels import draw_kernels


def kernels(checkpoints: int, k: int = 3) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """All weights are the number of their checkpoint, half of it in the kernels after the first."""
    values = np.ones((checkpoints, k, 3, 3), np.float32) * np.arange(checkpoints)[:, None, None, None]
    values[:, 1:] /= 2
    return values


def shown(figure: Figure) -> list[float]:
    return [float(np.asarray(image.get_array())[0, 0]) for image in figure.axes[0].images]


def test_a_row_for_each_checkpoint(tmp_path: Path, drawn: list[Figure]) -> None:
    draw_kernels([10, 20, 1000], kernels(3), "Kernels", tmp_path / "kernels.png")
    assert shown(drawn[0]) == [0, 0, 0, 1, 0.5, 0.5, 2, 1, 1]
    assert [text.get_text() for text in drawn[0].axes[0].texts] == [
        "after step 10",
        "after step 20",
        "after step 1,000",
    ]
    assert {image.get_clim() for image in drawn[0].axes[0].images} == {(-2, 2)}
    assert drawn[0].axes[1].get_ylabel() == "weight"


def test_of_many_checkpoints_ten_with_the_first_and_the_last(tmp_path: Path, drawn: list[Figure]) -> None:
    draw_kernels(list(range(50)), kernels(50, k=20), "Kernels", tmp_path / "kernels.png")
    rows = [text.get_text() for text in drawn[0].axes[0].texts]
    assert (len(rows), rows[0], rows[-1]) == (10, "after step 0", "after step 49")
    assert drawn[0].axes[0].get_title() == "Kernels (the first 16 of 20)"


def test_one_checkpoint(tmp_path: Path, drawn: list[Figure]) -> None:
    draw_kernels([5], kernels(1), "Kernels", tmp_path / "kernels.png")
    assert len(drawn[0].axes[0].images) == 3


def test_an_animation_has_a_frame_for_each_checkpoint(tmp_path: Path) -> None:
    draw_kernels([10, 20, 30, 40], kernels(4), "Kernels", tmp_path / "kernels.gif")
    with PIL.Image.open(tmp_path / "kernels.gif") as animation:
        assert animation.format == "GIF"
        assert getattr(animation, "n_frames", 1) == 4
        assert animation.info["loop"] == 0
        assert animation.info["duration"] == 1000
        first = np.asarray(animation.convert("RGB"))
        animation.seek(3)
        assert (np.asarray(animation.convert("RGB")) != first).any()


def test_another_format(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.gif"):
        draw_kernels([1], kernels(1), "Kernels", tmp_path / "kernels.mp4")
    assert not list(tmp_path.iterdir())
