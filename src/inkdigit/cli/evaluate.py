"""``inkdigit evaluate``."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from inkdigit.cli.examples import with_examples

if TYPE_CHECKING:
    from inkdigit.data.dataset import Dataset


@with_examples(
    "inkdigit evaluate reader",
    "inkdigit evaluate reader --data optdigits --json",
    "inkdigit evaluate reader --data mine.npz",
    "inkdigit evaluate reader --split validation",
    "inkdigit evaluate runs/lenet-1 --corruptions",
)
def evaluate(
    model: Annotated[str, typer.Argument(help="A run's folder, an .onnx file, or shipped weights.")],
    data: Annotated[
        str | None,
        typer.Option(
            help="A dataset's name, a folder of IDX files, pictures in 0/ to 9/, or an .npz with images and labels. "
            "[default: what the model was trained on, or mnist]"
        ),
    ] = None,
    split: Annotated[
        str,
        typer.Option(help="train, validation, train+validation or test; a note says if the model learnt from these."),
    ] = "test",
    corruptions: Annotated[
        bool, typer.Option("--corruptions", help="Also on digits damaged in 15 ways, at severities 1 to 5.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the evaluation as JSON.")] = False,
) -> None:
    """Measure a model on a dataset.

    Reports accuracy with its 95 % interval, likelihood, calibration before and after a temperature, the errors left if
    the least sure are refused and, with --json, the confusion matrix. An .npz holds uint8 images (n, 28, 28), bright
    ink on 0, and as many labels; all of it is taken as a test set. --corruptions reads up to 2,000 digits 75 times,
    with 'reader' in a minute or two.
    """
    from inkdigit.classifier import OnnxClassifier
    from inkdigit.cli.downloads import fetch
    from inkdigit.cli.messages import tell
    from inkdigit.data.dataset import check_split, load_dataset
    from inkdigit.errors import DataError, UsageError
    from inkdigit.evaluation.evaluate import Evaluation
    from inkdigit.evaluation.evaluate import evaluate as measure
    from inkdigit.evaluation.robustness import Robustness, measure_severities
    from inkdigit.reading.weights import find_model

    check_split(split)
    classifier = OnnxClassifier(find_model(model))
    name = str(classifier.metadata.get("data", "mnist")) if data is None else data
    fetch(name)
    try:
        digits = load_dataset(name, split)
    except (DataError, UsageError) as error:
        if data is not None:
            raise
        raise DataError(
            f"{model}: was trained on {name}, which cannot be had ({error}); name a dataset with --data"
        ) from error
    if split != "test" and _knows(
        classifier.metadata.get("train_sha256"), load_dataset(name, "train+validation"), split
    ):
        tell("the model learnt from these digits; what it makes of others is told by --split test")
    measured_on = classifier.metadata.get("test_sha256", digits.sha256)
    if data is None and split == "test" and measured_on != digits.sha256:
        tell(
            "the model's own figure is of other digits: its dataset has changed, or its protocol chose the epoch on "
            "some of these"
        )
    measured: list[Evaluation | Robustness] = [measure(classifier, digits)]
    if corruptions:
        measured.append(measure_severities(classifier, digits))
    if as_json:
        print(json.dumps({name: value for part in measured for name, value in part.to_dict().items()}, indent=2))
    else:
        print("\n\n".join(part.summary() for part in measured))


def _knows(learnt: object, whole: "Dataset", split: str) -> bool:
    """Whether digits of that hash, which a model learnt from, hold some of a split of all that are for training."""
    from inkdigit.data.dataset import hold_out

    return learnt == whole.sha256 or (split != "validation" and learnt == hold_out(whole)[0].sha256)
