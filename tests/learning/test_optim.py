"""Optimisers and schedules by name."""

import pytest
import torch
from torch import nn

from inkdigit.errors import UsageError
from inkdigit.learning.optim import SCHEDULES, build_optimizer, set_lr


def test_schedules_begin_and_end_where_they_should() -> None:
    assert (SCHEDULES["cosine"](0), SCHEDULES["cosine"](1)) == pytest.approx((1, 0))
    assert SCHEDULES["one-cycle"](0) == pytest.approx(0.04)
    assert SCHEDULES["one-cycle"](0.25) == pytest.approx(1)
    assert SCHEDULES["one-cycle"](1) == pytest.approx(0)
    assert {SCHEDULES["constant"](t / 10) for t in range(11)} == {1.0}


def test_options_reach_the_optimizer() -> None:
    optimizer = build_optimizer("sgd", [nn.Parameter(torch.ones(1))], 0.1, {"momentum": 0.9})
    assert optimizer.param_groups[0]["momentum"] == 0.9
    set_lr(optimizer, 0.5)
    assert optimizer.param_groups[0]["lr"] == 0.5


@pytest.mark.parametrize("options", [{"momentums": 0.9}, {"momentum": -1.0}])
def test_wrong_options_are_told(options: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="optimizer sgd cannot be built"):
        build_optimizer("sgd", [nn.Parameter(torch.ones(1))], 0.1, options)


def test_an_unknown_optimizer_is_told() -> None:
    with pytest.raises(UsageError, match="did you mean 'adam'"):
        build_optimizer("adm", [], 0.1, {})


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_fused_and_plain_steps_agree_whatever_the_memory_format(memory_format: torch.memory_format) -> None:
    """A fused step that mixed up the formats of weight and gradient would train wrongly, and silently."""

    def trained(fused: bool) -> torch.Tensor:
        torch.manual_seed(0)
        layer = nn.Conv2d(3, 5, 3).to(memory_format=memory_format)  # type: ignore[call-overload]
        optimizer = build_optimizer("adam", layer.parameters(), 0.01, {"fused": fused})
        for _ in range(5):
            optimizer.zero_grad()
            (layer(torch.rand(2, 3, 8, 8)) ** 2).mean().backward()
            optimizer.step()
        weight: torch.Tensor = layer.weight.detach()
        return weight

    torch.testing.assert_close(trained(fused=True), trained(fused=False), atol=1e-5, rtol=1e-4)


def test_adam_as_keras_computes_it() -> None:
    """By the formula of Keras' own documentation: epsilon beside the root of the uncorrected second moment."""
    lr, beta1, beta2, epsilon = 0.1, 0.9, 0.999, 0.01
    gradients = [1.0, -0.5, 0.25, 0.001]
    expected, m, v = 2.0, 0.0, 0.0
    weight = nn.Parameter(torch.tensor([2.0]))
    optimizer = build_optimizer("keras-adam", [weight], lr, {"eps": epsilon})
    for t, gradient in enumerate(gradients, 1):
        m += (gradient - m) * (1 - beta1)
        v += (gradient**2 - v) * (1 - beta2)
        expected -= lr * (1 - beta2**t) ** 0.5 / (1 - beta1**t) * m / (v**0.5 + epsilon)
        weight.grad = torch.tensor([gradient])
        optimizer.step()
        assert weight.item() == pytest.approx(expected, rel=1e-5), t
    assert optimizer.param_groups[0]["eps"] == epsilon, "as it was, for a checkpoint"


def test_adam_as_keras_computes_it_keeps_its_epsilon_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    optimizer = build_optimizer("keras-adam", [nn.Parameter(torch.ones(2))], 0.1, {"eps": 0.01})

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(torch.optim.Adam, "step", fail)
    with pytest.raises(ZeroDivisionError):
        optimizer.step()
    assert optimizer.param_groups[0]["eps"] == 0.01


def test_an_epsilon_that_matters_tells_both_adams_apart() -> None:
    ends = []
    for name in ("adam", "keras-adam"):
        weight = nn.Parameter(torch.tensor([2.0]))
        optimizer = build_optimizer(name, [weight], 0.1, {"eps": 0.01})
        weight.grad = torch.tensor([0.1])
        optimizer.step()
        ends.append(weight.item())
    # After one step: 0.1 * 0.1 / (0.1 + 0.01), and 0.1 * √0.001 * 0.1 / (√0.001 * 0.1 + 0.01)
    assert [2 - end for end in ends] == pytest.approx([0.0909, 0.0240], abs=1e-4)
