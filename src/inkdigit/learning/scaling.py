"""How a recipe scales pixels, 0..255, before its network sees them."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Scaling:
    """(pixel - mean) / deviation, in units of 0..255."""

    mean: float
    deviation: float

    def __call__(self, images: Tensor) -> Tensor:
        """Scales float images of any shape."""
        return (images - self.mean) / self.deviation


SCALINGS: Mapping[str, Scaling] = {
    "raw": Scaling(0, 1),
    "unit": Scaling(0, 255),
    "signed": Scaling(127.5, 127.5),
    "standard": Scaling(0.1307 * 255, 0.3081 * 255),  # mean and deviation of MNIST's training pixels
}
