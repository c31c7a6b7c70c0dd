"""Opening model files that nobody vouches for."""

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import inkdigit.session as module
from inkdigit.errors import DataError
from inkdigit.session import open_session, read_metadata, run, shape_of


def build() -> onnx.ModelProto:
    """y = x + a constant."""
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ("n", 3, None))
    told = helper.make_tensor_value_info("y", TensorProto.FLOAT, ("n", 3, 50))
    weights = numpy_helper.from_array(np.arange(50, dtype=np.float32), "w")
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "add", [given], [told], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    helper.set_model_props(model, {"seed": "7", "classes": '["0", "1"]', "author": "someone else", "note": "{"})
    return model


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "m.onnx").write_bytes(build().SerializeToString())
    return tmp_path / "m.onnx"


def test_a_model_runs(path: Path) -> None:
    for threads in (0, 1):
        (found,) = open_session(path, threads).run(None, {"x": np.ones((2, 3, 50), np.float32)})
        np.testing.assert_array_equal(found[1, 2], np.arange(50) + 1)


def test_no_memory_is_planned_for_a_size_that_comes_but_once(path: Path) -> None:
    assert not open_session(path, any_size=True).get_session_options().enable_mem_pattern
    assert open_session(path).get_session_options().enable_mem_pattern


def test_a_lack_of_memory_is_not_the_models_fault() -> None:
    class Failing:
        def __init__(self, words: str) -> None:
            self.words = words

        def run(self, *_: object) -> None:
            raise RuntimeError(self.words)

    for words in ("while running Conv node: std::bad_alloc", "Failed to allocate memory for requested buffer"):
        with pytest.raises(MemoryError, match=r"m\.onnx: needs more memory than there is for a page"):
            run(Failing(words), Path("m.onnx"), ["y"], {}, "a page")
    with pytest.raises(DataError, match=r"m\.onnx: failed on a page \(Got invalid dimensions\)"):
        run(Failing("Got invalid dimensions"), Path("m.onnx"), ["y"], {}, "a page")


def test_threads_do_not_spin_between_calls(path: Path) -> None:
    assert open_session(path).get_session_options().get_session_config_entry("session.force_spinning_stop") == "1"


def test_values_become_integers_after_they_are_pooled(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    asked: dict[str, object] = {}
    monkeypatch.setattr("inkdigit.session.onnxruntime.InferenceSession", lambda *_, **options: asked.update(options))
    open_session(path)
    assert asked["disabled_optimizers"] == ["QDQPropagationTransformer"]


def test_shapes_are_numbers_or_n(path: Path) -> None:
    (given,), (told,) = open_session(path).get_inputs(), open_session(path).get_outputs()
    assert shape_of(given) == ["n", 3, "n"]
    assert shape_of(told) == ["n", 3, 50]


def test_metadata_that_are_nested_without_end_are_text(path: Path) -> None:
    addition = onnx.ModelProto()
    addition.metadata_props.add(key="deep", value="[" * 100_000)
    assert read_metadata(open_session(path, suffix=addition.SerializeToString()))["deep"] == "[" * 100_000


def test_metadata_are_values_or_else_text(path: Path) -> None:
    expected = {"seed": 7, "classes": ["0", "1"], "author": "someone else", "note": "{"}
    assert read_metadata(open_session(path)) == expected


def test_bytes_that_are_joined_are_merged(path: Path) -> None:
    addition = onnx.ModelProto()
    addition.metadata_props.add(key="more", value="1")
    assert read_metadata(open_session(path, suffix=addition.SerializeToString()))["more"] == 1


def test_what_is_missing_or_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "none.onnx", tmp_path):
        with pytest.raises(DataError, match="no such model file"):
            open_session(path)


@pytest.mark.parametrize("content", [b"", b"this is no model\n" * 50, build().SerializeToString()[:100]])
def test_what_is_no_model_is_told_in_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(DataError, match=r"m\.onnx: not a model that can be opened") as caught:
        open_session(tmp_path / "m.onnx")
    assert "\n" not in str(caught.value)


def test_a_huge_file_is_not_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MODEL_BYTES", 2**20)
    os.truncate(path, 2**20 + 1)
    with pytest.raises(DataError, match="larger than 1 MiB"):
        open_session(path)


def test_a_model_never_reads_files_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    onnx.save_model(build(), "m.onnx", save_as_external_data=True, location="weights.bin", size_threshold=10)
    assert Path("weights.bin").stat().st_size >= 200
    with pytest.raises(DataError, match="not a model that can be opened"):
        open_session(Path("m.onnx"))
