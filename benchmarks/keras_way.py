"""The tutorial in TensorFlow, timed in an environment of its own: TensorFlow is no dependency of inkdigit.

usage, by tutorial_way.py: .venv-keras/bin/python keras_way.py ARRAYS.npz; prints JSON
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ENVIRONMENT = Path(__file__).parent / ".venv-keras"
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
BATCH_SIZE, BUFFER, WARM_UP_STEPS = 32, 10_000, 20

Array = NDArray[Any]


def train_apart(images: Array, labels: Array, weights: Sequence[Array] = ()) -> dict[str, Any]:
    """Trains for an epoch in the other environment, which is made on first use.

    Args:
        images: uint8 (n, 28, 28).
        labels: (n,).
        weights: as PyTorch has them, to begin with; then the images are learnt in the order in which they stand.

    Returns:
        ``tensorflow``, the version; ``seconds`` of the epoch; ``losses``, one per step.
    """
    python = _make_environment()
    begun = {f"weights_{index}": value for index, value in enumerate(_to_keras(weights))}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "arrays.npz"
        np.savez(path, allow_pickle=False, images=images, labels=labels, **begun)
        command = [python, Path(__file__), path]
        ended = subprocess.run(command, env={**os.environ, **QUIET}, capture_output=True, text=True, check=False)  # noqa: S603
    if ended.returncode:
        raise SystemExit(f"keras_way.py failed:\n{ended.stderr}")
    result: dict[str, Any] = json.loads(ended.stdout)
    return result


def tensorflow_version() -> str | None:
    """Of the other environment, or None where it was never needed."""
    found = ENVIRONMENT.glob("lib/python*/site-packages/tensorflow_cpu-*.dist-info")
    return next((folder.stem.removeprefix("tensorflow_cpu-") for folder in found), None)


def _make_environment() -> Path:
    """The environment's Python; installs TensorFlow where it is not there yet, about a minute."""
    python, installed = ENVIRONMENT / "bin" / "python", ENVIRONMENT / "installed"
    if not installed.exists():
        print(f"installing TensorFlow in {ENVIRONMENT} …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)  # noqa: S603
        (ENVIRONMENT / ".gitignore").write_text("*\n")
        subprocess.run([python, "-m", "pip", "install", "--quiet", "tensorflow-cpu"], check=True)  # noqa: S603
        installed.touch()
    return python


def _to_keras(weights: Sequence[Array]) -> list[Array]:
    """PyTorch's layout → Keras': inputs before outputs, and channels last, also where a picture is flattened."""
    if not weights:
        return []
    kernel, kernel_bias, wide, wide_bias, last, last_bias = weights
    filters = len(kernel)
    side = round((wide.shape[1] / filters) ** 0.5)
    flattened = wide.reshape(len(wide), filters, side, side).transpose(2, 3, 1, 0).reshape(-1, len(wide))
    return [kernel.transpose(2, 3, 1, 0), kernel_bias, flattened, wide_bias, last.T, last_bias]


def _train(arrays: Mapping[str, Array]) -> dict[str, Any]:
    """One epoch as the article trains it; begun weights, where there are any, keep the given order."""
    import tensorflow as tf  # type: ignore[import-untyped]  # noqa: PLC0415 - it is there alone

    images = (arrays["images"] / 255.0)[..., np.newaxis]  # (n, 28, 28) → (n, 28, 28, 1), float64
    dataset = tf.data.Dataset.from_tensor_slices((images, arrays["labels"]))
    weights = [arrays[name] for name in takewhile(arrays.__contains__, (f"weights_{index}" for index in count()))]
    model = _network(tf.keras)
    step = _step(tf, model)
    if weights:
        model.set_weights(weights)
        batches = dataset.batch(BATCH_SIZE)
    else:
        batches = dataset.shuffle(BUFFER).batch(BATCH_SIZE)
        for batch in batches.take(WARM_UP_STEPS):
            step(*batch)
    start = time.perf_counter()
    losses = [step(*batch) for batch in batches]
    seconds = time.perf_counter() - start
    return {"tensorflow": tf.__version__, "seconds": seconds, "losses": [float(loss) for loss in losses]}


def _network(keras: Any) -> Any:
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


def _step(tf: Any, model: Any) -> Any:
    """A compiled step: images and labels → their mean loss, before the weights change."""
    loss_of, optimizer = tf.keras.losses.SparseCategoricalCrossentropy(), tf.keras.optimizers.Adam()
    mean_loss, accuracy = tf.keras.metrics.Mean(), tf.keras.metrics.SparseCategoricalAccuracy()

    def step(images: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            probabilities = model(images)
            loss = loss_of(labels, probabilities)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        mean_loss(loss)
        accuracy(labels, probabilities)
        return loss

    return tf.function(step)


if __name__ == "__main__":
    with np.load(sys.argv[1]) as file:
        print(json.dumps(_train(dict(file))))
