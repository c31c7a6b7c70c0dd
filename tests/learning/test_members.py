"""The networks of an average; the processes are played where training itself does not matter."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inkdigit.classifier import OnnxClassifier
from inkdigit.errors import Interrupted
from inkdigit.learning.members import train_members
from inkdigit.learning.recipe import override
from inkdigit.learning.recipes import RECIPES
from inkdigit.learning.run import Run
from inkdigit.learning.train import train

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
QUICK = ["protocol=held-out", "epochs=2", "batch_size=16", "lr=0.01"]
RECIPE = override(RECIPES["mlp"], [*QUICK, "threads=1", "members=3"])


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inkdigit.learning.abreast.count_cores", lambda: 2)


def test_each_has_a_seed_of_its_own(play: Callable[[str], None], tmp_path: Path) -> None:
    run = Run(tmp_path, RECIPE, 2, "mnist", "")
    play("os.makedirs(out); open(out + '/result.json', 'w').write(sys.argv[1])")
    told: list[str] = []
    train_members(run, 200, "cpu", ["csv"], told.append)
    given = [json.loads((run.member(number) / "result.json").read_text()) for number in range(3)]
    assert [each["recipe"] for each in given] == [replace(RECIPE, members=1).to_dict()] * 3
    assert [each["seed"] for each in given] == [6, 7, 8]  # averages of other seeds share none
    assert all(each["device"] == "cpu" and not each["resume"] for each in given)
    assert told[0] == "about 1 min of training on this machine"
    assert told[1:3] == [f"training network {number} of 3, on a core of its own" for number in (1, 2)]
    train_members(run, 200, "cpu", ["csv"], told.append)
    assert len(told) == 7  # what is finished is left as it is


def test_a_stop_says_how_to_go_on(play: Callable[[str], None], tmp_path: Path) -> None:
    run = Run(tmp_path, RECIPE, 0, "mnist", "")
    play("os.makedirs(out); open(out + '/begun', 'w'); sys.stdin.read(); sys.exit(143)")

    def send() -> None:
        deadline = time.monotonic() + 30
        while len(list(tmp_path.glob("members/*/begun"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=send)
    thread.start()
    expected = (
        f"^stopped in network 1 of 3 and network 2 of 3, saved; go on with: inkdigit train mlp --out {tmp_path} --r"
    )
    with pytest.raises(Interrupted, match=expected):
        train_members(run, 200, "cpu", ["csv"])
    thread.join()


def test_an_unfinished_average_goes_on_to_the_same_end(digits_folder: Path, tmp_path: Path) -> None:
    whole, other = tmp_path / "whole", tmp_path / "other"
    settings = [*QUICK, "members=2"]
    told: list[str] = []
    train("lenet", data=str(digits_folder), out=whole, settings=settings, tell=told.append)
    assert told[1:3] == [f"training network {number} of 2, on a core of its own" for number in (1, 2)]
    begun = Run.open(whole)
    Run(other, begun.recipe, 0, begun.data, begun.data_sha256).write()
    first = Run(other / "members" / "0", replace(begun.recipe, members=1), 0, begun.data, begun.data_sha256)
    train(first.recipe, data=str(digits_folder), out=first.folder, seed=0)
    finished = (first.folder / "result.json").stat().st_mtime_ns
    train("lenet", out=other, resume=True)
    assert (first.folder / "result.json").stat().st_mtime_ns == finished
    expected = OnnxClassifier(whole / "model.onnx")(IMAGES)
    np.testing.assert_array_equal(OnnxClassifier(other / "model.onnx")(IMAGES), expected)
