"""What a user may call a model."""

from pathlib import Path

import numpy as np
import pytest

from inkdigit.classifier import OnnxClassifier
from inkdigit.data.dataset import load_dataset
from inkdigit.errors import DataError, UsageError
from inkdigit.images import CLASSES
from inkdigit.reading.weights import DEFAULT, FLOATS, LOCATOR, SHIPPED, find_model


def test_shipped_weights_are_found_by_name() -> None:
    assert DEFAULT == "reader"
    assert set(SHIPPED) == {DEFAULT, FLOATS, LOCATOR}
    assert find_model("reader") == SHIPPED["reader"]
    assert LOCATOR == "locator"
    assert FLOATS == "reader-float"
    for name in (DEFAULT, FLOATS, LOCATOR):
        assert find_model(name).is_file()


def test_the_reader_says_nearly_what_it_said_in_floats() -> None:
    images = load_dataset("optdigits", "test").images[:200]
    integers, floats = (OnnxClassifier(find_model(name))(images) for name in (DEFAULT, FLOATS))
    assert len(set(floats.argmax(1).tolist())) >= CLASSES
    assert 0 < np.abs(integers - floats).max(1).mean() < 0.02


def test_a_run_is_found_by_its_folder(trained_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_model(trained_run) == find_model(f"{trained_run}/") == trained_run / "model.onnx"
    monkeypatch.chdir(trained_run.parent)
    assert find_model("lenet") == Path("lenet/model.onnx")


def test_a_file_is_itself_whatever_it_is_called(tmp_path: Path) -> None:
    assert find_model(tmp_path / "none.onnx") == tmp_path / "none.onnx"
    (tmp_path / "model").touch()
    assert find_model(str(tmp_path / "model")) == tmp_path / "model"


def test_a_folder_beside_does_not_hide_the_shipped_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "reader").mkdir()
    monkeypatch.chdir(tmp_path)
    assert find_model("reader") == SHIPPED["reader"]
    with pytest.raises(DataError):
        find_model("./reader/.")


def test_an_unknown_name_tells_the_nearest() -> None:
    with pytest.raises(UsageError, match="unknown model 'raeder'; did you mean 'reader'"):
        find_model("raeder")
    with pytest.raises(UsageError, match="known: locator, reader, reader-float"):
        find_model("zzz")


def test_an_unfinished_run_tells_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(DataError, match=r"no model\.onnx.* inkdigit train RECIPE --out .* --resume"):
        find_model(tmp_path)


@pytest.mark.parametrize("name", ["runs/lenet-9", "./lenet-9", "runs/"])
def test_a_path_that_leads_nowhere_is_missing_data_and_no_unknown_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="no such folder or file"):
        find_model(name)
