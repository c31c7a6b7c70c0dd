"""``inkdigit export``."""

from pathlib import Path
from typing import Annotated

import typer

from inkdigit.cli.examples import with_examples


@with_examples(
    "inkdigit export runs/lenet-1 --to onnx",
    "inkdigit export runs/lenet-1 --to safetensors --out lenet.safetensors",
)
def export(
    run: Annotated[Path, typer.Argument(help="The folder of a finished run.")],
    to: Annotated[str, typer.Option(help="onnx or safetensors.")],
    out: Annotated[
        Path | None, typer.Option(help="The file; without it, model.onnx or model.safetensors in the run.")
    ] = None,
) -> None:
    """Write a run's network as one file."""
    from inkdigit.learning.export import export_run

    print(export_run(run, to, out))
