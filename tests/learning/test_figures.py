"""Every kind of picture, from a run or without one."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from matplotlib.figure import Figure as Sheet

from inkdigit.errors import DataError, EnvironmentFault, ImageError, UsageError
from inkdigit.learning.augment import AUGMENTATIONS
from inkdigit.learning.figures import FIGURES, show

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture
def run(trained_run: Path, tmp_path: Path) -> Path:
    """A copy of a run, to draw into."""
    return Path(shutil.copytree(trained_run, tmp_path / "lenet-1"))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Sheet]:
    """The figures that were saved meanwhile."""
    figures: list[Sheet] = []
    save = Sheet.savefig

    def remember(self: Sheet, *arguments: Any, **options: Any) -> None:
        figures.append(self)
        save(self, *arguments, **options)

    monkeypatch.setattr(Sheet, "savefig", remember)
    return figures


def words(sheet: Sheet) -> str:
    titles = [axes.get_title(loc=side) for axes in sheet.axes for side in ("left", "center", "right")]
    return "\n".join([sheet.get_suptitle(), *titles])


@pytest.mark.parametrize("kind", FIGURES)
def test_every_kind_draws_a_run_into_its_folder(kind: str, run: Path) -> None:
    assert FIGURES[kind].description
    (run / f"{kind}.png").unlink(missing_ok=True)
    path = show(kind, [run])
    assert path == run / f"{kind}.png"
    with PIL.Image.open(path) as picture:
        assert picture.format == "PNG"
        assert min(picture.size) >= 150
        assert len(set(picture.convert("L").tobytes())) > 20


@pytest.mark.parametrize("kind", ["samples", "augmentations"])
def test_without_a_run_the_picture_lies_here(
    kind: str, digits_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert show(kind, data=str(digits_folder)) == Path(f"{kind}.png")
    assert [path.name for path in tmp_path.iterdir()] == [f"{kind}.png"]


def test_several_runs_have_curves_of_their_names(
    run: Path, tmp_path: Path, drawn: list[Sheet], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    other = shutil.copytree(run, tmp_path / "other" / "lenet-1")
    third = shutil.copytree(run, tmp_path / "lenet-2")
    assert show("curves", [run, third]) == Path("curves.png")
    assert show("curves", [run, other]) == Path("curves.png")
    names = [{str(line.get_label()).split(",")[0] for line in figure.axes[0].get_lines()} for figure in drawn]
    assert names == [{"lenet-1", "lenet-2"}, {f"{tmp_path.name}/lenet-1", "other/lenet-1"}]


def test_curves_are_those_of_the_log(run: Path, drawn: list[Sheet]) -> None:
    show("curves", [run])
    log = [line.split(",") for line in (run / "metrics.csv").read_text().splitlines()]
    column = log[0].index("validation_accuracy")
    expected = [100 * float(line[column]) for line in log[1:] if line[column]]
    lines = {str(line.get_label()): line for line in drawn[0].axes[1].get_lines()}
    found = np.asarray(lines["lenet-1, validation"].get_xydata())[:, 1].tolist()
    assert found == pytest.approx(expected)


def test_confusion_is_that_of_the_evaluation(run: Path, drawn: list[Sheet]) -> None:
    show("confusion", [run])
    counts = json.loads((run / "evaluation.json").read_text())["confusion"]
    texts = {text.get_position(): text.get_text() for text in drawn[0].axes[0].texts}
    assert all(texts.get((x, y), "0") == str(counts[y][x]) for x in range(10) for y in range(10))


def test_the_data_are_the_runs_own_unless_others_are_named(run: Path, drawn: list[Sheet], digits_folder: Path) -> None:
    heard: list[str] = []
    show("reliability", [run], announce=heard.append)
    show("reliability", [run], data="optdigits", announce=heard.append)
    assert heard == [str(digits_folder), "optdigits"]
    assert "60 images" in words(drawn[0])
    assert "optdigits, 500 images" in words(drawn[1])


def test_a_model_file_does_where_no_run_is_needed(run: Path, tmp_path: Path, drawn: list[Sheet]) -> None:
    show("features", [run / "model.onnx"], image=str(SAMPLES / "seven.png"), out=tmp_path / "features.png")
    assert "model.onnx makes of seven.png" in words(drawn[0])
    assert "conv1: 6 × 24 × 24" in words(drawn[0])
    with pytest.raises(UsageError, match="expected the folder of a run"):
        show("kernels", [run / "model.onnx"])


def test_an_image_by_its_index(run: Path, drawn: list[Sheet]) -> None:
    show("saliency", [run], image=13)
    assert "test image 13 of" in words(drawn[0])
    assert "a 3: which pixels made it a" in words(drawn[0])


def test_mistakes_of_a_range(run: Path, drawn: list[Sheet]) -> None:
    show("mistakes", [run], data="optdigits", image="100-249")
    assert "test images 100-249" in words(drawn[0])
    assert "misread of 150" in words(drawn[0])
    numbers = [int(text.get_text().split()[-1]) for text in drawn[0].axes[0].texts]
    assert numbers
    assert all(100 <= number <= 249 for number in numbers)


def test_augmentations_of_a_recipe(run: Path, drawn: list[Sheet]) -> None:
    settings = json.loads((run / "run.json").read_text())
    settings["recipe"]["augment"] = {"rotate": 15, "blur": 0.5}
    (run / "run.json").write_text(json.dumps(settings))
    show("augmentations", [run])
    texts = [text.get_text() for text in drawn[0].axes[0].texts]
    assert texts[:4] == ["as it is", "rotate 15", "blur 0.5", "all together"]
    assert AUGMENTATIONS["rotate"].description in texts
    assert "the recipe lenet does" in words(drawn[0])


def test_an_animation_has_a_frame_for_each_checkpoint(run: Path) -> None:
    path = show("kernels", [run], out=run / "kernels.gif")
    with PIL.Image.open(path) as animation:
        assert getattr(animation, "n_frames", 1) == len(list((run / "weights").iterdir())) == 6


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("curvs", {}, "did you mean 'curves'"),
        ("curves", {"runs": 0}, "found 0 runs, expected at least one run"),
        ("confusion", {"runs": 2}, "found 2 runs, expected one run"),
        ("samples", {"runs": 2}, "expected a run or none"),
        ("curves", {"data": "optdigits"}, "--data optdigits, which curves does not take"),
        ("confusion", {"image": 3}, "it is for mistakes, features, saliency"),
        ("saliency", {"image": 60}, "found image 60, expected 0 to 59"),
        ("features", {"image": -1}, "found image -1"),
        ("mistakes", {"image": "7"}, "expected a range of test images such as 0-499"),
        ("mistakes", {"image": "9-3"}, "expected a range"),
        ("mistakes", {"image": "0-60"}, "found image 60, expected 0 to 59"),
        ("confusion", {"out": "a.gif"}, r"found '\.gif', expected a file that ends in \.png"),
        ("samples", {"data": "optdigit"}, "did you mean 'optdigits'"),
    ],
)
def test_wrong_usage(kind: str, options: dict[str, Any], message: str, run: Path) -> None:
    before = sorted(run.iterdir())
    runs = [run] * options.pop("runs", 0 if "data" in options and kind == "samples" else 1)
    with pytest.raises(UsageError, match=message):
        show(kind, runs, **options)
    assert sorted(run.iterdir()) == before


def test_a_picture_that_cannot_be_read(run: Path, tmp_path: Path) -> None:
    (tmp_path / "words.png").write_text("words")
    for name in ("words.png", "none.png"):
        with pytest.raises(ImageError, match=name):
            show("features", [run], image=str(tmp_path / name))
    assert not (run / "features.png").exists()


def test_a_network_without_convolutions(digits_folder: Path, tmp_path: Path) -> None:
    from inkdigit import train

    train("softmax", data=str(digits_folder), out=tmp_path / "softmax", settings=["epochs=1"])
    for kind in ("features", "kernels"):
        with pytest.raises(UsageError, match="no convolution"):
            show(kind, [tmp_path / "softmax"])
        assert not (tmp_path / "softmax" / f"{kind}.png").exists()


def test_runs_that_are_none_or_not_whole(run: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        show("confusion", [tmp_path / "none"])
    (run / "result.json").unlink()
    with pytest.raises(DataError, match="the run is unfinished; go on with"):
        show("confusion", [run])
    (run / "metrics.csv").unlink()
    with pytest.raises(DataError, match=r"metrics\.csv"):
        show("curves", [run])


@pytest.mark.parametrize("kind", FIGURES)
def test_a_locator_shows_what_needs_no_classifier(kind: str, locator_run: Path, tmp_path: Path) -> None:
    out, model = tmp_path / "x.png", locator_run / "model.onnx"
    if FIGURES[kind].takes_model:
        with pytest.raises(UsageError, match=f"the run of a locator; {kind} expects that of a network that reads one"):
            show(kind, [locator_run], out=out)
        with pytest.raises(DataError, match=r"model\.onnx: a locator, which finds digits on pages"):
            show(kind, [model], out=out, data="optdigits")
    else:
        show(kind, [locator_run], out=out)
    assert out.exists() == (not FIGURES[kind].takes_model)


def test_without_matplotlib(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(EnvironmentFault, match=r"matplotlib is not installed.*inkdigit\[learn\]"):
        show("mistakes", [run])
