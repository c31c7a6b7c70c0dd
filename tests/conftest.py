"""Small data that every room can learn from, made on the spot."""

import functools
import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import hypothesis
import numpy as np
import pytest
import torch

from inkdigit.data.idx import write_idx
from inkdigit.data.sources import DATASETS, Source
from inkdigit.images import SIZE, Images, Labels

hypothesis.settings.register_profile("the same each time", derandomize=True)
hypothesis.settings.load_profile("the same each time")


def draw_digits(n: int, seed: int) -> tuple[Images, Labels]:
    """Images that a network can tell apart: class k is a bright square at its own place, on a little noise."""
    random = np.random.default_rng(seed)
    labels = np.arange(n, dtype=np.int64) % 10
    images = random.integers(0, 60, (n, SIZE, SIZE), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        row, column = 2 + 5 * (label // 2), 4 + 12 * (label % 2)
        image[row : row + 5, column : column + 8] = 255
    return images, labels


@pytest.fixture(scope="session", autouse=True)
def operators_are_looked_up_once() -> Iterator[None]:
    """PyTorch's exporter looks up its thousand operators for each network anew: a third of an export's time."""
    from torch.onnx._internal.exporter._registration import ONNXRegistry

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ONNXRegistry, "from_torchlib", staticmethod(functools.cache(ONNXRegistry.from_torchlib)))
        yield


@pytest.fixture(scope="session", autouse=True)
def the_small_set_is_prepared_once() -> Iterator[None]:
    """A comparison loads it dozens of times, a fifth of a second each."""
    once = replace(DATASETS["optdigits"], load=functools.cache(DATASETS["optdigits"].load))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(cast("dict[str, Source]", DATASETS), "optdigits", once)
        yield


@pytest.fixture(autouse=True)
def chance_is_the_same() -> None:
    """Networks that a test builds begin with the same weights each time, and in whatever order tests run."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def digits_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of IDX files: 240 images to train, 60 to test."""
    folder = tmp_path_factory.mktemp("digits")
    for stem, n, seed in (("train", 240, 0), ("t10k", 60, 1)):
        images, labels = draw_digits(n, seed)
        write_idx(folder / f"{stem}-images-idx3-ubyte.gz", images)
        write_idx(folder / f"{stem}-labels-idx1-ubyte", labels.astype(np.uint8))
    return folder


@pytest.fixture(scope="session")
def trained_run(digits_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished run of a LeNet on those digits."""
    from inkdigit import train

    folder = tmp_path_factory.mktemp("runs") / "lenet"
    train(
        "lenet",
        data=str(digits_folder),
        out=folder,
        settings=["protocol=held-out", "epochs=6", "batch_size=8", "lr=0.01"],
    )
    return folder


class Cycle:
    """What only the collector of cycles ends; it notes in which process it did."""

    def __init__(self, notes: Path) -> None:
        self.notes, self.itself = notes, self

    def __del__(self) -> None:
        with self.notes.open("a") as file:
            file.write(f"{os.getpid()}\n")


@pytest.fixture
def garbage(tmp_path: Path) -> Iterator[Path]:
    """Where it stands which processes collected some garbage that lies about; none does unless it is asked to."""
    gc.disable()
    Cycle(tmp_path / "ended")
    yield tmp_path / "ended"
    gc.enable()


@pytest.fixture
def run_cli(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``inkdigit`` in a process and a folder of its own, as a user would."""

    def run(*arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **options.pop("env", {})}
        command = [sys.executable, "-m", "inkdigit", *map(str, arguments)]
        settings = {"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 120, **options}
        return subprocess.run(command, env=environment, check=False, **settings)

    return run


@pytest.fixture(scope="session")
def locator_run(digits_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished run of a tiny locator: it finds nothing, yet all is there."""
    from inkdigit import train

    folder = tmp_path_factory.mktemp("runs") / "locator"
    settings = ["model.widths=4,8,12", "model.depths=1,1,1", "batch_size=3", "steps=6", "log_every=3"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inkdigit.learning.locate.WATCHED_PAGES", 4)
        patch.setattr("inkdigit.learning.locate.TEST_PAGES", 4)
        train("locator", data=str(digits_folder), out=folder, settings=settings)
    return folder
