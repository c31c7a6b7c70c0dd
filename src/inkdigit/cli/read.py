"""``inkdigit read``."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inkdigit.cli.examples import with_examples
from inkdigit.cli.messages import tell

if TYPE_CHECKING:
    from inkdigit.reading.result import Reading


@with_examples(
    "inkdigit read samples/seven.png",
    "inkdigit read samples --format csv",
    "inkdigit read samples/page.png --format annotated --out answers",
    "inkdigit read samples/seven.png --steps steps",
    "inkdigit read samples/page.png --length 2-6 --min-confidence 0.5",
    "inkdigit read samples/page.png --pattern '20[0-9]{2}|[0-9]{6}|80'",
)
def read(
    pictures: Annotated[
        list[str], typer.Argument(metavar="PICTURE", help="Files, folders, patterns; - is standard input.")
    ],
    model: Annotated[str, typer.Option(help="Shipped weights, a run's folder, or an .onnx file.")] = "reader",
    format_: Annotated[str, typer.Option("--format", help="See 'inkdigit list formats'.")] = "text",
    out: Annotated[Path | None, typer.Option(help="Write into this folder instead of standard output.")] = None,
    steps: Annotated[Path | None, typer.Option(help="Write a picture of each step into this folder.")] = None,
    length: Annotated[str | None, typer.Option(metavar="N|N-M", help="As many digits a line, or from N to M.")] = None,
    pattern: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX", help=r"What a whole line matches: digits, \d, ., [0-9], (a|b), *, +, ? and {n,m}."
        ),
    ] = None,
    among: Annotated[
        str | None, typer.Option(metavar="FILE", help="A line is one of the numbers of this file, one a line.")
    ] = None,
    check: Annotated[
        str | None, typer.Option(metavar="NAME", help="A line ends in this check digit; see 'inkdigit list rules'.")
    ] = None,
    min_confidence: Annotated[
        float, typer.Option(min=0, max=1, help="A digit less sure than this is '?'; at 0 none is.")
    ] = 0.0,
) -> int:
    """Read the digits of pictures.

    With rules (--length, --pattern, --among, --check; all of them hold) the likeliest text that fits is told, of up to
    4,096 in the order of their probability. A digit that a rule changes is marked, and said on standard error. Where
    no text is more likely than not, given the rule and that one line in a hundred breaks it, all its digits are "?".

    Exits with 1 if a picture could not be read; the others are still read.
    """
    # Reading multiplies no matrices: the threads that numpy's BLAS starts would only spin, for a third of the time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

    from inkdigit.errors import ImageError, unknown
    from inkdigit.files import Places
    from inkdigit.reading.formats import FORMATS, Result
    from inkdigit.reading.inputs import expand, may_be_several
    from inkdigit.reading.reader import Reader
    from inkdigit.reading.rules import CHECKS, Rules
    from inkdigit.reading.steps import write_steps

    if format_ not in FORMATS:
        raise unknown("format", format_, FORMATS)
    if check is not None and check not in CHECKS:
        raise unknown("check", check, CHECKS)
    valued = {"length": length, "pattern": pattern, "among": among}
    wanted = [f"{name}={value}" for name, value in valued.items() if value is not None]
    rules = Rules([*wanted, check] if check else wanted)
    reader = Reader(model)
    places = Places(steps) if steps else None
    failed = False

    def results() -> Iterator[Result]:
        nonlocal failed
        for name, source in expand(pictures, sys.stdin.buffer):
            try:
                explanation = reader.explain(source, name=name, rules=rules, min_confidence=min_confidence)
            except ImageError as error:
                failed = True
                tell(f"{name}: {error.message}")
                yield error
            else:
                if not explanation.reading.lines:
                    tell(f"{name}: found no digit; --steps DIR shows what was looked at")
                _tell_rulings(name, explanation.reading)
                if places:
                    write_steps(explanation, places.take(name))
                yield explanation

    for text in FORMATS[format_].write(results(), may_be_several(pictures), out):
        print(text, end="", flush=True)  # as the pictures come, also into a pipe
    return int(failed)


def _tell_rulings(name: str, reading: "Reading") -> None:
    """Says what rules changed or refused."""
    for line in reading.lines:
        if line.rule and line.rule.changed:
            tell(f"{name}: {line.guess} became {line.alternatives[0].text} by {line.rule.name}")
        elif line.rule and any(digit.reason == "rule" for digit in line.digits):
            tell(f"{name}: {line.guess} does not fit {line.rule.name}, and nothing likely does")
