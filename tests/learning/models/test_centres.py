"""The network that marks the digits of a page."""

import pytest
import torch
from torch import nn

from inkdigit.learning.models.centres import RARE, Centres


@pytest.mark.parametrize(("height", "width"), [(28, 28), (64, 160), (33, 47), (1, 1), (5, 90)])
def test_any_page_gives_a_cell_for_four_pixels(height: int, width: int) -> None:
    maps = Centres(width=8, blocks=3).eval()(torch.randn(2, 1, height, width))
    assert maps.shape == (2, 14, -(-height // 4), -(-width // 4))


def test_before_it_learns_a_centre_is_rare_everywhere() -> None:
    torch.manual_seed(0)
    likely = torch.sigmoid(Centres().eval()(torch.zeros(1, 1, 64, 64))[:, :10])
    torch.testing.assert_close(likely, torch.full_like(likely, RARE), rtol=1e-3, atol=0)


def test_a_cell_sees_137_pixels_across() -> None:
    model = Centres().eval()
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 1e-2)  # whatever is seen counts
    page = torch.ones(1, 1, 240, 240, requires_grad=True)
    model(page)[0, 0, 30, 30].backward()
    assert page.grad is not None
    for axis in (0, 1):
        seen = page.grad[0, 0].abs().sum(axis).nonzero()
        assert int(seen.max() - seen.min()) + 1 == 137


def test_it_is_as_wide_and_deep_as_asked() -> None:
    model = Centres(width=16, blocks=4, classes=3)
    assert len(model.blocks) == 4
    assert model.head.weight.shape == (3 + 4, 16, 1, 1)
    dilations = [conv.dilation[0] for conv in model.blocks.modules() if isinstance(conv, nn.Conv2d)]
    assert dilations == [1, 1, 2, 2, 2, 2, 1, 1]
