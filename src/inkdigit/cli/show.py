"""``inkdigit show``."""

from pathlib import Path
from typing import Annotated

import typer

from inkdigit.cli.examples import with_examples


@with_examples(
    "inkdigit show samples --data optdigits",
    "inkdigit show curves runs/lenet-1",
    "inkdigit show features runs/lenet-1 --image samples/seven.png",
    "inkdigit show mistakes runs/lenet-1 --out mistakes.png",
    "inkdigit show kernels runs/lenet-1 --out kernels.gif",
    "inkdigit show saliency reader --image 0",
)
def show(
    kind: Annotated[str, typer.Argument(help="See 'inkdigit list figures'.")],
    runs: Annotated[
        list[str] | None, typer.Argument(metavar="RUN", help="A run's folder, an .onnx file, or shipped weights.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="A dataset's name or folder; without it, the run's own, or mnist.")
    ] = None,
    image: Annotated[
        str | None, typer.Option(help="A picture, or the index of a test image; for mistakes, a range such as 0-499.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A .png, .svg or .pdf, for kernels also .gif; else KIND.png in the run.")
    ] = None,
) -> None:
    """Draw a picture of a dataset, a network or a run.

    Prints the path of the file.
    """
    from inkdigit.cli.downloads import fetch
    from inkdigit.learning.figures import FIGURES
    from inkdigit.learning.figures import show as draw
    from inkdigit.reading.weights import find_model

    takes_model = kind in FIGURES and FIGURES[kind].takes_model
    paths = [find_model(run) if takes_model and not Path(run).exists() else Path(run) for run in runs or ()]
    print(draw(kind, paths, data=data, image=image, out=out, announce=fetch))
