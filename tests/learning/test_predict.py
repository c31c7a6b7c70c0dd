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


def test_scalings_map_the_ends() -> None:
    ends = torch.tensor([0.0, 255.0])
    assert SCALINGS["raw"](ends).tolist() == [0, 255]
    assert SCALINGS["unit"](ends).tolist() == [0, 1]
    assert SCALINGS["signed"](ends).tolist() == [-1, 1]
    torch.testing.assert_close(SCALINGS["standard"](ends), torch.tensor([-0.4242, 2.8215]), atol=1e-4, rtol=0)
