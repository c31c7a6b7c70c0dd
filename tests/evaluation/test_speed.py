"""Timing a classifier."""

import time

import numpy as np

from inkdigit.evaluation.speed import measure_speed
from inkdigit.images import Images, Probabilities


def test_latency_and_throughput_of_a_classifier_of_known_speed() -> None:
    def slow(images: Images) -> Probabilities:
        time.sleep(0.002 if len(images) == 1 else 0.05)
        return np.zeros((len(images), 10), np.float32)

    speed = measure_speed(slow)
    # A busy machine makes it slower, nothing makes it faster.
    assert 2_000 <= speed.latency_us <= 40_000
    assert 1_000 <= speed.images_per_s <= 20_000
