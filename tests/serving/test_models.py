import os
import threading
from pathlib import Path

import pytest

from inkdigit.errors import DataError, UsageError
from inkdigit.reading.weights import SHIPPED
from inkdigit.serving.models import hash_model, name_models


def test_names_tell_no_folders(tmp_path: Path) -> None:
    run, file = tmp_path / "lenet-1", tmp_path / "my <net>.onnx"
    run.mkdir()
    for path in (run / "model.onnx", file):
        path.touch()
    models = name_models(["reader", str(run), str(file), "reader"])
    assert models == {"reader": SHIPPED["reader"], "lenet-1": run / "model.onnx", "mynet": file}
    assert list(models) == ["reader", "lenet-1", "mynet"]


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder / "run").mkdir(parents=True)
        (tmp_path / folder / "run" / "model.onnx").touch()
    with pytest.raises(UsageError, match="two models named 'run'"):
        name_models([str(tmp_path / "a" / "run"), str(tmp_path / "b" / "run")])


def test_a_file_is_told_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert hash_model(tmp_path / "a").startswith("ba7816bf")
    with pytest.raises(DataError, match="cannot be read"):
        hash_model(tmp_path / "b")


def test_a_pipe_is_no_model_and_nobody_waits_for_it(tmp_path: Path) -> None:
    pipe = tmp_path / "model.onnx"
    os.mkfifo(pipe)
    told: list[str] = []

    def ask() -> None:
        with pytest.raises(DataError) as caught:
            hash_model(pipe)
        told.append(str(caught.value))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(5)
    assert "cannot be read (no such file)" in told[0]
