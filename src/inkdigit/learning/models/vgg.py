"""A small plain convolutional network in the manner of VGG: 3x3 convolutions, batch norm, pooling."""

from collections.abc import Sequence

from torch import Tensor, nn

from inkdigit.images import CLASSES


class VGG(nn.Module):
    """Stages of 3x3 convolutions with batch norm and ReLU; max pooling between, the mean at the end.

    After Simonyan and Zisserman, "Very deep convolutional networks", 2015, and Ioffe and Szegedy, "Batch
    normalization", 2015. With widths (24, 48, 96) and two convolutions each, the defaults: 162,000 parameters.
    """

    def __init__(
        self,
        widths: Sequence[int] = (24, 48, 96),
        depths: Sequence[int] = (),
        dropout: float = 0.2,
        classes: int = CLASSES,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1
        for stage, (width, depth) in enumerate(zip(widths, depths or [2] * len(widths), strict=True)):
            layers += [nn.MaxPool2d(2)] if stage else []
            for _ in range(depth):
                layers += _convolution(channels, width)
                channels = width
        self.features = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, classes) of images (n, 1, 28, 28)."""
        x = self.features(x)  # (n, 1, 28, 28) → (n, c, 7, 7)
        x = x.mean((2, 3))  # (n, c, 7, 7) → (n, c)
        logits: Tensor = self.head(self.dropout(x))
        return logits


def _convolution(fan_in: int, fan_out: int) -> list[nn.Module]:
    # No bias: the batch norm that follows has one.
    return [nn.Conv2d(fan_in, fan_out, 3, padding=1, bias=False), nn.BatchNorm2d(fan_out), nn.ReLU()]
