"""A network in PyTorch as a classifier: the same contract as a model file."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inkdigit.images import SIZE, Images, Probabilities
from inkdigit.learning.scaling import Scaling

VIEWS = 5
"""Views of an image that is also read shifted: as it is, and moved to each of the four sides."""

LEAST = 1e-30
"""Lower bound of a mean of probabilities, so that it has a logarithm."""


class Deployed(nn.Module):
    """A network with scaling, temperature and softmax inside: uint8 (n, 28, 28) → probabilities (n, classes).

    With ``shifts`` an image is also read moved by that many pixels to each of the four sides, and the mean of the five
    probabilities counts. Simard, Steinkraus, Platt 2003 moved training images; here those that are read are moved.
    """

    def __init__(self, model: nn.Module, scaling: Scaling, temperature: float = 1.0, *, shifts: int = 0) -> None:
        super().__init__()
        self.model = model
        self.scaling = scaling
        self.temperature = temperature
        self.shifts = shifts

    def at(self, temperature: float) -> "Deployed":
        """The same at another temperature."""
        return Deployed(self.model, self.scaling, temperature, shifts=self.shifts)

    def forward(self, images: Tensor) -> Tensor:
        """Probabilities, float32 (n, classes)."""
        views = _shifted(images.float(), self.shifts)  # (n, 28, 28) → (v n, 28, 28)
        logits: Tensor = self.model(self.scaling(views)[:, None])  # (v n, 28, 28) → (v n, 1, 28, 28)
        if self.shifts:
            each = torch.softmax(logits, dim=1).view(VIEWS, -1, logits.shape[1])  # (v n, classes) → (v, n, classes)
            logits = each.mean(0).clamp(min=LEAST).log()
        return torch.softmax(logits / self.temperature, dim=1)


def _shifted(images: Tensor, pixels: int) -> Tensor:
    """Images (n, 28, 28) followed by copies moved to each side in turn; what comes in is paper, 0."""
    if not pixels:
        return images
    wide = functional.pad(images, (pixels,) * 4)
    corners = [(pixels, pixels), (0, pixels), (2 * pixels, pixels), (pixels, 0), (pixels, 2 * pixels)]
    return torch.cat([wide[:, y : y + SIZE, x : x + SIZE] for y, x in corners])


class TorchClassifier:
    """A classifier that runs a network where its weights lie."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed = deployed

    def __call__(self, images: Images, batch_size: int = 1000) -> Probabilities:
        """Probabilities, float32 (n, classes), of uint8 (n, 28, 28) images; leaves the network's mode as it was."""
        device = next(self._deployed.parameters()).device
        was_training = self._deployed.model.training
        self._deployed.eval()
        with torch.inference_mode():
            batches = torch.from_numpy(np.ascontiguousarray(images)).split(batch_size)  # type: ignore[no-untyped-call]
            probabilities = torch.cat([self._deployed(batch.to(device)) for batch in batches])
        self._deployed.train(was_training)
        result: Probabilities = probabilities.cpu().numpy()
        return result
