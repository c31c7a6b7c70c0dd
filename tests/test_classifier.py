"""Models from files: whole, damaged, of another kind."""

import json
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import inkdigit.classifier as module
from inkdigit import DataError, OnnxClassifier
from inkdigit.classifier import BATCH_SIZE, INPUT, OUTPUT
from inkdigit.images import Images
from inkdigit.learning.graph import write_metadata

SESSIONS = ("_session", "_session_for_one")
WEIGHTS = np.random.default_rng(0).normal(0, 1e-3, (784, 10)).astype(np.float32)


def images(n: int) -> Images:
    return np.random.default_rng(1).integers(0, 256, (n, 28, 28), dtype=np.uint8)


def build(
    *,
    name: str = INPUT,
    output: str = OUTPUT,
    kind: int = TensorProto.UINT8,
    shape: tuple[str | int, ...] = ("n", 28, 28),
    classes: int = 10,
    metadata: Mapping[str, str] | None = None,
) -> onnx.ModelProto:
    """A linear classifier as a graph, or something like one."""
    weights = np.resize(WEIGHTS, (784, classes))
    graph = helper.make_graph(
        [
            helper.make_node("Cast", [name], ["float"], to=TensorProto.FLOAT),
            helper.make_node("Reshape", ["float", "flat"], ["rows"]),
            helper.make_node("MatMul", ["rows", "weights"], ["logits"]),
            helper.make_node("Softmax", ["logits"], [output], axis=1),
        ],
        "linear",
        [helper.make_tensor_value_info(name, kind, shape)],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ("n", classes))],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.array([-1, 784], np.int64), "flat"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    helper.set_model_props(model, dict(metadata or {}))
    return model


def save(model: onnx.ModelProto, path: Path) -> Path:
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def classifier(tmp_path: Path) -> OnnxClassifier:
    return OnnxClassifier(save(build(), tmp_path / "m.onnx"))


def softmax(pixels: Images) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    logits = pixels.reshape(len(pixels), 784).astype(np.float64) @ WEIGHTS
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))


def test_computes_what_the_graph_says(classifier: OnnxClassifier) -> None:
    found = classifier(images(5))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, softmax(images(5)), atol=1e-4)


def test_it_is_sent_to_other_processes_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(build(), tmp_path / "m.onnx")
    monkeypatch.chdir(tmp_path)
    opened = OnnxClassifier("m.onnx", threads=1)
    monkeypatch.chdir("/")
    sent = pickle.dumps(opened)
    received = pickle.loads(sent)  # noqa: S301 - our own
    np.testing.assert_allclose(received(images(5)), softmax(images(5)), atol=1e-4)
    assert received._session_for_one is received._session, "threads=1 went with it"


@pytest.mark.parametrize("n", [0, 1, BATCH_SIZE - 1, BATCH_SIZE, BATCH_SIZE + 1, 2 * BATCH_SIZE + 3])
def test_any_number_of_images(n: int, classifier: OnnxClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    together = classifier(images(n))
    assert together.shape == (n, 10)
    monkeypatch.setattr(module, "BATCH_SIZE", 10)
    np.testing.assert_allclose(classifier(images(n)), together, atol=1e-6)


def test_large_sets_are_split(classifier: OnnxClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    session = classifier._session

    class Listening:
        def run(self, names: list[str], feed: Mapping[str, Images]) -> Any:
            sizes.append(len(feed[INPUT]))
            return session.run(names, feed)

    monkeypatch.setattr(classifier, "_session", Listening())
    classifier(images(BATCH_SIZE + 5))
    assert sizes == [BATCH_SIZE, 5]


def test_memory_in_another_order_is_no_matter(classifier: OnnxClassifier) -> None:
    turned = np.asfortranarray(images(4))
    np.testing.assert_array_equal(classifier(turned), classifier(images(4)))
    np.testing.assert_array_equal(classifier(images(8)[::2]), classifier(images(8))[::2])


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((2, 28, 28), np.float32),
        np.zeros((2, 28, 28), bool),
        np.zeros((28, 28), np.uint8),
        np.zeros((2, 1, 28, 28), np.uint8),
        np.zeros((2, 32, 32), np.uint8),
        np.zeros((0, 27, 28), np.uint8),
    ],
)
def test_nothing_is_converted_silently(
    wrong: np.ndarray[Any, np.dtype[Any]], classifier: OnnxClassifier, trained_run: Path
) -> None:
    for call in (classifier, OnnxClassifier(trained_run / "model.onnx").run_features):
        with pytest.raises(ValueError, match=r"expected uint8 \(n, 28, 28\)"):
            call(wrong)


def test_a_graph_that_gives_no_floats_is_refused(tmp_path: Path) -> None:
    model = build()
    model.graph.node[-1].output[0] = "floats"
    model.graph.node.append(helper.make_node("Cast", ["floats"], [OUTPUT], to=TensorProto.INT64))
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT64
    with pytest.raises(DataError, match="found inputs"):
        OnnxClassifier(save(model, tmp_path / "m.onnx"))


def test_there_must_be_an_answer_for_each_image(classifier: OnnxClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SESSIONS:
        monkeypatch.setattr(classifier, name, SimpleNamespace(run=lambda *_: [np.eye(10, dtype=np.float32)[:1]]))
    assert classifier(images(1)).shape == (1, 10)
    with pytest.raises(DataError, match="gave values that are no probabilities"):
        classifier(images(3))


def test_an_eleventh_class_is_allowed(tmp_path: Path) -> None:
    assert OnnxClassifier(save(build(classes=11), tmp_path / "m.onnx"))(images(2)).shape == (2, 11)


@pytest.mark.parametrize(
    "difference",
    [
        {"name": "pixels"},
        {"output": "scores"},
        {"kind": TensorProto.FLOAT},
        {"shape": (1, 28, 28)},
        {"shape": ("n", 28, 29)},
        {"shape": ("n", "h", "w")},
        {"shape": ("n", 784)},
        {"shape": ("n", 1, 28, 28)},
        {"classes": 9},
        {"classes": 26},
    ],
    ids=str,
)
def test_a_graph_of_another_signature_is_refused(difference: dict[str, Any], tmp_path: Path) -> None:
    path = save(build(**difference), tmp_path / "m.onnx")
    with pytest.raises(DataError, match=r"m\.onnx: found inputs .* expected 'images' uint8 \(n, 28, 28\)"):
        OnnxClassifier(path)


def test_a_locator_is_called_one(locator_run: Path) -> None:
    with pytest.raises(DataError, match=r"model\.onnx: a locator, which finds digits on pages; expected a classifier"):
        OnnxClassifier(locator_run / "model.onnx")


def test_a_graph_that_wants_more_is_refused(tmp_path: Path) -> None:
    model = build()
    model.graph.input.append(helper.make_tensor_value_info("temperature", TensorProto.FLOAT, (1,)))
    with pytest.raises(DataError, match="found inputs"):
        OnnxClassifier(save(model, tmp_path / "m.onnx"))


def empty(content: bytes) -> bytes:
    return content[:0]


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def text(_: bytes) -> bytes:
    return b"this is no model\n" * 50


def picture(_: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.mark.parametrize("spoil", [empty, cut, text, picture])
def test_a_damaged_file_is_told_in_one_line(spoil: Callable[[bytes], bytes], trained_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(spoil((trained_run / "model.onnx").read_bytes()))
    with pytest.raises(DataError, match=r"m\.onnx: ") as caught:
        OnnxClassifier(path)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_missing_or_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.onnx", tmp_path):
        with pytest.raises(DataError, match="no such model file"):
            OnnxClassifier(path)


def test_a_huge_file_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inkdigit.session.MAX_MODEL_BYTES", 2**20)
    with (tmp_path / "m.onnx").open("wb") as file:
        file.truncate(2**20 + 1)
    with pytest.raises(DataError, match="larger than 1 MiB"):
        OnnxClassifier(tmp_path / "m.onnx")


def test_a_model_never_reads_files_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "m.onnx"
    onnx.save_model(build(), path, save_as_external_data=True, location="weights.bin", size_threshold=100)
    assert (tmp_path / "weights.bin").stat().st_size >= WEIGHTS.nbytes
    with pytest.raises(DataError, match="not a model that can be opened"):
        OnnxClassifier(path)


def test_metadata_are_values_or_else_text(tmp_path: Path) -> None:
    written = {"seed": "7", "classes": json.dumps(["0", "1"]), "author": "someone else", "note": "{"}
    found = OnnxClassifier(save(build(metadata=written), tmp_path / "m.onnx")).metadata
    assert found == {"seed": 7, "classes": ["0", "1"], "author": "someone else", "note": "{"}


def test_features_are_those_of_each_convolution(trained_run: Path) -> None:
    classifier = OnnxClassifier(trained_run / "model.onnx")
    features = classifier.run_features(images(3))
    assert [(name, maps.shape) for name, maps in features.items()] == [
        ("features:conv1", (3, 6, 24, 24)),
        ("features:conv2", (3, 16, 8, 8)),
    ]
    assert all(maps.dtype == np.float32 for maps in features.values())
    assert all(maps.std() > 0 for maps in features.values())
    np.testing.assert_allclose(
        classifier.run_features(images(3)[:1])["features:conv1"][0], features["features:conv1"][0], atol=1e-5
    )


def test_a_model_without_declared_features_says_so(classifier: OnnxClassifier) -> None:
    with pytest.raises(DataError, match="declares no feature maps"):
        classifier.run_features(images(1))


@pytest.mark.parametrize("declared", ["abc", "****", "AAAA"])
def test_damaged_declarations_of_features_end_in_one_line(declared: str, trained_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes((trained_run / "model.onnx").read_bytes())
    write_metadata(path, {"feature_outputs": declared})
    with pytest.raises(DataError) as caught:
        OnnxClassifier(path).run_features(images(1))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_number_of_threads_changes_no_answer(trained_run: Path) -> None:
    one, more = (OnnxClassifier(trained_run / "model.onnx", threads=n) for n in (1, 2))
    np.testing.assert_allclose(one(images(600)), more(images(600)), atol=1e-6)


def test_one_thread_answers_a_single_image(trained_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = OnnxClassifier(trained_run / "model.onnx", threads=2)
    threads = {name: getattr(classifier, name).get_session_options().intra_op_num_threads for name in SESSIONS}
    assert threads == {"_session": 2, "_session_for_one": 1}
    expected = classifier(images(2))[:1]
    monkeypatch.setattr(classifier, "_session", None)
    np.testing.assert_allclose(classifier(images(2)[:1]), expected, atol=1e-6)
    with pytest.raises(DataError):
        classifier(images(2))


def test_values_that_are_no_probabilities_are_not_believed(trained_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = OnnxClassifier(trained_run / "model.onnx")
    images = np.zeros((2, 28, 28), np.uint8)
    for values in (np.full((2, 10), np.nan), np.full((2, 10), 7.0), np.eye(10)[:2] * 2 - 0.1):
        fake = SimpleNamespace(run=lambda *_, values=values: [values.astype(np.float32)])
        monkeypatch.setattr(classifier, "_session", fake)
        with pytest.raises(DataError, match="no probabilities"):
            classifier(images)


@pytest.mark.parametrize(
    "row",
    [
        [0.5, 0.5 + 2e-3],
        [0.5, 0.5 - 2e-3],
        [1 + 1e-4, -1e-4],
        [np.nan, 1],
        [np.inf, 0],
        [np.inf, -np.inf],
        [3e38, 3e38],  # a sum beyond float32
    ],
    ids=str,
)
def test_one_bad_row_among_many_is_found(
    row: list[float], classifier: OnnxClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the last of several batches, and in one alone."""

    good, bad = (np.array(values + [0.0] * 8, np.float32) for values in ([1, 0], row))

    def run(_: object, feed: Mapping[str, Images]) -> list[np.ndarray[Any, Any]]:
        return [np.stack([bad if image.any() else good for image in feed[INPUT]])]

    for name in SESSIONS:
        monkeypatch.setattr(classifier, name, SimpleNamespace(run=run))
    many = np.zeros((BATCH_SIZE + 5, 28, 28), np.uint8)
    assert classifier(many).shape == (BATCH_SIZE + 5, 10)
    many[-1] = 1
    for wrong in (many, many[-1:]):
        with pytest.raises(DataError, match="no probabilities"):
            classifier(wrong)


@pytest.mark.parametrize("row", [[1, 0], [0.5, 0.5 + 9e-4], [0.5, 0.5 - 9e-4], [1, -0.0]], ids=str)
def test_rounding_is_allowed(row: list[float], classifier: OnnxClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    for n, name in enumerate(reversed(SESSIONS), start=1):
        rounded = np.array([row + [0.0] * 8] * n, np.float32)
        monkeypatch.setattr(classifier, name, SimpleNamespace(run=lambda *_, rounded=rounded: [rounded]))
        assert classifier(images(n)) is rounded  # a single batch is not copied


def test_a_graph_that_fails_is_told_in_one_line(trained_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a node\nfailed")

    classifier = OnnxClassifier(trained_run / "model.onnx")
    monkeypatch.setattr(classifier, "_session", SimpleNamespace(run=fail))
    with pytest.raises(DataError, match=r"failed on digit images \(a node\)"):
        classifier(np.zeros((2, 28, 28), np.uint8))
