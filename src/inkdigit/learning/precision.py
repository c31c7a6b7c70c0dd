"""How exactly a network multiplies: in 32 bits, or in 16 where a processor is made for it."""

from collections.abc import Mapping
from functools import cache

import torch

PRECISIONS: Mapping[str, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def precision_on(device: torch.device, name: str) -> torch.dtype:
    """The type for an entry of ``PRECISIONS`` on a device: float32 where bfloat16 would have to be emulated."""
    return PRECISIONS[name] if name == "float32" or computes_bfloat16(device.type) else torch.float32


@cache
def computes_bfloat16(device_type: str) -> bool:
    """Whether devices of a type, ``cpu`` or ``cuda``, multiply bfloat16 in hardware.

    Processors without AVX-512 BF16, as in most home computers, do not. PyTorch would emulate it there: ``fastest`` took
    29 s on one of them, and takes 2.5 s in float32.
    """
    if device_type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported())
