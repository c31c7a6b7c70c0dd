"""The recipes by name. A new one is an entry of ``RECIPES``."""

from collections.abc import Mapping

from inkdigit.errors import unknown
from inkdigit.learning.recipe import Recipe

_RECIPES = (
    Recipe(
        name="softmax",
        summary="one linear layer: how far a straight line gets",
        source="LeCun, Bottou, Bengio, Haffner 1998, the linear classifier, here with cross entropy",
        expected=(0.9225, 0.9249),
        model="softmax",
        epochs=10,
        batch_size=128,
        optimizer="sgd",
        optimizer_options={"momentum": 0.9},
        lr=0.05,
        schedule="cosine",
    ),
    Recipe(
        name="convnet",
        summary="two small convolutions by Adam, to the letter, faults included: digits mirrored, dropout lost",
        source='article "CNN, handwriting recognition"; it mirrors half of the digits (a mirrored 2 is no 2), never '
        "undoes the eval() of its first epoch, so that dropout is off from the second on (here from the first), and "
        "chooses its epoch on 4,000 of the test images",
        expected=(0.9785, 0.9915),
        published="validation 97.50 % (epoch 50)",
        model="convnet",
        model_options={"dropout": 0.0},
        scaling="signed",
        protocol="first-tutorial",
        epochs=60,
        batch_size=128,
        optimizer="adam",
        lr=0.0001,
        augment={"flip": 0.5},
    ),
    Recipe(
        name="convnet-fixed",
        summary="the same without its faults: no mirror, dropout on, the epoch chosen on held-out digits",
        source='article "CNN, handwriting recognition", mended by inkdigit',
        expected=(0.985, 0.9912),
        model="convnet",
        scaling="signed",
        epochs=60,
        batch_size=128,
        optimizer="adam",
        lr=0.0001,
    ),
    Recipe(
        name="keras-cnn",
        summary="one convolution and a very wide layer, as Keras initialises and trains them",
        source='article "handwritten digits with TensorFlow and Keras"',
        expected=(0.98, 0.9855),
        published="test 98.20 %",
        model="keras-cnn",
        protocol="all",
        epochs=5,
        batch_size=32,
        optimizer="keras-adam",
        optimizer_options={"eps": 1e-7},
        lr=0.001,
        memory_format="contiguous",  # to flatten 21,632 values out of channels-last costs more than it brings
    ),
    Recipe(
        name="mlp",
        summary="784-30-30-10 by plain gradient descent on the whole set at once",
        source='article "handwritten digits with a fully connected network in PyTorch"',
        expected=(0.9371, 0.9612),
        published="train loss .1060, test loss .1587",
        model="mlp",
        model_options={"hidden": (30, 30)},
        scaling="raw",
        protocol="all",
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
        expected=(0.9763, 0.9885),
        published="test 98 %",
        model="lenet",
        scaling="standard",
        protocol="all",
        epochs=2,
        batch_size=4,
        optimizer="sgd",
        optimizer_options={"momentum": 0.9},
        lr=0.001,
        threads=1,
        log_every=1000,
    ),
    *(
        Recipe(
            name=name,
            summary=f"{summary}, compared under one training: SGD, batches of 64, ten epochs",
            source='article "convolutional networks in PyTorch" and the course that it follows',
            expected=expected,
            published=published,
            model=model,
            model_options=options,
            scaling="standard",
            protocol="all",
            epochs=10,
            batch_size=64,
            optimizer="sgd",
            optimizer_options={"momentum": 0.5},
            lr=0.01,
            precision=precision,
            log_every=300,
        )
        for name, model, options, expected, published, precision, summary in (
            ("cnn", "cnn", {}, (0.9859, 0.9882), "test 99.0 %, train 98.88 %", "float32",
             "two convolutions and two linear layers"),
            ("linear", "mlp", {"hidden": (512, 256, 128, 64)}, (0.9757, 0.9772), "", "bfloat16", "five linear layers"),
            ("inception", "inception", {}, (0.9846, 0.9898), "", "bfloat16",
             "convolutions of several sizes side by side"),
            ("residual", "residual", {}, (0.9876, 0.9922), "", "bfloat16",
             "convolutions that learn what to add to their input"),
        )
    ),
    Recipe(
        name="reader",
        summary="the network that inkdigit reads with: 3x3 convolutions, trained to meet strangers' hands",
        source="inkdigit",
        expected=(0.9935, 0.9963),
        model="vgg",
        model_options={"widths": (16, 32, 96), "depths": (1, 2, 3), "classes": 11},
        protocol="held-out-last",  # clean digits do not tell which epoch reads strangers' best
        epochs=14,
        batch_size=128,
        optimizer="adamw",
        optimizer_options={"weight_decay": 0.01},
        lr=0.004,
        schedule="one-cycle",
        label_smoothing=0.05,
        augment={
            "rotate": 15, "scale": 0.15, "shear": 0.25, "shift": 2, "elastic": 1.2,
            "thickness": 2, "blur": 0.6, "wear": 0.15, "contrast": 0.5, "noise": 6,
        },
        variants={"hooked-1": 0.3, "footed-1": 0.08, "crossed-7": 0.25, "slashed-0": 0.05},
        crops=2,
        outliers={
            "line": 0.02, "grid": 0.03, "sign": 0.12, "scribble": 0.04, "letter": 0.08, "word": 0.04, "symbol": 0.07,
            "half": 0.03, "pair": 0.04, "turned": 0.04, "texture": 0.04, "blob": 0.02,
        },
        precision="bfloat16",
    ),
    *(
        Recipe(
            name=name,
            summary=summary,
            source="inkdigit; Simonyan, Zisserman 2015; Smith, Topin 2018; Jordan et al. 2024; Simard et al. 2003",
            expected=expected,
            model="vgg",
            model_options={"widths": (32, 64, 128), "depths": (2, 2, 1)},
            epochs=48,
            batch_size=128,
            optimizer="muon",
            optimizer_options={"weight_decay": 0.01},
            lr=0.008,
            schedule="one-cycle",
            label_smoothing=0.05,
            augment={"rotate": 10, "scale": 0.1, "shear": 0.15, "shift": 2},
            shifts=1,
            members=members,
            precision="bfloat16",
            threads=1,
            log_every=430,
        )
        for name, members, expected, summary in (
            ("best", 1, (0.9965, 0.9976), "the most accurate single network: 48 epochs of turned and moved digits"),
            ("best-ensemble", 3, (0.9962, 0.9982), "three of them, averaged into one model"),
        )
    ),
    *(
        Recipe(
            name=name,
            summary=summary,
            source="inkdigit; Jordan et al. 2024, and the one cycle as in public notebooks that race to 99 %",
            expected=expected,
            model="strided",
            model_options={"widths": widths},
            scaling="standard",
            steps=steps,
            batch_size=256,
            optimizer="muon",
            optimizer_options={"momentum": 0.8, "iterations": 3, "betas": (0.7, 0.9), "weight_decay": 0.0},
            lr=lr,
            schedule="one-cycle",
            label_smoothing=0.1,
            augment=augment,
            shifts=1,
            precision="bfloat16",
            log_every=215,
        )
        for name, widths, steps, lr, augment, expected, summary in (
            ("fastest", (16, 24), 112, 0.02, {}, (0.9904, 0.9913),
             "99 % in about 1.45 s on two cores: 112 steps, and shifted looks at what is read"),
            ("fast-99.5", (24, 48), 700, 0.01, {"shift": 1, "rotate": 8, "scale": 0.05}, (0.9953, 0.9960),
             "99.5 % in less than fourteen seconds on two cores: three and a quarter passes"),
        )
    ),
    *(
        Recipe(
            name=name,
            summary=summary,
            source="inkdigit; the networks of best, made narrow",
            expected=expected,
            model="vgg",
            model_options={"widths": widths, "depths": depths, "dropout": 0.0},
            epochs=40,
            batch_size=128,
            optimizer="adamw",
            optimizer_options={"weight_decay": 0.01},
            lr=0.01,
            schedule="one-cycle",
            augment=augment,
            shifts=1,
            precision="bfloat16",
            threads=1,
            log_every=430,
        )
        for name, widths, depths, augment, expected, summary in (
            ("smallest", (6, 8, 10), (1, 2, 2), {"rotate": 5, "scale": 0.05, "shear": 0.1, "shift": 1},
             (0.9892, 0.9964), "99 % with 2,876 parameters"),
            ("smallest-99.5", (8, 12, 16), (1, 2, 3), {"rotate": 10, "scale": 0.1, "shear": 0.15, "shift": 1},
             (0.9943, 0.9965), "99.5 % with 8,898 parameters"),
        )
    ),
    Recipe(
        name="locator",
        summary="the network that finds digits on a page: centres and boxes, learnt from generated pages",
        source="Zhou, Wang, Krähenbühl, \"Objects as points\", 2019, made small and trained on pages by inkdigit; "
        "Jordan et al. 2024",
        expected=(0.7572, 0.7823),
        model="centres",
        model_options={"widths": (24, 64, 112), "depths": (1, 3, 2)},
        steps=7000,
        batch_size=32,
        optimizer="muon",
        optimizer_options={"weight_decay": 0.01},
        lr=0.006,
        schedule="one-cycle",
        clip_norm=5.0,
        variants={"hooked-1": 0.3, "footed-1": 0.1, "crossed-7": 0.3, "slashed-0": 0.04},
        precision="bfloat16",
        threads=2,
        log_every=500,
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
