"""What each augmentation does to a known image."""

import math

import pytest
import torch

from inkdigit.errors import UsageError
from inkdigit.learning.augment import AUGMENTATIONS, Warp, augment, augmentation


def bar(n: int = 400) -> torch.Tensor:
    """A vertical stroke, 4 wide and 16 high, in the middle."""
    images = torch.zeros(n, 1, 28, 28)
    images[:, :, 6:22, 12:16] = 255
    return images


def run(name: str, amount: float, images: torch.Tensor | None = None) -> torch.Tensor:
    return augment(bar() if images is None else images, {name: amount}, torch.Generator().manual_seed(0))


def centres(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    weights = images[:, 0] / images.sum((1, 2, 3))[:, None, None]
    axis = torch.arange(28.0)
    return (weights.sum(2) * axis).sum(1), (weights.sum(1) * axis).sum(1)


def angles(images: torch.Tensor) -> torch.Tensor:
    """Of the long axis against the vertical, in degrees, from second moments."""
    y, x = centres(images)
    rows, columns = (
        torch.arange(28.0)[None, :, None] - y[:, None, None],
        torch.arange(28.0)[None, None] - x[:, None, None],
    )
    mass = images[:, 0]
    xx, yy, xy = ((mass * product).sum((1, 2)) for product in (columns**2, rows**2, rows * columns))
    return torch.rad2deg(0.5 * torch.atan2(2 * xy, yy - xx))


def test_shift_moves_by_up_to_so_many_pixels() -> None:
    y, x = centres(run("shift", 3))
    for centre in (y, x):
        assert (centre - 13.5).abs().max() <= 3.01
        assert (centre - 13.5).abs().max() > 2.5


def test_rotate_turns_by_up_to_so_many_degrees() -> None:
    found = angles(run("rotate", 20))
    assert found.abs().max() <= 21
    assert found.max() > 15
    assert found.min() < -15


def test_scale_changes_each_axis_on_its_own() -> None:
    scaled = run("scale", 0.2)
    heights, widths = (scaled[:, 0].sum(axis).amax(1) / 255 for axis in (1, 2))  # through the middle
    for size, original in ((heights, 16), (widths, 4)):
        assert size.min() == pytest.approx(original / 1.2, rel=0.05)
        assert size.max() == pytest.approx(original * 1.2, rel=0.05)
    assert torch.corrcoef(torch.stack([heights, widths]))[0, 1].abs() < 0.2


def test_shear_slants() -> None:
    found = angles(run("shear", 0.3))
    assert math.degrees(math.atan(0.3)) == pytest.approx(float(found.abs().max()), abs=3)


def test_flip_mirrors_with_its_probability() -> None:
    images = bar(1000)
    images[:, :, 6:10, 16:20] = 255  # a flag to the right
    mirrored = run("flip", 0.3, images)
    assert (mirrored == images.flip(3)).flatten(1).all(1).float().mean() == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize("amount", [1.0, 2.0])
def test_thickness_adds_or_takes_up_to_so_many_pixels(amount: float) -> None:
    widths = run("thickness", amount)[:, 0, 14].sum(1) / 255  # through the middle: (n, 28, 28) → (n,)
    assert widths.min() == pytest.approx(4 - amount, abs=0.03 * amount)
    assert widths.max() == pytest.approx(4 + amount, abs=0.03 * amount)


def test_elastic_bends_but_keeps_the_ink() -> None:
    bent = run("elastic", 1.5)
    assert (bent.sum((1, 2, 3)) / bar().sum((1, 2, 3))).mean() == pytest.approx(1, abs=0.05)
    assert angles(bent).std() > 0.5


def test_contrast_leaves_black_and_white() -> None:
    images = bar()
    images[:, :, 0, 0] = 128
    bent = run("contrast", 0.5, images)
    assert set(bent[:, 0, 8, 13].tolist()) == {255.0}
    assert bent[:, 0, 0, 0].min() == pytest.approx(255 * (128 / 255) ** 1.5, rel=0.01)
    assert bent[:, 0, 0, 0].max() == pytest.approx(255 * (128 / 255) ** (1 / 1.5), rel=0.01)


def test_blur_mixes_half_of_the_images_with_up_to_so_much_of_their_mean() -> None:
    blurred = run("blur", 0.6)
    beside = blurred[:, 0, 14, 11]  # of its 3x3 neighbours a third is ink
    assert beside.max() == pytest.approx(255 * 0.6 / 3, rel=0.03)
    assert (beside == 0).float().mean() == pytest.approx(0.5, abs=0.08)


def test_wear_loses_up_to_so_many_pixels_of_half_of_the_images() -> None:
    left = run("wear", 0.4, torch.full((400, 1, 28, 28), 255.0))
    lost = (left == 0).flatten(1).float().mean(1)  # (n, 1, 28, 28) → (n,)
    assert lost.max() == pytest.approx(0.4, abs=0.05)
    assert (lost == 0).float().mean() == pytest.approx(0.5, abs=0.08)
    assert set(left.flatten().tolist()) == {0.0, 255.0}


def test_noise_has_its_deviation() -> None:
    images = torch.full((50, 1, 28, 28), 128.0)
    assert run("noise", 10, images).std() == pytest.approx(10, rel=0.05)


def test_geometry_resamples_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    original = Warp.apply

    def count(warp: Warp, images: torch.Tensor) -> torch.Tensor:
        calls.append(warp)
        return original(warp, images)

    monkeypatch.setattr(Warp, "apply", count)
    augment(bar(2), {"shift": 1, "rotate": 5, "scale": 0.1, "elastic": 1}, torch.Generator().manual_seed(0))
    assert len(calls) == 1


def test_nothing_asked_returns_the_very_images() -> None:
    images = bar(2)
    assert augment(images, {}, torch.Generator()) is images


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(UsageError, match="did you mean 'rotate'"):
        augmentation("rotat")
    assert augmentation("rotate") is AUGMENTATIONS["rotate"]
