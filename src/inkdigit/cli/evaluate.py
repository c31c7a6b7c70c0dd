"""``inkdigit evaluate``."""

import json
from typing import Annotated

import typer

from inkdigit.cli.examples import with_examples


@with_examples(
    "inkdigit evaluate reader",
    "inkdigit evaluate reader --data optdigits --json",
    "inkdigit evaluate runs/lenet-1 --split validation",
)
def evaluate(
    model: Annotated[str, typer.Argument(help="A run's folder, an .onnx file, or shipped weights.")],
    data: Annotated[
        str, typer.Option(help="A dataset's name, a folder of IDX files, or pictures in 0/ to 9/.")
    ] = "mnist",
    split: Annotated[str, typer.Option(help="train, validation, train+validation or test.")] = "test",
    as_json: Annotated[bool, typer.Option("--json", help="Print the evaluation as JSON.")] = False,
) -> None:
    """Measure a model on a dataset.

    Tells accuracy with its 95 % interval, likelihood, calibration and, with --json, the confusion matrix.
    """
    from inkdigit.classifier import OnnxClassifier
    from inkdigit.cli.downloads import announce
    from inkdigit.data.dataset import load_dataset
    from inkdigit.evaluation.evaluate import evaluate as measure
    from inkdigit.reading.weights import find_model

    classifier = OnnxClassifier(find_model(model))
    announce(data)
    evaluation = measure(classifier, load_dataset(data, split))
    print(json.dumps(evaluation.to_dict(), indent=2) if as_json else evaluation.summary())
