from pathlib import Path

import numpy as np
import pytest

from inkdigit.errors import UsageError
from inkdigit.evaluation.figures.sheet import check_suffix, draw_grid, label_rows, new_figure, save_figure, widest


@pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("PDF", b"%PDF")])
def test_the_name_chooses_the_format(suffix: str, start: bytes, tmp_path: Path) -> None:
    save_figure(new_figure(1, 1), tmp_path / f"figure.{suffix}")
    assert (tmp_path / f"figure.{suffix}").read_bytes().startswith(start)


@pytest.mark.parametrize("name", ["figure.bmp", "figure", "png"])
def test_other_formats_are_refused_and_nothing_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"expected a file that ends in \.png, \.svg, \.pdf"):
        save_figure(new_figure(1, 1), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_figure_may_have_formats_of_its_own() -> None:
    check_suffix(Path("a.GIF"), (".gif",))


def test_a_grid_puts_images_row_by_row_over_their_captions() -> None:
    axes = new_figure(3, 3).subplots()
    images = [np.full((2 + i, 2), i) for i in range(5)]
    draw_grid(axes, images, 2, captions=list("abcde"), lines=1)
    places = [image.get_extent() for image in axes.images]
    assert [int(image.get_array()[0, 0]) for image in axes.images] == [0, 1, 2, 3, 4]  # type: ignore[index]
    lefts, tops = [place[0] for place in places], [place[3] for place in places]
    assert lefts[0] == lefts[2] == lefts[4] < lefts[1] == lefts[3]
    assert tops[0] == tops[1] < tops[2] == tops[3] < tops[4]
    assert [text.get_text() for text in axes.texts] == list("abcde")
    for text, (left, right, bottom, _top) in zip(axes.texts, places, strict=True):
        assert left < text.get_position()[0] < right
        assert bottom < text.get_position()[1] < bottom + 0.2


def test_labels_of_rows_lie_within_the_axes() -> None:
    axes = new_figure(3, 3).subplots()
    draw_grid(axes, [np.zeros((2, 2))] * 2, 1)
    label_rows(axes, ["a", "a long label"])
    assert axes.get_xlim()[0] < -1
    assert [text.get_text() for text in axes.texts] == ["a", "a long label"]


@pytest.mark.parametrize(("values", "expected"), [([1.0, -3.0], 3), ([0.0], 1), ([], 1)])
def test_widest(values: list[float], expected: float) -> None:
    assert widest(np.array(values)) == expected
