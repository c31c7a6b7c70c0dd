"""Maps of a page, what stands out of them, and the files that make them."""

import pickle
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from inkdigit.errors import DataError
from inkdigit.locator import (
    BOXES,
    CENTRES,
    FAINTEST,
    INPUT,
    STRIDE,
    Findings,
    OnnxLocator,
    find_peaks,
    share_of_smaller,
    share_of_union,
)


def maps(height: int = 6, width: int = 9) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros((10, height, width), np.float32), np.zeros((4, height, width), np.float32)


def test_a_peak_is_a_box_around_its_centre() -> None:
    centres, boxes = maps()
    centres[7, 2, 5], centres[1, 2, 5] = 0.8, 0.3
    boxes[:, 2, 5] = np.log(12), np.log(20), 0.25, -0.5
    found = find_peaks(centres, boxes)
    np.testing.assert_allclose(found.boxes, [[STRIDE * 5.75 - 6, STRIDE * 2 - 10, 12, 20]], rtol=1e-6)
    assert found.boxes.dtype == found.scores.dtype == np.float32
    np.testing.assert_array_equal(found.scores, centres[:, 2, 5][None])
    assert len(found) == 1


def test_of_neighbours_the_likeliest_stands_out_whatever_their_value() -> None:
    centres, boxes = maps()
    centres[7, 2, 5], centres[1, 3, 6], centres[7, 2, 3] = 0.8, 0.7, 0.6
    found = find_peaks(centres, boxes)
    assert found.scores.max(1).tolist() == pytest.approx([0.6, 0.8])


def test_corners_and_faint_peaks() -> None:
    centres, boxes = maps()
    for row, column in ((0, 0), (0, 8), (5, 0), (5, 8)):
        centres[3, row, column] = 0.5
    centres[3, 3, 3] = FAINTEST
    assert len(find_peaks(centres, boxes)) == 4


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (6, 1)])
def test_maps_of_any_size(shape: tuple[int, int]) -> None:
    centres, boxes = maps(*shape)
    assert len(find_peaks(centres, boxes)) == 0
    centres[0, -1, -1] = 1
    assert len(find_peaks(centres, boxes)) == 1


def test_shares_by_hand() -> None:
    first = np.array([[0, 0, 10, 10], [5, 0, 10, 10], [50, 50, 4, 4]], np.float32)
    second = np.array([[0, 0, 10, 10], [2, 2, 4, 4]], np.float32)
    union, smaller = np.array([[1, 0.16], [50 / 150, 4 / 112], [0, 0]]), np.array([[1, 1], [0.5, 0.25], [0, 0]])
    np.testing.assert_allclose(share_of_union(first, second), union, rtol=1e-5)
    np.testing.assert_allclose(share_of_smaller(first, second), smaller, rtol=1e-5)
    assert share_of_union(first[:0], second).shape == (0, 2)
    assert share_of_union(first, second[:0]).shape == (3, 0)


def build(
    *, name: str = INPUT, kind: int = TensorProto.UINT8, channels: tuple[int, int] = (10, 4), n: int | str = 1
) -> onnx.ModelProto:
    """A graph that marks bright pixels, one cell in four, as whatever digit, or something like it."""
    nodes = [
        helper.make_node("Cast", [name], ["values"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["values", "one"], ["plane"]),
        helper.make_node("MaxPool", ["plane"], ["cells"], kernel_shape=[4, 4], strides=[4, 4], ceil_mode=1),
        helper.make_node("Div", ["cells", "white"], ["likely"]),
        helper.make_node("Expand", ["likely", "tens"], [CENTRES]),
        helper.make_node("Expand", ["likely", "fours"], [BOXES]),
    ]
    outputs = [
        helper.make_tensor_value_info(output, TensorProto.FLOAT, (1, count, "a", "b"))
        for output, count in zip((CENTRES, BOXES), channels, strict=True)
    ]
    constants = [
        helper.make_tensor("one", TensorProto.INT64, (1,), [1]),
        helper.make_tensor("white", TensorProto.FLOAT, (1,), [255.0]),
        *(
            helper.make_tensor(name, TensorProto.INT64, (4,), [1, count, 1, 1])
            for name, count in zip(("tens", "fours"), channels, strict=True)
        ),
    ]
    given = helper.make_tensor_value_info(name, kind, (n, "h", "w"))
    graph = helper.make_graph(nodes, "bright", [given], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    helper.set_model_props(model, {"name": '"bright"'})
    return model


def save(model: onnx.ModelProto, folder: Path) -> Path:
    path = folder / "m.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def test_a_file_finds_what_its_graph_marks(tmp_path: Path) -> None:
    locator = OnnxLocator(save(build(), tmp_path))
    page = np.zeros((33, 50), np.uint8)
    page[9, 21], page[32, 49] = 255, 102
    found = locator(page)
    assert isinstance(found, Findings)
    assert found.scores.max(1).tolist() == pytest.approx([1.0, 0.4])
    np.testing.assert_allclose(found.boxes[0, 2:], np.e, rtol=1e-6)
    np.testing.assert_allclose(found.boxes[0, :2] + found.boxes[0, 2:] / 2, (26, 14), rtol=1e-6)
    assert locator.metadata == {"name": "bright"}
    assert len(locator(page[::2, ::-1])) > 0, "a view does as well"


def test_it_is_sent_to_other_processes_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(build(), tmp_path)
    monkeypatch.chdir(tmp_path)
    sent = pickle.dumps(OnnxLocator("m.onnx", threads=1))
    monkeypatch.chdir("/")
    page = np.zeros((33, 50), np.uint8)
    page[9, 21] = 255
    assert pickle.loads(sent)(page).scores.max(1).tolist() == [1.0]  # noqa: S301 - our own


@pytest.mark.parametrize(
    "difference",
    [{"name": "page"}, {"kind": TensorProto.FLOAT}, {"channels": (11, 4)}, {"channels": (10, 5)}, {"n": "n"}],
    ids=str,
)
def test_a_graph_of_another_signature_is_refused(difference: dict[str, object], tmp_path: Path) -> None:
    path = save(build(**difference), tmp_path)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"m\.onnx: found inputs .* expected 'pages' uint8 \(1, h, w\)"):
        OnnxLocator(path)


def test_a_graph_that_gives_no_floats_is_refused(tmp_path: Path) -> None:
    model = build()
    model.graph.node[-1].output[0] = "as floats"
    model.graph.node.append(helper.make_node("Cast", ["as floats"], [BOXES], to=TensorProto.DOUBLE))
    model.graph.output[1].type.tensor_type.elem_type = TensorProto.DOUBLE
    with pytest.raises(DataError, match="found inputs"):
        OnnxLocator(save(model, tmp_path))


@pytest.mark.parametrize("spoil", ["Slice", "Log"])
def test_maps_that_mark_no_digits_are_told(spoil: str, tmp_path: Path) -> None:
    """Of another size than that of the centres; infinite."""
    model = build()
    model.graph.node[-1].output[0] = "whole"
    ends = ["starts", "ends", "axes"] if spoil == "Slice" else []
    model.graph.node.append(helper.make_node(spoil, ["whole", *ends], [BOXES]))
    for name, value in zip(ends, (0, 1, 3), strict=False):
        model.graph.initializer.append(helper.make_tensor(name, TensorProto.INT64, (1,), [value]))
    model.graph.output[1].CopyFrom(helper.make_tensor_value_info(BOXES, TensorProto.FLOAT, (1, 4, "c", "d")))
    locator = OnnxLocator(save(model, tmp_path))
    with pytest.raises(DataError, match="gave maps that mark no digits; export it again"):
        locator(np.zeros((32, 48), np.uint8))


def test_a_classifier_is_called_one(trained_run: Path) -> None:
    with pytest.raises(DataError, match=r"model\.onnx: a classifier, which reads one digit; expected a locator"):
        OnnxLocator(trained_run / "model.onnx")


def test_a_page_that_fails_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"m\.onnx: failed on a page") as caught:
        OnnxLocator(save(build(), tmp_path))(np.zeros((8, 8), np.float32))
    assert "\n" not in str(caught.value)
