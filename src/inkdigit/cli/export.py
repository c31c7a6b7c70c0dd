"""``inkdigit export``."""

from pathlib import Path
from typing import Annotated

import typer

from inkdigit.cli.examples import with_examples


@with_examples(
    "inkdigit export runs/lenet-1 --to onnx",
    "inkdigit export runs/lenet-1 --to int8",
    "inkdigit export runs/lenet-1 --to safetensors --out lenet.safetensors",
    "inkdigit export runs/lenet-1 runs/lenet-2 --to onnx --out both.onnx",
)
def export(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of finished runs.")],
    to: Annotated[str, typer.Option(help="onnx, int8 (onnx, as 8-bit integers) or safetensors.")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="The file; without it, model.onnx, model-int8.onnx or model.safetensors in the run, or ensemble.onnx."
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="A dataset's name or folder, for int8 and averages; without it, what the runs learnt from."),
    ] = None,
) -> None:
    """Write a run's network, or the average of several, as one file."""
    from inkdigit.cli.downloads import fetch
    from inkdigit.learning.export import export_runs

    if data is not None:
        fetch(data)
    print(export_runs(runs, to, out, data=data))
