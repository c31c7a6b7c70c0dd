"""Two convolutions and two linear layers with nothing between them."""

from torch import Tensor, nn

from inkdigit.images import CLASSES


class CNN(nn.Module):
    """conv 5x5 10, pool, conv 5x5 20, pool, 50, 10: the article that compares structures (21,840 parameters).

    There is no activation between the two linear layers, so that together they can do no more than one, 320 → 10.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, 5)
        self.conv2 = nn.Conv2d(10, 20, 5)
        self.pool = nn.MaxPool2d(2)
        self.relu = nn.ReLU()
        self.fc1 = nn.Linear(20 * 4 * 4, 50)
        self.fc2 = nn.Linear(50, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, 10) of images (n, 1, 28, 28)."""
        x = self.relu(self.pool(self.conv1(x)))  # (n, 1, 28, 28) → (n, 10, 12, 12)
        x = self.relu(self.pool(self.conv2(x)))  # (n, 10, 12, 12) → (n, 20, 4, 4)
        logits: Tensor = self.fc2(self.fc1(x.flatten(1)))  # (n, 320) → (n, 50) → (n, 10)
        return logits
