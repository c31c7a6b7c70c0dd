"""One convolution and a very wide linear layer, as a first network in Keras."""

from torch import Tensor, nn

from inkdigit.images import CLASSES


class KerasCNN(nn.Module):
    """conv 3x3 32, flatten, 128, 10: the article in TensorFlow (2,770,634 parameters).

    With the initialisation of Keras: weights uniform after Glorot and Bengio 2010, biases zero.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.relu = nn.ReLU()
        self.fc1 = nn.Linear(32 * 26 * 26, 128)
        self.fc2 = nn.Linear(128, CLASSES)
        for layer in (self.conv1, self.fc1, self.fc2):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, 10) of images (n, 1, 28, 28)."""
        x = self.relu(self.conv1(x))  # (n, 1, 28, 28) → (n, 32, 26, 26)
        x = self.relu(self.fc1(x.flatten(1)))  # (n, 21632) → (n, 128)
        logits: Tensor = self.fc2(x)
        return logits
