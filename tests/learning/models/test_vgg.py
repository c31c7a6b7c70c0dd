"""Convolutions in the manner of VGG."""

import torch
from torch import nn

from inkdigit.learning.models import build_model


def test_a_stem_makes_the_image_small_at_once() -> None:
    model = build_model("vgg", {"widths": (4, 8), "depths": (2, 1), "stem": 5})
    convolutions = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)]
    assert [(layer.kernel_size, layer.stride) for layer in convolutions] == [((5, 5), (2, 2)), *[((3, 3), (1, 1))] * 2]
    assert convolutions[0](torch.zeros(1, 1, 28, 28)).shape == (1, 4, 14, 14)
    assert model(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
