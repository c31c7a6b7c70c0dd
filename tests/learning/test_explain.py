import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from inkdigit.errors import DataError, UsageError
from inkdigit.learning.augment import AUGMENTATIONS
from inkdigit.learning.explain import augment_each, collect_kernels
from inkdigit.learning.run import Run

DIGITS = np.zeros((4, 28, 28), np.uint8)
DIGITS[:, 8:20, 12:16] = 255


def test_kernels_are_those_of_every_checkpoint(trained_run: Path) -> None:
    kernels = collect_kernels(Run.open(trained_run))
    files = sorted((trained_run / "weights").iterdir())
    assert (kernels.layer, kernels.values.shape) == ("conv1", (6, 6, 5, 5))
    assert kernels.steps == tuple(int(file.stem.removeprefix("step-")) for file in files)
    for file, values in zip(files, kernels.values, strict=True):
        assert (values == load_file(file)["conv1.weight"][:, 0]).all()
    assert (kernels.values[0] != kernels.values[-1]).any()


@pytest.fixture
def copied(trained_run: Path, tmp_path: Path) -> Callable[[], Path]:
    return lambda: Path(shutil.copytree(trained_run, tmp_path / "copied"))


def test_an_average_has_none_of_its_own(trained_run: Path) -> None:
    run = Run.open(trained_run)
    run = replace(run, recipe=replace(run.recipe, members=3))
    with pytest.raises(UsageError, match=r"averages 3 networks, expected one; take .*members/0$"):
        collect_kernels(run)


def test_without_checkpoints(copied: Callable[[], Path]) -> None:
    folder = copied()
    for file in (folder / "weights").iterdir():
        file.unlink()
    (folder / "weights" / "step-last.safetensors").touch()
    with pytest.raises(DataError, match="weights: found no checkpoints"):
        collect_kernels(Run.open(folder))


def test_a_damaged_checkpoint(copied: Callable[[], Path]) -> None:
    folder = copied()
    next((folder / "weights").iterdir()).write_bytes(b"")
    with pytest.raises(DataError, match="damaged"):
        collect_kernels(Run.open(folder))


def test_without_convolutions(copied: Callable[[], Path]) -> None:
    folder = copied()
    settings = folder / "run.json"
    settings.write_text(settings.read_text().replace('"model": "lenet"', '"model": "softmax"'))
    with pytest.raises(UsageError, match="found no convolution in softmax"):
        collect_kernels(Run.open(folder))


def test_each_augmentation_by_itself() -> None:
    rows = augment_each(DIGITS, {"shift": 3, "noise": 20.5})
    assert list(rows) == ["as it is", "shift 3", "noise 20.5"]
    assert (rows["as it is"] == DIGITS).all()
    assert rows["noise 20.5"].dtype == np.uint8
    assert (rows["shift 3"] != DIGITS).any()
    assert rows["noise 20.5"][:, :5].any()
    assert not rows["shift 3"][:, :4].any(), "the noise stays in its own row"


def test_all_together() -> None:
    rows = augment_each(DIGITS, {"shift": 3, "noise": 20}, together=True)
    assert list(rows)[-1] == "all together"
    assert rows["all together"][:, :4].any()


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_the_same_seed_shows_the_same(name: str) -> None:
    first, again, other = (augment_each(DIGITS, {name: 0.6}, seed=seed)[f"{name} 0.6"] for seed in (1, 1, 2))
    assert (first == again).all()
    assert first.shape == other.shape == DIGITS.shape
