"""Accuracy on damaged digits."""

import numpy as np

from inkdigit.data.dataset import Dataset
from inkdigit.evaluation.corruptions import CORRUPTIONS
from inkdigit.evaluation.robustness import measure_robustness
from inkdigit.images import Images, Probabilities


def test_every_corruption_is_measured_on_damaged_images() -> None:
    images = np.zeros((20, 28, 28), np.uint8)
    images[:, 8:20, 10:14] = 255
    labels = np.array([3] * 15 + [4] * 5, np.int64)
    seen = []

    def threes(damaged: Images) -> Probabilities:
        seen.append(damaged)
        return np.tile(np.eye(10, dtype=np.float32)[3], (len(damaged), 1))

    found = measure_robustness(threes, Dataset("bars", "test", images, labels))
    assert found == dict.fromkeys(CORRUPTIONS, 0.75)
    assert all(not np.array_equal(damaged, images) for damaged in seen)
