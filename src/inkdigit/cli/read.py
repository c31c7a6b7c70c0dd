"""``inkdigit read``."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from inkdigit.cli.examples import with_examples
from inkdigit.cli.messages import tell


@with_examples(
    "inkdigit read samples/seven.png",
    "inkdigit read samples --format csv",
    "inkdigit read samples/page.png --format annotated --out answers",
    "inkdigit read samples/seven.png --steps steps",
)
def read(
    pictures: Annotated[
        list[str], typer.Argument(metavar="PICTURE", help="Files, folders, patterns; - is standard input.")
    ],
    model: Annotated[str, typer.Option(help="Shipped weights, a run's folder, or an .onnx file.")] = "reader",
    format_: Annotated[str, typer.Option("--format", help="See 'inkdigit list formats'.")] = "text",
    out: Annotated[Path | None, typer.Option(help="Write into this folder instead of standard output.")] = None,
    steps: Annotated[Path | None, typer.Option(help="Write a picture of each step into this folder.")] = None,
) -> int:
    """Read the digits of pictures.

    Exits with 1 if a picture could not be read; the others are still read.
    """
    # Reading multiplies no matrices: the threads that numpy's BLAS starts would only spin, for a third of the time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

    from inkdigit.errors import ImageError, unknown
    from inkdigit.files import Places
    from inkdigit.reading.formats import FORMATS, Result
    from inkdigit.reading.inputs import expand, may_be_several
    from inkdigit.reading.reader import Reader
    from inkdigit.reading.steps import write_steps

    if format_ not in FORMATS:
        raise unknown("format", format_, FORMATS)
    reader = Reader(model)
    places = Places(steps) if steps else None
    failed = False

    def results() -> Iterator[Result]:
        nonlocal failed
        for name, source in expand(pictures, sys.stdin.buffer):
            try:
                explanation = reader.explain(source, name=name)
            except ImageError as error:
                failed = True
                tell(f"{name}: {error.message}")
                yield error
            else:
                if not explanation.reading.lines:
                    tell(f"{name}: found no digit; --steps DIR shows what was looked at")
                if places:
                    write_steps(explanation, places.take(name))
                yield explanation

    for text in FORMATS[format_].write(results(), may_be_several(pictures), out):
        print(text, end="", flush=True)  # as the pictures come, also into a pipe
    return int(failed)
