"""Two padded convolutions and a wide linear layer."""

from torch import Tensor, nn

from inkdigit.images import CLASSES


class ConvNet(nn.Module):
    """conv 3x3 4, pool, conv 3x3 8, pool, 512, dropout, 10: the article "CNN, handwriting recognition" (206,682).

    As printed there, eval() after the first epoch is never undone, so that dropout acts in epoch 1 alone:
    ``dropout=0`` is that network from epoch 2 on.
    """

    def __init__(self, dropout: float = 0.4) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.conv2 = nn.Conv2d(4, 8, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.relu = nn.ReLU()
        self.fc1 = nn.Linear(8 * 7 * 7, 512)
        self.dropout = nn.Dropout(dropout)
        self.fc2 = nn.Linear(512, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, 10) of images (n, 1, 28, 28)."""
        x = self.relu(self.pool(self.conv1(x)))  # (n, 1, 28, 28) → (n, 4, 14, 14)
        x = self.relu(self.pool(self.conv2(x)))  # (n, 4, 14, 14) → (n, 8, 7, 7)
        x = self.dropout(self.relu(self.fc1(x.flatten(1))))  # (n, 392) → (n, 512)
        logits: Tensor = self.fc2(x)
        return logits
