"""``inkdigit learn-from``."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from inkdigit.cli.examples import with_examples
from inkdigit.reading.weights import FLOATS


@with_examples(
    "inkdigit learn-from corrections.zip --out runs/tuned",
    "inkdigit learn-from digits --model runs/lenet-1 --out runs/tuned",
)
def learn_from(
    path: Annotated[
        Path,
        typer.Argument(metavar="FILE|DIR", help="The zip from the page of 'inkdigit serve', or pictures in 0/ to 9/."),
    ],
    out: Annotated[Path, typer.Option(help="The new run's folder; other commands take it as --model.")],
    model: Annotated[
        str, typer.Option(help="The model to train further: shipped weights, a run's folder, or an .onnx file.")
    ] = FLOATS,
    data: Annotated[str, typer.Option(help="Whose training digits are mixed in: a name, or a folder.")] = "mnist",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Teach a model digits that it read wrong.

    Trains its network further with these digits, mixed with digits that it knows, so that it does not forget those.
    Prints the folder of the new run. Writes nothing if held-out digits would be read worse than before by more than 0.1
    points. If the model may have learnt from the held-out digits, test digits are used instead.
    """
    from inkdigit.cli.downloads import fetch
    from inkdigit.learning.finetune import learn_from as learn
    from inkdigit.reading.weights import find_model

    loggers = ("csv", "progress") if sys.stderr.isatty() else ("csv",)  # else the first line printed is the result
    result = learn(path, find_model(model), out=out, data=data, loggers=loggers, announce=fetch)
    watched = "digits held out" if result["validation_accuracy"] is not None else (
        "test digits, since the model may have learnt from any others"
    )  # fmt: skip
    print(f"read right of {watched}: {result['watched_accuracy_before']:.2%} before, "
          f"{result['watched_accuracy']:.2%} now", file=sys.stderr)  # fmt: skip
    print(f"of the {result['corrections']} corrections: {result['corrections_read_before']:.0%} before, "
          f"{result['corrections_read']:.0%} now; these were learnt from, only new digits tell how well it reads "
          "yours", file=sys.stderr)  # fmt: skip
    print(json.dumps(result, indent=2) if as_json else result["run"])
