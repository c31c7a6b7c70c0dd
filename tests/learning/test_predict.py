"""A network in PyTorch as a classifier."""

import numpy as np
import torch

from inkdigit.learning.models import build_model
from inkdigit.learning.predict import Deployed, TorchClassifier
from inkdigit.learning.scaling import SCALINGS

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 28, 28), dtype=np.uint8)


def test_probabilities_do_not_depend_on_the_batch() -> None:
    classifier = TorchClassifier(Deployed(build_model("lenet", {}), SCALINGS["unit"]))
    probabilities = classifier(IMAGES)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(classifier(IMAGES, batch_size=2), probabilities, atol=1e-6)


def test_the_mode_is_left_as_it_was_and_dropout_is_off() -> None:
    model = build_model("vgg", {"dropout": 0.9}).train()
    classifier = TorchClassifier(Deployed(model, SCALINGS["unit"]))
    np.testing.assert_array_equal(classifier(IMAGES), classifier(IMAGES))
    assert model.training


def test_temperature_flattens() -> None:
    model = build_model("softmax", {})
    sharp, flat = (TorchClassifier(Deployed(model, SCALINGS["raw"], t))(IMAGES) for t in (1.0, 50.0))
    assert flat.max() < sharp.max()
    np.testing.assert_array_equal(sharp.argmax(1), flat.argmax(1))


def test_shifts_are_averaged() -> None:
    """Moved by two pixels to each side; what comes in is paper."""
    model, moved = build_model("lenet", {}), np.zeros((5, *IMAGES.shape), np.uint8)
    moved[0] = IMAGES
    moved[1, :, 2:], moved[2, :, :-2] = IMAGES[:, :-2], IMAGES[:, 2:]
    moved[3, :, :, 2:], moved[4, :, :, :-2] = IMAGES[:, :, :-2], IMAGES[:, :, 2:]
    plain = TorchClassifier(Deployed(model, SCALINGS["standard"]))
    expected = np.mean([plain(images) for images in moved], 0)
    found = TorchClassifier(Deployed(model, SCALINGS["standard"], shifts=2))(IMAGES)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.abs(found - plain(IMAGES)).max() > 1e-3


def test_at_another_temperature_all_else_stays() -> None:
    deployed = Deployed(build_model("lenet", {}), SCALINGS["standard"], shifts=1)
    warm = TorchClassifier(deployed.at(3.0))(IMAGES)
    expected = TorchClassifier(deployed)(IMAGES) ** (1 / 3)
    np.testing.assert_allclose(warm, expected / expected.sum(1, keepdims=True), atol=1e-6)


def test_scalings_map_the_ends() -> None:
    ends = torch.tensor([0.0, 255.0])
    assert SCALINGS["raw"](ends).tolist() == [0, 255]
    assert SCALINGS["unit"](ends).tolist() == [0, 1]
    assert SCALINGS["signed"](ends).tolist() == [-1, 1]
    torch.testing.assert_close(SCALINGS["standard"](ends), torch.tensor([-0.4242, 2.8215]), atol=1e-4, rtol=0)
