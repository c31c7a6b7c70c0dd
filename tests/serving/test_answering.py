"""What a process does with a job, without the process."""

import gc
import json
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.serving.conftest import SAMPLES

from inkdigit import OnnxClassifier, Reader
from inkdigit.errors import DataError
from inkdigit.learning.graph import write_metadata
from inkdigit.reading.rules import Rules
from inkdigit.reading.weights import find_model
from inkdigit.serving.answering import RULES_KEPT, Answering
from inkdigit.serving.bounds import Bounds
from inkdigit.serving.models import hash_model
from inkdigit.serving.queries import ExplainQuery, ReadQuery

PATH = find_model("reader")
MODEL = {"path": str(PATH), "sha256": hash_model(PATH)}
PAGE = (SAMPLES / "page.png").read_bytes()


@pytest.fixture(scope="module")
def answering() -> Answering:
    return Answering({"reader": MODEL}, 24_000_000)


def ask(answering: Answering, body: bytes, job: str = "read", **options: Any) -> tuple[str, Any]:
    query = ExplainQuery(**options) if job == "explain" else ReadQuery(**options)
    code, answer = answering.answer(query.to_head(job, "reader", "a.png"), body)
    return code, json.loads(answer)


def test_a_reading_is_the_readers(answering: Answering) -> None:
    reader = Reader()
    assert ask(answering, PAGE) == ("", json.loads(json.dumps(reader.read(PAGE, name="a.png").to_dict())))
    code, single = ask(answering, PAGE, single=True, region="90,40,420,160")
    assert code == ""
    assert len(single["lines"]) == 1


def test_rules_stand_in_the_order_of_the_command_line(answering: Answering) -> None:
    code, answer = ask(answering, PAGE, length="1-9", pattern="[0-9]+", among=["12", "3456"], check="luhn")
    assert code == ""
    assert {line["rule"]["name"] for line in answer["lines"]} == {"length+pattern+among+luhn"}


def test_numbers_to_choose_among_are_kept_to(answering: Answering) -> None:
    seven = (SAMPLES / "seven.png").read_bytes()
    assert ask(answering, seven, among=["7", "12"])[1]["text"] == "7"
    _, answer = ask(answering, seven, among=["1", "12"])
    assert answer["text"] in {"1", "?"}


def test_the_cards_tell_what_is_served(answering: Answering) -> None:
    card = answering.cards["reader"]
    assert (card["sha256"], card["outputs"]) == (hash_model(PATH), 11)
    assert "feature_outputs" not in card
    json.dumps(answering.cards)


def test_maps_are_those_of_the_chosen_digit(answering: Answering) -> None:
    _, first = ask(answering, PAGE, "explain", digit=0)
    _, second = ask(answering, PAGE, "explain", digit=1)
    features = OnnxClassifier(PATH).run_features(np.zeros((1, 28, 28), np.uint8))
    assert {name: len(urls) for name, urls in first["maps"].items()} == {
        name: maps.shape[1] for name, maps in features.items()
    }
    assert first["maps"] != second["maps"]
    assert first["seen"] == second["seen"]


def test_pictures_that_are_larger_than_is_served(answering: Answering) -> None:
    small = Answering({"reader": MODEL}, 159_999)
    seven = (SAMPLES / "seven.png").read_bytes()
    code, answer = ask(small, seven)
    assert code == answer["error"]["code"] == "too_large"
    assert "found 400x400 pixels, at most 0.159999 megapixels" in answer["error"]["message"]
    assert ask(answering, seven)[0] == ""


def test_a_fault_of_ours_is_told_and_logged(
    answering: Answering, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    def exhaust(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Reader, "explain", fail)
    code, answer = ask(answering, PAGE)
    assert code == answer["error"]["code"] == "fault"
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert "Zero" not in answer["error"]["message"]
    monkeypatch.setattr(Reader, "explain", exhaust)
    code, answer = ask(answering, PAGE)
    assert (code, answer["source"]) == ("too_large", "a.png")


def test_what_strangers_patterns_fill_is_bounded_and_let_go(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: weakref.WeakSet[Rules] = weakref.WeakSet()

    def keep(*_: object, rules: Rules, **__: object) -> None:
        kept.add(rules)
        raise DataError("read nothing")

    def exhaust(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Reader, "explain", keep)
    for number in range(3 * RULES_KEPT):
        assert ask(answering, PAGE, pattern=f"{number}+")[0] == "model"
    gc.collect()
    assert len(kept) == RULES_KEPT
    assert 0.5 * Bounds().max_memory_bytes > RULES_KEPT * 60_000_000
    monkeypatch.setattr(Reader, "explain", exhaust)
    assert ask(answering, PAGE, pattern="0+")[0] == "too_large"
    gc.collect()
    assert not kept


def test_another_file_than_was_started_with_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "model.onnx"
    other.write_bytes(PATH.read_bytes() + b"\0")
    with pytest.raises(DataError, match="another file than the server was started with"):
        Answering({"reader": {**MODEL, "path": str(other)}}, 1)


def test_a_model_does_not_tell_what_the_server_measures(tmp_path: Path) -> None:
    copy = tmp_path / "m.onnx"
    copy.write_bytes(PATH.read_bytes())
    write_metadata(copy, {"sha256": "another", "outputs": "many"})
    card = Answering({"m": {"path": str(copy), "sha256": hash_model(copy)}}, 1_000_000).cards["m"]
    assert (card["sha256"], card["outputs"]) == (hash_model(copy), 11)
