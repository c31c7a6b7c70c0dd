"""A network in PyTorch as a classifier: the same contract as a model file."""

import numpy as np
import torch
from torch import Tensor, nn

from inkdigit.images import Images, Probabilities
from inkdigit.learning.scaling import Scaling


class Deployed(nn.Module):
    """A network with scaling, temperature and softmax inside: uint8 (n, 28, 28) → probabilities (n, classes)."""

    def __init__(self, model: nn.Module, scaling: Scaling, temperature: float = 1.0) -> None:
        super().__init__()
        self.model = model
        self.scaling = scaling
        self.temperature = temperature

    def forward(self, images: Tensor) -> Tensor:
        """Probabilities, float32 (n, classes)."""
        x = self.scaling(images.float())[:, None]  # (n, 28, 28) → (n, 1, 28, 28)
        logits: Tensor = self.model(x)
        return torch.softmax(logits / self.temperature, dim=1)


class TorchClassifier:
    """A classifier that runs a network where its weights lie."""

    def __init__(self, model: nn.Module, scaling: Scaling, temperature: float = 1.0) -> None:
        self._deployed = Deployed(model, scaling, temperature)

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
