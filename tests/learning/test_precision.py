"""bfloat16 only where it is multiplied as such."""

import pytest
import torch

from inkdigit.learning import precision as module
from inkdigit.learning.precision import PRECISIONS, computes_bfloat16, precision_on


@pytest.mark.parametrize("device_type", ["cpu", "cuda"])
@pytest.mark.parametrize("computes", [False, True])
def test_bfloat16_is_float32_where_it_would_be_emulated(
    computes: bool, device_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "computes_bfloat16", lambda asked: computes and asked == device_type)
    device = torch.device(device_type)
    assert precision_on(device, "bfloat16") == (torch.bfloat16 if computes else torch.float32)
    assert precision_on(device, "float32") == torch.float32


@pytest.mark.parametrize("computes", [False, True])
def test_the_device_is_asked_for_its_own_instructions(computes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's answer for a GPU is yes, too, if it would emulate."""

    def is_supported(including_emulation: bool = True) -> bool:
        return including_emulation or computes

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", is_supported)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: computes)
    computes_bfloat16.cache_clear()
    try:
        assert [computes_bfloat16(device_type) for device_type in ("cpu", "cuda")] == [computes, computes]
    finally:
        computes_bfloat16.cache_clear()


def test_precisions_are_pytorchs() -> None:
    assert {name: str(dtype) for name, dtype in PRECISIONS.items()} == {
        name: f"torch.{name}" for name in ("float32", "bfloat16")
    }
