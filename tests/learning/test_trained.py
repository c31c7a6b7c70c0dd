"""A run may begin with the weights of another one."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.conftest import draw_digits

from inkdigit.classifier import OnnxClassifier
from inkdigit.data.idx import write_idx
from inkdigit.errors import DataError, UsageError
from inkdigit.images import Images, Labels
from inkdigit.learning.run import Run
from inkdigit.learning.train import train

STILL = ("steps=1", "lr=1e-30", "optimizer.momentum=0")
"""Settings that leave weights as they are."""


def kept(folder: Path) -> dict[str, torch.Tensor]:
    run = Run.open(folder)
    return load_file(run.weights(run.result()["best_step"]))


def test_a_run_begins_with_the_weights_of_another(trained_run: Path, digits_folder: Path, tmp_path: Path) -> None:
    train("lenet", data=str(digits_folder), out=tmp_path / "a", seed=5, settings=STILL, begun_from=trained_run)
    found, expected = kept(tmp_path / "a"), kept(trained_run)
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    train("lenet", data=str(digits_folder), out=tmp_path / "b", seed=5, settings=STILL)
    assert not torch.equal(kept(tmp_path / "b")["conv1.weight"], expected["conv1.weight"])


def test_it_tells_which(trained_run: Path, digits_folder: Path, tmp_path: Path) -> None:
    train("lenet", data=str(digits_folder), out=tmp_path / "a", settings=STILL, begun_from=trained_run)
    base = Run.open(trained_run)
    expected = hashlib.sha256(base.weights(base.result()["best_step"]).read_bytes()).hexdigest()
    assert Run.open(tmp_path / "a").begun_from == expected
    assert OnnxClassifier(tmp_path / "a" / "model.onnx").metadata["begun_from_sha256"] == expected
    assert "begun_from_sha256" not in OnnxClassifier(trained_run / "model.onnx").metadata


def test_a_run_of_before_tells_nothing(trained_run: Path, tmp_path: Path) -> None:
    values = json.loads((trained_run / "run.json").read_text())
    del values["begun_from"]
    (tmp_path / "run.json").write_text(json.dumps(values))
    assert Run.open(tmp_path).begun_from is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"recipe": "softmax"}, "found the network lenet, expected the recipe's own, softmax"),
        (
            {"recipe": "lenet", "settings": ["members=2"]},
            "found a run to begin from and 2 networks to train, expected one: members=1",
        ),
    ],
)
def test_another_network_is_not_begun_with(
    options: dict[str, Any], message: str, trained_run: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        train(**options, out=tmp_path / "a", begun_from=trained_run)
    assert message in str(caught.value)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("protocol", ["held-out", "held-out-last"])
def test_digits_that_the_other_learnt_from_are_not_held_out(protocol: str, digits_folder: Path, tmp_path: Path) -> None:
    data = str(digits_folder)
    train("softmax", data=data, out=tmp_path / "base", settings=["steps=1", "protocol=all"])
    with pytest.raises(UsageError, match=f"learnt from all training digits .* that {protocol} would hold out"):
        train("softmax", data=data, out=tmp_path / "a", settings=[f"protocol={protocol}"], begun_from=tmp_path / "base")
    assert not (tmp_path / "a").exists()
    settings = ["steps=1", "protocol=first-tutorial"]
    train("softmax", data=data, out=tmp_path / "a", settings=settings, begun_from=tmp_path / "base")


def test_no_run_is_both_begun_and_gone_on_with(trained_run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="found both a run to begin from and one to resume"):
        train("lenet", out=trained_run, resume=True, begun_from=trained_run)


def test_a_run_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder; expected the folder of a run"):
        train("lenet", out=tmp_path / "a", begun_from=tmp_path / "none")
    assert not (tmp_path / "a").exists()


def test_a_folder_that_has_grown_is_not_watched_by_what_learnt_from_it(digits_folder: Path, tmp_path: Path) -> None:
    """Another part of it is held out then, which the base has seen."""
    data, base = tmp_path / "digits", tmp_path / "base"
    images, labels = draw_digits(240, 0)
    write_folder(data, images, labels)
    train("softmax", data=data, out=base, settings="epochs=1")
    write_folder(data, *draw_digits(250, 3))
    with pytest.raises(UsageError, match=r"learnt from other digits of .* than are held out now"):
        train("softmax", data=str(data), out=tmp_path / "next", settings="epochs=1", begun_from=base)
    assert not (tmp_path / "next").exists()
    train("softmax", data=data, out=tmp_path / "all", settings=["epochs=1", "protocol=all"], begun_from=base)


def write_folder(folder: Path, images: Images, labels: Labels) -> None:
    folder.mkdir(exist_ok=True)
    for stem in ("train", "t10k"):
        write_idx(folder / f"{stem}-images-idx3-ubyte", images)
        write_idx(folder / f"{stem}-labels-idx1-ubyte", labels.astype(np.uint8))
