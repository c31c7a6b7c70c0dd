"""Muon's steps: even in every direction, as long as Adam's, and only of hidden matrices."""

import pytest
import torch
from torch import Generator, Tensor, nn, optim

from inkdigit.errors import UsageError
from inkdigit.learning.models import build_model
from inkdigit.learning.muon import orthogonalized
from inkdigit.learning.optim import build_optimizer

HIDDEN = {"conv2.weight", "hidden.weight"}


def noisy(*shape: int) -> Tensor:
    return torch.randn(shape, generator=Generator().manual_seed(0))


def network() -> nn.Module:
    torch.manual_seed(0)
    return build_model("strided", {"widths": (4, 8), "hidden": 16})


def hidden(model: nn.Module) -> Tensor:
    return model.get_parameter("hidden.weight")


def give_gradients(model: nn.Module, scale: float = 1) -> None:
    for number, weight in enumerate(model.parameters()):
        noise = torch.randn(weight.shape, generator=Generator().manual_seed(number)) * scale
        weight.grad = torch.empty_like(weight).copy_(noise)  # lies in memory as its weight does


def step(model: nn.Module, name: str, **options: float) -> None:
    optimizer = build_optimizer(name, model.parameters(), 0.01, options)
    give_gradients(model)
    optimizer.step()


@pytest.mark.parametrize("shape", [(8, 40), (40, 8), (16, 16)])
def test_orthogonalized_keeps_directions_and_evens_singular_values(shape: tuple[int, int]) -> None:
    left, _, right = torch.linalg.svd(noisy(*shape), full_matrices=False)
    strengths = torch.linspace(1, 0.1, min(shape))
    even = orthogonalized(left @ torch.diag(strengths) @ right, 5)
    found = left.T @ even @ right.T
    assert torch.diagonal(found).min() > 0.6
    assert torch.diagonal(found).max() < 1.3
    assert (found - torch.diag(torch.diagonal(found))).abs().max() < 0.03
    assert even.dtype == torch.float32


def test_nothing_is_orthogonal_to_nothing() -> None:
    assert orthogonalized(torch.zeros(3, 5), 5).tolist() == torch.zeros(3, 5).tolist()


def test_first_and_last_matrices_and_vectors_take_adams_steps() -> None:
    ours, adams = network(), network()
    step(ours, "muon", weight_decay=0.1)
    step(adams, "adamw", weight_decay=0.1)
    pairs = zip(ours.named_parameters(), adams.parameters(), strict=True)
    assert {name for (name, one), other in pairs if not torch.equal(one, other)} == HIDDEN


def test_steps_are_as_long_as_adams_whatever_the_gradients_size() -> None:
    model, before = network(), network()
    optimizer = build_optimizer("muon", model.parameters(), 0.01, {"weight_decay": 0})
    give_gradients(model, 1000)
    optimizer.step()
    for (name, weight), old in zip(model.named_parameters(), before.parameters(), strict=True):
        if name in HIDDEN:
            assert (weight - old).detach().square().mean().sqrt().item() == pytest.approx(0.01 * 0.2, rel=0.3), name


def test_momentum_carries_on_where_there_is_no_gradient() -> None:
    model = network()
    optimizer = build_optimizer("muon", model.parameters(), 0.01, {})
    give_gradients(model)
    optimizer.step()
    before = hidden(model).detach().clone()
    give_gradients(model, 0)
    optimizer.step()
    assert not torch.equal(hidden(model), before)


def test_a_step_looks_ahead_along_the_momentum() -> None:
    """Nesterov's: the new gradient counts once more than in the momentum that it has joined."""
    model = network()
    optimizer = build_optimizer("muon", model.parameters(), 0.01, {"momentum": 0.5, "weight_decay": 0})
    shape, before = hidden(model).shape, hidden(model).detach().clone()
    first, second = (torch.randn(shape, generator=Generator().manual_seed(seed)) for seed in (1, 2))
    for gradient in (first, second):
        before = hidden(model).detach().clone()
        hidden(model).grad = gradient.clone()
        optimizer.step()
    even = orthogonalized(second + 0.5 * (0.5 * first + second), 5)
    assert torch.allclose(before - hidden(model), 0.01 * 0.2 * max(shape) ** 0.5 * even, atol=1e-6)


def test_weight_decay_draws_hidden_matrices_to_zero() -> None:
    plain, drawn = network(), network()
    before = hidden(network())
    step(plain, "muon", weight_decay=0)
    step(drawn, "muon", weight_decay=0.5)
    assert torch.allclose(hidden(plain) - hidden(drawn), before * 0.01 * 0.5, atol=1e-7)


def test_a_frozen_matrix_stays() -> None:
    model = network()
    optimizer = build_optimizer("muon", model.parameters(), 0.01, {})
    give_gradients(model)
    hidden(model).grad = None
    before = hidden(model).detach().clone()
    optimizer.step()
    assert torch.equal(hidden(model), before)


def test_a_closure_is_asked_for_the_loss_before_the_step() -> None:
    model = network()
    before = hidden(model).detach().clone()

    def closure() -> float:
        give_gradients(model)
        return 3.0

    optimizer: optim.Optimizer = build_optimizer("muon", model.parameters(), 0.01, {})
    assert optimizer.step(closure) == 3
    assert not torch.equal(hidden(model), before)


@pytest.mark.parametrize("options", [{"momentum": 1}, {"momentum": -0.1}, {"iterations": 0}, {"iterations": 2.5}])
def test_impossible_options_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=r"muon cannot be built .* momentum"):
        build_optimizer("muon", network().parameters(), 0.01, options)


def test_how_weights_lie_in_memory_changes_no_step() -> None:
    rows, channels = network(), network()
    channels.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for model in (rows, channels):
        optimizer = build_optimizer("muon", model.parameters(), 0.01, {})
        for scale in (1, 3):
            give_gradients(model, scale)
            optimizer.step()
    for (name, one), other in zip(rows.named_parameters(), channels.parameters(), strict=True):
        assert torch.equal(one, other), name
