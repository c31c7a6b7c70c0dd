"""The recipes by name. A new one is an entry of ``RECIPES``."""

from collections.abc import Mapping

from inkdigit.errors import unknown
from inkdigit.learning.recipe import Recipe

_RECIPES = (
    Recipe(
        name="softmax",
        summary="one linear layer: how far a straight line gets",
        source="LeCun, Bottou, Bengio, Haffner 1998, the linear classifier, here with cross entropy",
        reaches=0.915,
        model="softmax",
        epochs=10,
        batch_size=128,
        optimizer="sgd",
        optimizer_options={"momentum": 0.9},
        lr=0.05,
        schedule="cosine",
    ),
    Recipe(
        name="mlp",
        summary="784-30-30-10 by plain gradient descent on the whole set at once",
        source='article "handwritten digits with a fully connected network in PyTorch"',
        reaches=0.94,
        model="mlp",
        model_options={"hidden": (30, 30)},
        scaling="raw",
        steps=5000,
        batch_size=None,
        optimizer="sgd",
        lr=0.003,
        log_every=200,
    ),
    Recipe(
        name="lenet",
        summary="LeNet with batches of 4: two epochs to 98 %",
        source='article "LeNet in PyTorch", after Zeng Pengyi, "Introduction to deep learning with PyTorch"',
        reaches=0.98,
        model="lenet",
        scaling="standard",
        epochs=2,
        batch_size=4,
        optimizer="sgd",
        optimizer_options={"momentum": 0.9},
        lr=0.001,
        threads=1,
        log_every=1000,
    ),
    Recipe(
        name="reader",
        summary="the network that inkdigit reads with: 3x3 convolutions, trained to meet strangers' hands",
        source="inkdigit",
        reaches=0.995,
        model="vgg",
        epochs=20,
        batch_size=128,
        optimizer="adamw",
        optimizer_options={"weight_decay": 0.01},
        lr=0.004,
        schedule="one-cycle",
        label_smoothing=0.05,
        augment={
            "rotate": 15, "scale": 0.15, "shear": 0.25, "shift": 2, "elastic": 1.2,
            "thickness": 1.5, "blur": 0.8, "wear": 0.35, "contrast": 0.5, "noise": 6,
        },
        variants={"hooked-1": 0.4, "crossed-7": 0.3, "slashed-0": 0.1},
        precision="bfloat16",
    ),
)  # fmt: skip

RECIPES: Mapping[str, Recipe] = {recipe.name: recipe for recipe in _RECIPES}


def find_recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        UsageError: there is none; the nearest is named.
    """
    if name not in RECIPES:
        raise unknown("recipe", name, RECIPES)
    return RECIPES[name]
