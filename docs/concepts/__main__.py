"""Draws the pictures of ``docs/concepts.md`` anew, from networks of our own.

From the repository's root: ``python -m docs.concepts [--run RUN] [CONCEPT ...]``. Without a finished run of the recipe
``lenet`` it trains one, about a minute; each run on the same machine writes the same files.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from matplotlib.figure import Figure

from inkdigit import InkdigitError, train
from inkdigit.learning.run import Run

from .activation import draw_activation
from .back_propagation import draw_back_propagation
from .convolution import draw_convolution
from .dropout import draw_dropout
from .feature_map import draw_feature_map
from .hyperparameter import draw_hyperparameter
from .kernel import draw_kernel
from .loss import draw_loss
from .momentum import draw_momentum
from .padding import draw_padding
from .paper import save_small
from .parameter import draw_parameter
from .pooling import draw_pooling
from .softmax import draw_softmax
from .stride import draw_stride
from .subject import Subject

PICTURES = Path(__file__).parents[1] / "pictures" / "concepts"

CONCEPTS: Mapping[str, Callable[[Subject], Figure]] = {
    "convolution": draw_convolution,
    "kernel": draw_kernel,
    "feature-map": draw_feature_map,
    "padding": draw_padding,
    "stride": draw_stride,
    "pooling": draw_pooling,
    "parameter": draw_parameter,
    "hyperparameter": draw_hyperparameter,
    "activation": draw_activation,
    "softmax": draw_softmax,
    "loss": draw_loss,
    "back-propagation": draw_back_propagation,
    "momentum": draw_momentum,
    "dropout": draw_dropout,
}
"""The pictures by the names of their files, in the order of the text."""


def main() -> None:
    """Trains what is missing and draws."""
    parser = argparse.ArgumentParser(prog="python -m docs.concepts", description="Draws the pictures of the concepts.")
    parser.add_argument("concepts", nargs="*", metavar="CONCEPT", help=f"some of {', '.join(CONCEPTS)}; without, all")
    parser.add_argument("--run", type=Path, help="the folder of a finished run of lenet; without it one is trained")
    parser.add_argument("--out", type=Path, default=PICTURES, help="the folder of the pictures")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = arguments.run or Path(train("lenet", out=Path(folder) / "lenet")["run"])
        subject = Subject(Run.open(run), Path(folder))
        for name in arguments.concepts or CONCEPTS:
            path = arguments.out / f"{name}.png"
            save_small(CONCEPTS[name](subject), path)
            print(path)


if __name__ == "__main__":
    try:
        main()
    except InkdigitError as error:
        print(f"concepts: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
