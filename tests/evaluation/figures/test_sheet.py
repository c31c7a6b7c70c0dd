import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest

from inkdigit.errors import UsageError
from inkdigit.evaluation.figures.augmentations import draw_augmentations
from inkdigit.evaluation.figures.confusion import draw_confusion
from inkdigit.evaluation.figures.curves import draw_curves
from inkdigit.evaluation.figures.features import draw_features
from inkdigit.evaluation.figures.kernels import draw_kernels
from inkdigit.evaluation.figures.mistakes import draw_mistakes
from inkdigit.evaluation.figures.reliability import draw_reliability
from inkdigit.evaluation.figures.risk_coverage import draw_risk_coverage
from inkdigit.evaluation.figures.saliency import draw_saliency
from inkdigit.evaluation.figures.samples import draw_samples
from inkdigit.evaluation.figures.sheet import (
    check_suffix,
    draw_grid,
    label_rows,
    new_figure,
    plain,
    save_figure,
    widest,
)
from inkdigit.evaluation.figures.structure import Layer, draw_structure
from inkdigit.evaluation.history import Row
from inkdigit.images import Images, Probabilities

NAME = "_a$\\bad$ 数字 \udcff"

LABELS = np.arange(10)
IMAGES = np.zeros((10, 28, 28), np.uint8)
SURE = np.eye(10, dtype=np.float32)
MAPS = np.ones((2, 4, 4), np.float32)
KERNELS = np.ones((2, 3, 5, 5), np.float32)
HISTORY = [Row(1, 1.0, 0.1, 0.5, 0.5, 1.0)]
LAYERS = [Layer("input", "input", (1, 28, 28), 0, 0, ()), Layer("fc", "linear", (10,), 7850, 7840, (0,))]

Draw: TypeAlias = Callable[[Path], None]


def even(images: Images) -> Probabilities:
    return np.full((len(images), 10), 0.1, np.float32)


FIGURES: Mapping[str, Draw] = {
    "augmentations": lambda path: draw_augmentations({"as it is": IMAGES}, {}, NAME, path),
    "confusion": lambda path: draw_confusion(np.eye(10, dtype=int).tolist(), NAME, path),
    "curves": lambda path: draw_curves({NAME: HISTORY}, path),
    "features": lambda path: draw_features(IMAGES[0], {NAME: MAPS}, NAME, path),
    "kernels": lambda path: draw_kernels([1, 2], KERNELS, NAME, path),
    "animation": lambda path: draw_kernels([1, 2], KERNELS, NAME, path.with_suffix(".gif")),
    "mistakes": lambda path: draw_mistakes(IMAGES, [], NAME, path),
    "reliability": lambda path: draw_reliability(SURE, LABELS, NAME, path),
    "risk-coverage": lambda path: draw_risk_coverage(SURE, LABELS, NAME, path),
    "saliency": lambda path: draw_saliency(even, IMAGES[0], NAME, path),
    "samples": lambda path: draw_samples(IMAGES, LABELS, NAME, path),
    "structure": lambda path: draw_structure(LAYERS, NAME, path),
}


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


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lenet 1\n2", "lenet 1\n2"),
        ("a$\\bad$", r"a\$\bad\$"),
        (r"a\$b", r"a\\$b"),
        ("_run", " _run"),
        ("sur\udcff", "sur?"),
        ("数字", "数字"),
    ],
)
def test_names_are_drawn_letter_for_letter(name: str, expected: str, tmp_path: Path) -> None:
    assert plain(name) == expected
    figure = new_figure(1, 1)
    axes = figure.subplots()
    axes.set(title=plain(name))
    axes.plot([0, 1], [0, 1], label=plain(name))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        legend = axes.legend()
        save_figure(figure, tmp_path / "figure.svg")
    assert [text.get_text() for text in legend.get_texts()] == [expected]


@pytest.mark.parametrize("kind", FIGURES)
def test_every_figure_draws_a_dreadful_name(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inkdigit.evaluation.figures.sheet.DPI", 20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FIGURES[kind](tmp_path / "figure.png")
    assert list(tmp_path.iterdir())
