"""Accuracy on damaged digits."""

import json

import numpy as np
import pytest

from inkdigit.data.dataset import Dataset
from inkdigit.evaluation.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from inkdigit.evaluation.robustness import IMAGES, Robustness, measure_robustness, measure_severities
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


def brightness(images: Images) -> Probabilities:
    """Reads the digit that the whole image is as grey as."""
    probabilities: Probabilities = np.eye(10, dtype=np.float32)[(images.mean((1, 2)) // 25).astype(int).clip(0, 9)]
    return probabilities


def test_severities_are_told_apart() -> None:
    images = np.zeros((50, 28, 28), np.uint8)
    images[:, 8:20, 10:14] = 255
    dataset = Dataset("bars", "test", images, np.array([0, 0, 0, 0, 3] * 10))
    found = measure_severities(brightness, dataset)
    assert list(found.robustness) == list(CORRUPTIONS)
    assert (found.robustness_n, found.robustness_clean) == (50, 0.8)
    for name in ("fog", "brightness"):
        expected = [
            (brightness(corrupt(images, name, severity)).argmax(1) == dataset.labels).mean() for severity in SEVERITIES
        ]
        assert list(found.robustness[name]) == expected
    assert len(set(found.robustness["brightness"])) > 1


def test_the_third_severity_is_that_of_the_short_measure() -> None:
    images = np.random.default_rng(0).integers(0, 256, (30, 28, 28), dtype=np.uint8)
    dataset = Dataset("noise", "test", images, np.full(30, 5))
    severities = measure_severities(brightness, dataset).robustness
    assert measure_robustness(brightness, dataset) == {name: shares[2] for name, shares in severities.items()}


def test_of_many_sorted_or_alternating_images_some_of_every_digit_are_drawn() -> None:
    n = 5 * IMAGES
    images = np.zeros((n, 28, 28), np.uint8)
    images[:, 8:20, 10:14] = 255
    for labels in (np.arange(n) * 10 // n, np.arange(n) % 10):
        sizes: list[int] = []

        def threes(damaged: Images, sizes: list[int] = sizes) -> Probabilities:
            sizes.append(len(damaged))
            return np.tile(np.eye(10, dtype=np.float32)[3], (len(damaged), 1))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("inkdigit.evaluation.robustness.CORRUPTIONS", {"stripe": CORRUPTIONS["stripe"]})
            found = measure_robustness(threes, Dataset("bars", "test", images, labels))
        assert sizes == [IMAGES]
        assert found["stripe"] == pytest.approx(0.1, abs=0.02)


class TestSummary:
    FOUND = Robustness({"fog": (0.9, 0.8, 0.7, 0.6, 0.5), "stripe": (1.0, 1.0, 0.5, 0.5, 0.12)}, 200, 0.985)

    def test_is_a_table_with_its_means(self) -> None:
        first, *lines = self.FOUND.summary().splitlines()
        assert first.startswith("clean     98.50%  of 200 images")
        assert [line.split() for line in lines] == [
            ["1", "2", "3", "4", "5"],
            ["fog", "90.0", "80.0", "70.0", "60.0", "50.0"],
            ["stripe", "100.0", "100.0", "50.0", "50.0", "12.0"],
            ["mean", "95.0", "90.0", "60.0", "55.0", "31.0"],
        ]
        assert len({len(line) for line in lines}) == 1, "columns are aligned"

    def test_is_json_once_it_is_plain(self) -> None:
        values = json.loads(json.dumps(self.FOUND.to_dict()))
        assert values["robustness"]["stripe"] == [1, 1, 0.5, 0.5, 0.12]
        assert (values["robustness_n"], values["robustness_clean"]) == (200, 0.985)
