"""The benchmark of inference: turns, medians, and sides that must answer alike."""

from pathlib import Path

import benchmarks.inference as module
import numpy as np
import pytest
from benchmarks.cold_start import STARTS, STEPS, measure_starts, summarise
from benchmarks.inference import NETWORKS, check_same, format_row, measure_network, time_in_turns
from benchmarks.inference_sides import (
    INKDIGIT,
    PYTORCH,
    SIDES,
    draw_noise,
    load_network,
    open_sides,
    save_for_torch,
)

from inkdigit.learning.models import MODELS
from inkdigit.learning.recipes import RECIPES
from inkdigit.reading.weights import DEFAULT, FLOATS, find_model


def test_what_it_measures_by_default_exists() -> None:
    assert NETWORKS[:2] == (DEFAULT, FLOATS)
    assert all(RECIPES[name].model in MODELS for name in NETWORKS[2:])


def test_sides_take_turns_and_their_medians_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, called = 0.0, ""

    def work(name: str, seconds: float) -> None:
        nonlocal clock, called
        called += name
        clock += 100 if called.count(name) == 1 else seconds  # the first call warms up

    monkeypatch.setattr("benchmarks.inference.time.perf_counter", lambda: clock)
    monkeypatch.setattr("benchmarks.inference.time.sleep", lambda _: None)
    sides = {"a": lambda: work("a", 0.25), "b": lambda: work("b", 0.75)}
    assert time_in_turns(sides, rounds=3, cell_s=6) == {"a": 0.25, "b": 0.75}
    assert called == "aabb" + "aabb" * 3
    called = ""
    time_in_turns(sides, rounds=2, cell_s=0)
    assert called == "aabb" + "ab" * 2


def test_sides_that_differ_are_not_compared() -> None:
    answer = np.full((2, 10), 0.1, np.float32)
    check_same("lenet", {PYTORCH: answer, INKDIGIT: answer + 1e-5})
    for other in (answer + 1e-3, answer * np.nan):
        with pytest.raises(SystemExit, match="lenet: inkdigit differs from PyTorch by"):
            check_same("lenet", {PYTORCH: answer, INKDIGIT: other})
    check_same("reader", {PYTORCH: answer, INKDIGIT: answer + 1e-3}, parity=0.01)


def test_a_row_says_what_was_wanted_where_something_was() -> None:
    row = {"network": "lenet", "threads": "all", "images": 1, "ratio": 7.5} | {f"{side} (ms)": 0.5 for side in SIDES}
    assert format_row(row).split() == ["lenet", "all", "1", *["0.500"] * len(SIDES), "7.5", "x", "of", "8"]
    assert format_row(row | {"images": 10}).endswith("7.5 x")
    assert format_row(row | {"threads": "1"}).endswith("7.5 x")


def test_each_side_answers_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "time_in_turns", lambda sides: {name: len(work()) for name, work in sides.items()})
    rows = measure_network("softmax", load_network("softmax", tmp_path), batches=(1, 3))
    assert [(row["threads"], row["images"], row["ratio"]) for row in rows] == [
        ("1", 1, 1), ("1", 3, 1), ("all", 1, 1), ("all", 3, 1),
    ]  # fmt: skip
    assert all(row[f"{side} (ms)"] == 1000 * row["images"] for row in rows for side in SIDES)


def test_the_shipped_network_and_it_in_floats_are_one(tmp_path: Path) -> None:
    images = draw_noise(5)
    integers, floats = (load_network(name, tmp_path) for name in (DEFAULT, FLOATS))
    assert (integers.path, floats.path) == (find_model(DEFAULT), find_model(FLOATS))
    assert integers.parity > floats.parity
    assert integers.path.stat().st_size < 0.3 * floats.path.stat().st_size
    for network in (floats, integers):
        answers = {side: answer(images) for side, answer in open_sides(network, 1).items()}
        check_same("reader", answers, network.parity)
        np.testing.assert_array_equal(answers[PYTORCH], open_sides(floats, 1)[PYTORCH](images))


def test_steps_of_a_start_are_medians() -> None:
    assert summarise([[1, 2, 3], [4, 0, 0], [2, 1, 9]]) == {"import": 2, "open": 1, "first answer": 3, "together": 6}


def test_either_side_starts_from_its_file(tmp_path: Path) -> None:
    network = load_network(DEFAULT, tmp_path)
    save_for_torch(network, tmp_path / "weights.pt")
    for side, path in {"torch": tmp_path / "weights.pt", "onnx": network.path}.items():
        clock = STARTS[side](path)
        assert len(clock) == len(STEPS) + 1
        assert clock == sorted(clock)


def test_a_fresh_process_tells_what_each_step_took() -> None:
    (steps,) = measure_starts({"onnx": find_model(DEFAULT)}, repeats=1).values()
    assert steps["together"] == pytest.approx(sum(steps[step] for step in STEPS))
    assert all(steps[step] > 0 for step in STEPS)
