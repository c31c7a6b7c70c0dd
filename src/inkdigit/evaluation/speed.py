"""How long a classifier takes."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from inkdigit.classifier import Classifier
from inkdigit.images import SIZE


@dataclass(frozen=True)
class Speed:
    """Measured on this machine, warm.

    Attributes:
        latency_us: of a single image, microseconds, the median.
        images_per_s: in batches of 1,000.
    """

    latency_us: float
    images_per_s: float


def measure_speed(classifier: Classifier) -> Speed:
    """Times single images and batches."""
    images = np.random.default_rng(0).integers(0, 256, (1000, SIZE, SIZE), dtype=np.uint8)
    single = median_seconds(lambda: classifier(images[:1]), 200)
    batch = median_seconds(lambda: classifier(images), 5)
    return Speed(1e6 * single, len(images) / batch)


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """The median time of a call, in seconds, after one to warm up."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
