"""The network that marks the digits of a page."""

import pytest
import torch
from torch import nn

from inkdigit.learning.models.centres import RARE, Centres


@pytest.mark.parametrize(("height", "width"), [(28, 28), (64, 160), (33, 47), (1, 1), (5, 90)])
def test_any_page_gives_a_cell_for_four_pixels(height: int, width: int) -> None:
    maps = Centres((4, 8, 12), (1, 2, 1)).eval()(torch.randn(2, 1, height, width))
    assert maps.shape == (2, 14, -(-height // 4), -(-width // 4))


def test_before_it_learns_a_centre_is_rare_everywhere() -> None:
    likely = torch.sigmoid(Centres().eval()(torch.zeros(1, 1, 64, 64))[:, :10])
    torch.testing.assert_close(likely, torch.full_like(likely, RARE), rtol=0.3, atol=0)


def test_a_cell_sees_193_pixels_across() -> None:
    model = Centres().eval()
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 1e-2)  # whatever is seen counts
    page = torch.ones(1, 1, 400, 400, requires_grad=True)
    model(page)[0, 0, 50, 50].backward()
    assert page.grad is not None
    for axis in (0, 1):
        seen = page.grad[0, 0].abs().sum(axis).nonzero()
        assert int(seen.max() - seen.min()) + 1 == 193


def test_it_is_as_wide_and_deep_as_asked() -> None:
    model = Centres((8, 16, 32), (1, 4, 2), classes=3)
    assert model.head.weight.shape == (3 + 4, 16, 1, 1)
    convolutions = [part for part in model.coarse.modules() if isinstance(part, nn.Conv2d)]
    assert [part.dilation[0] for part in convolutions] == [1, 1, 1, 2, 2, 2, 2, 1, 1, 1]
    assert [part.out_channels for part in convolutions] == [32] * 9 + [16]


def test_what_is_seen_from_afar_comes_back_to_its_own_cells() -> None:
    model = Centres((4, 8, 12), (1, 2, 1)).eval()
    page = torch.zeros(1, 1, 132, 132)  # 33 cells, and 17 at half of them: none of it may move
    page[0, 0, 60:72, 60:72] = 1
    around = model(page)[0, :, 1:32, 1:32] - model(torch.zeros_like(page))[0, :, 1:32, 1:32]
    weight = around.detach().abs().sum(0)
    places = torch.arange(1, 32, dtype=torch.float)
    middle = (weight.sum(0) * places).sum() / weight.sum(), (weight.sum(1) * places).sum() / weight.sum()
    assert all(abs(float(place) - 16) < 1.5 for place in middle)
