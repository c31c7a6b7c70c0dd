"""Augmentation of whole batches on the device, for ways in which people's digits vary and the training digits do not.

Geometric changes are combined into one matrix and one displacement field per image, so that an image is resampled
only once, however many of them are requested.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import torch
from torch import Generator, Tensor
from torch.nn import functional

from inkdigit.errors import unknown
from inkdigit.images import SIZE


@dataclass
class Warp:
    """Where each output pixel is taken from, for n images; coordinates run from -1 to 1.

    Attributes:
        matrix: (n, 2, 2), applied to centred coordinates.
        offset: (n, 2), x then y.
        displacement: (n, 28, 28, 2), added at each pixel.
    """

    matrix: Tensor
    offset: Tensor
    displacement: Tensor | None = field(default=None)

    @classmethod
    def identity(cls, n: int, device: torch.device) -> "Warp":
        """The warp that changes nothing."""
        return cls(torch.eye(2, device=device).repeat(n, 1, 1), torch.zeros(n, 2, device=device))

    def apply(self, images: Tensor) -> Tensor:
        """Resamples float (n, 1, 28, 28) images bilinearly; what comes from outside is paper."""
        theta = torch.cat([self.matrix, self.offset[:, :, None]], dim=2)  # (n, 2, 3)
        grid = functional.affine_grid(theta, list(images.shape), align_corners=False)  # (n, 28, 28, 2)
        if self.displacement is not None:
            grid = grid + self.displacement
        return functional.grid_sample(images, grid, align_corners=False)


Warping: TypeAlias = Callable[[Warp, float, Generator], None]
"""Adds to a warp, in place, up to an amount."""

Painting: TypeAlias = Callable[[Tensor, float, Generator], Tensor]
"""Changes the values of float (n, 1, 28, 28) images, 0..255, up to an amount."""


@dataclass(frozen=True)
class Augmentation:
    """One kind of change.

    Attributes:
        description: what it does, and the unit of its amount.
        example: an amount large enough to be seen, for a picture that shows all kinds.
        warp: for a change of geometry.
        paint: for a change of values.
        most: the largest amount allowed; 1 for a probability or a share.
    """

    description: str
    example: float
    warp: Warping | None = None
    paint: Painting | None = None
    most: float = math.inf


def _uniform(shape: tuple[int, ...], amount: float, generator: Generator) -> Tensor:
    """Uniform in ±amount."""
    return (torch.rand(shape, generator=generator, device=generator.device) * 2 - 1) * amount


def _share(shape: tuple[int, ...], amount: float, generator: Generator) -> Tensor:
    """Uniform from 0 to amount, for half of the images: the other half stays clean."""
    share = torch.rand(shape, generator=generator, device=generator.device)
    return (2 * share - 1).clamp(min=0) * amount


def _shift(warp: Warp, amount: float, generator: Generator) -> None:
    warp.offset += _uniform((len(warp.offset), 2), amount * 2 / SIZE, generator)  # the picture is 2 wide


def _rotate(warp: Warp, amount: float, generator: Generator) -> None:
    angle = _uniform((len(warp.matrix),), math.radians(amount), generator)
    rows = [torch.cos(angle), -torch.sin(angle), torch.sin(angle), torch.cos(angle)]
    warp.matrix @= torch.stack(rows, dim=1).view(-1, 2, 2)  # (n, 4) → (n, 2, 2)


def _scale(warp: Warp, amount: float, generator: Generator) -> None:
    # Each axis by a factor of its own: people's digits differ in aspect as much as in size.
    warp.matrix *= torch.exp(_uniform((len(warp.matrix), 2, 1), math.log1p(amount), generator))


def _shear(warp: Warp, amount: float, generator: Generator) -> None:
    shear = torch.eye(2, device=generator.device).repeat(len(warp.matrix), 1, 1)
    shear[:, 0, 1] = _uniform((len(shear),), amount, generator)
    warp.matrix @= shear


def _elastic(warp: Warp, amount: float, generator: Generator) -> None:
    # A coarse random field, enlarged smoothly, displaces much like the blurred one of Simard et al. 2003.
    coarse = _uniform((len(warp.matrix), 2, 5, 5), amount * 2 / SIZE, generator)
    smooth = functional.interpolate(coarse, size=(SIZE, SIZE), mode="bicubic", align_corners=True)
    displacement = smooth.permute(0, 2, 3, 1)  # (n, 2, 28, 28) → (n, 28, 28, 2)
    warp.displacement = displacement if warp.displacement is None else warp.displacement + displacement


def _flip(images: Tensor, amount: float, generator: Generator) -> Tensor:
    flipped = torch.rand((len(images), 1, 1, 1), generator=generator, device=generator.device) < amount
    return torch.where(flipped, images.flip(-1), images)


def _thickness(images: Tensor, amount: float, generator: Generator) -> Tensor:
    """Strokes up to ``amount`` pixels thicker or thinner: grey dilation and erosion, mixed with the image."""
    change = _uniform((len(images), 1, 1, 1), amount, generator)
    thick = functional.max_pool2d(images, 3, stride=1, padding=1)
    thin = -functional.max_pool2d(-images, 3, stride=1, padding=1)
    # A 3x3 maximum widens a stroke by 2 pixels in all, and a minimum narrows it as much.
    return images + (thick - images) * change.clamp(min=0) / 2 + (thin - images) * (-change).clamp(min=0) / 2


def _contrast(images: Tensor, amount: float, generator: Generator) -> Tensor:
    """Raises grey values to a power from 1 / (1 + amount) to 1 + amount: soft pens, hard scans."""
    power = torch.exp(_uniform((len(images), 1, 1, 1), math.log1p(amount), generator))
    return (images.clamp(0, 255) / 255) ** power * 255


def _noise(images: Tensor, amount: float, generator: Generator) -> Tensor:
    noise = torch.randn(images.shape, generator=generator, device=generator.device)
    return (images + noise * amount).clamp(0, 255)


def _blur(images: Tensor, amount: float, generator: Generator) -> Tensor:
    """Mixes each image with its mean over 3x3 pixels: a small picture enlarged, a photo out of focus."""
    blurred = functional.avg_pool2d(images, 3, stride=1, padding=1)
    return images.lerp(blurred, _share((len(images), 1, 1, 1), amount, generator))


def _wear(images: Tensor, amount: float, generator: Generator) -> Tensor:
    """Drops pixels at random, a different share of them in each image: chalk, worn pens, hard thresholds."""
    lost = _share((len(images), 1, 1, 1), amount, generator)
    return images * (torch.rand(images.shape, generator=generator, device=generator.device) >= lost)


AUGMENTATIONS: Mapping[str, Augmentation] = {
    "shift": Augmentation("move by up to this many pixels", 4, warp=_shift),
    "rotate": Augmentation("turn by up to this many degrees", 30, warp=_rotate),
    "scale": Augmentation("enlarge or shrink each axis by up to this share", 0.3, warp=_scale),
    "shear": Augmentation("slant by up to this many pixels per pixel", 0.5, warp=_shear),
    "flip": Augmentation("mirror left to right with this probability (a mirrored 2 is no 2)", 0.5, paint=_flip, most=1),
    "elastic": Augmentation("bend smoothly by up to this many pixels", 2.5, warp=_elastic),
    "thickness": Augmentation("make strokes thicker or thinner by up to this many pixels", 2, paint=_thickness),
    "contrast": Augmentation("soften or harden greys by a power of up to 1 + this", 2, paint=_contrast),
    "blur": Augmentation("blur with up to this share of the mean over 3x3 pixels", 1, paint=_blur, most=1),
    "wear": Augmentation("lose up to this share of the pixels, for half of the images", 0.4, paint=_wear, most=1),
    "noise": Augmentation("add Gaussian noise of this deviation, in grey values of 255", 40, paint=_noise),
}
"""A new augmentation is one function and its entry here."""


def augment(images: Tensor, amounts: Mapping[str, float], generator: Generator) -> Tensor:
    """Augments float (n, 1, 28, 28) images, 0..255, by the named amounts; draws from ``generator`` alone.

    Raises:
        UsageError: an unknown name.
    """
    chosen = [(augmentation(name), amount) for name, amount in amounts.items()]
    warps = [(kind.warp, amount) for kind, amount in chosen if kind.warp]
    if warps:
        warp = Warp.identity(len(images), images.device)
        for bend, amount in warps:
            bend(warp, amount, generator)
        images = warp.apply(images)
    for kind, amount in chosen:
        if kind.paint:
            images = kind.paint(images, amount, generator)
    return images


def augmentation(name: str) -> Augmentation:
    """The entry of ``AUGMENTATIONS``, or a usage error."""
    if name not in AUGMENTATIONS:
        raise unknown("augmentation", name, AUGMENTATIONS)
    return AUGMENTATIONS[name]
