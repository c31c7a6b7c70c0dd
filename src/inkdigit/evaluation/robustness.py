"""How well a classifier reads digits that were damaged."""

from inkdigit.classifier import Classifier
from inkdigit.data.dataset import Dataset
from inkdigit.evaluation.corruptions import CORRUPTIONS, corrupt
from inkdigit.evaluation.metrics import predict

IMAGES = 2000
"""As many of the dataset's first images are damaged: the interval of a share is then ± 2 points at most."""


def measure_robustness(classifier: Classifier, dataset: Dataset, severity: int = 3) -> dict[str, float]:
    """Accuracy, 0..1, by name of ``CORRUPTIONS`` at one severity of 1 to 5."""
    images, labels = dataset.images[:IMAGES], dataset.labels[:IMAGES]
    return {
        name: float((predict(classifier(corrupt(images, name, severity))) == labels).mean()) for name in CORRUPTIONS
    }
