"""All that a run is, on disk and back."""

from pathlib import Path

import pytest
import torch
from torch import Generator, nn

from inkdigit.errors import DataError
from inkdigit.evaluation.history import Row
from inkdigit.learning import checkpoint
from inkdigit.learning.checkpoint import Meter, Progress, load_state, load_weights, save_state, save_weights
from inkdigit.learning.models import build_model
from inkdigit.learning.optim import build_optimizer

OPTIMIZERS = [
    ("sgd", {}),
    ("sgd", {"momentum": 0.9}),
    ("adam", {}),
    ("adamw", {"weight_decay": 0.1}),
    ("adam", {"fused": False}),
    ("muon", {"weight_decay": 0.1}),
    ("keras-adam", {"eps": 1e-3}),  # so large that a lost count of steps shows
]


def build(name: str, options: dict[str, float]) -> tuple[nn.Module, torch.optim.Optimizer]:
    model = build_model("vgg", {"widths": (4, 8)}).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model, build_optimizer(name, model.parameters(), 0.01, options)


def learn(model: nn.Module, optimizer: torch.optim.Optimizer, generator: Generator, steps: int) -> None:
    for _ in range(steps):
        x, y = torch.rand(8, 1, 28, 28, generator=generator), torch.randint(0, 10, (8,))
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()  # type: ignore[no-untyped-call]
        optimizer.step()


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS)
def test_training_goes_on_as_if_it_had_never_stopped(name: str, options: dict[str, float], tmp_path: Path) -> None:
    """Dropout, augmentation, momentum and batch norm included; and the memory-format trap of fused optimisers."""
    model, optimizer = build(name, options)
    generator = Generator().manual_seed(1)
    learn(model, optimizer, generator, 3)
    row = Row(3, 0.5, 0.1, 2.0, 0.1, 1.5, None, 0.2)
    progress = Progress(3, 1.5, 2, 0.4, Meter(1.0, 2, 3), [row])
    save_state(tmp_path / "s", model, optimizer, generator, progress)
    learn(model, optimizer, generator, 3)

    torch.manual_seed(99)
    other, other_optimizer = build(name, options)
    other_generator = Generator()
    assert load_state(tmp_path / "s", other, other_optimizer, other_generator) == progress
    learn(other, other_optimizer, other_generator, 3)
    for (key, expected), found in zip(model.state_dict().items(), other.state_dict().values(), strict=True):
        assert torch.equal(expected, found), key


def test_weights_round_trip_whatever_the_memory_format(tmp_path: Path) -> None:
    model, _ = build("sgd", {})
    save_weights(tmp_path / "w", model)
    other = build_model("vgg", {"widths": (4, 8)})
    load_weights(tmp_path / "w", other)
    x = torch.rand(2, 1, 28, 28)
    torch.testing.assert_close(model.eval()(x), other.eval()(x))


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    save_weights(tmp_path / "w", build_model("softmax", {}))
    with pytest.raises(DataError, match="another network"):
        load_weights(tmp_path / "w", build_model("lenet", {}))


@pytest.mark.parametrize("content", [b"", b"not a file of weights", b"\xff" * 64])
def test_damaged_files_are_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "w").write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        load_weights(tmp_path / "w", build_model("softmax", {}))


def test_a_truncated_state_is_told_and_a_missing_one_too(tmp_path: Path) -> None:
    model, optimizer = build("adam", {})
    save_state(tmp_path / "s", model, optimizer, Generator(), Progress())
    whole = (tmp_path / "s").read_bytes()
    (tmp_path / "s").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="damaged"):
        load_state(tmp_path / "s", model, optimizer, Generator())
    with pytest.raises(DataError, match="no such file"):
        load_state(tmp_path / "none", model, optimizer, Generator())


def test_plain_weights_are_no_state(tmp_path: Path) -> None:
    model, optimizer = build("adam", {})
    save_weights(tmp_path / "w", model)
    with pytest.raises(DataError, match="not the state of this run"):
        load_state(tmp_path / "w", model, optimizer, Generator())


def test_the_state_of_a_run_on_a_gpu_is_gone_on_with_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, optimizer = build("sgd", {})
    states = checkpoint._random_states
    monkeypatch.setattr(checkpoint, "_random_states", lambda own: {**states(own), "cuda": torch.get_rng_state()})
    save_state(tmp_path / "s", model, optimizer, Generator(), Progress())
    monkeypatch.undo()
    with pytest.raises(DataError, match="begun with --device cuda, found cpu; resume it with that one"):
        load_state(tmp_path / "s", model, optimizer, Generator())
