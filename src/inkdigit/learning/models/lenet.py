"""LeNet-5 as today's tutorials write it: ReLU and max pooling."""

from torch import Tensor, nn

from inkdigit.images import CLASSES


class LeNet(nn.Module):
    """Two 5x5 convolutions and three linear layers (44,426 parameters).

    After LeCun et al., "Gradient-based learning applied to document recognition", 1998; without padding, so
    that the second pooling leaves 16 x 4 x 4.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.pool = nn.MaxPool2d(2)
        self.relu = nn.ReLU()
        self.fc1 = nn.Linear(16 * 4 * 4, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, 10) of images (n, 1, 28, 28)."""
        x = self.relu(self.pool(self.conv1(x)))  # (n, 1, 28, 28) → (n, 6, 12, 12)
        x = self.relu(self.pool(self.conv2(x)))  # (n, 6, 12, 12) → (n, 16, 4, 4)
        x = x.flatten(1)  # (n, 16, 4, 4) → (n, 256)
        logits: Tensor = self.fc3(self.relu(self.fc2(self.relu(self.fc1(x)))))
        return logits
