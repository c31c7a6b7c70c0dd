"""``inkdigit read``."""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from inkdigit.cli.examples import with_examples
from inkdigit.cli.messages import tell
from inkdigit.cli.options import (
    Among,
    Check,
    Length,
    Locator,
    MinConfidence,
    Model,
    Pattern,
    Region,
    Single,
    build_options,
    check_pictures,
    name_folder,
)

if TYPE_CHECKING:
    from inkdigit.preparation.box import Box
    from inkdigit.preparation.load import PictureLike
    from inkdigit.reading.formats import Result
    from inkdigit.reading.options import Options
    from inkdigit.reading.reader import Reader
    from inkdigit.reading.result import Reading

    Parts: TypeAlias = Mapping[str, Box] | None
    Named: TypeAlias = tuple[str, PictureLike]


@with_examples(
    "inkdigit read samples/seven.png",
    "inkdigit read samples --format csv",
    "inkdigit read samples/page.png --format annotated --out answers",
    "inkdigit read samples/seven.png --steps steps",
    "inkdigit read samples/seven.png --single",
    "inkdigit read samples/page.png --region 90,40,420,160",
    "inkdigit read samples/page.png --regions samples/regions.json",
    "inkdigit read samples/page.png --length 2-6 --min-confidence 0.5",
    "inkdigit read samples/page.png --pattern '20[0-9]{2}|[0-9]{6}|80'",
)
def read(
    pictures: Annotated[
        list[str], typer.Argument(metavar="PICTURE...", help="Files, folders, patterns; - is standard input.")
    ],
    model: Model = "reader",
    locator: Locator = "locator",
    format_: Annotated[str, typer.Option("--format", help="See 'inkdigit list formats'.")] = "text",
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="Write into this folder, as readings.FORMAT or PNGs, not to standard output."
        ),
    ] = None,
    steps: Annotated[
        str | None, typer.Option(metavar="PATH", help="Write a picture of each step into this folder.")
    ] = None,
    single: Single = False,
    region: Region = None,
    regions: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Read the named parts of a form or gauge, one by one.")
    ] = None,
    length: Length = None,
    pattern: Pattern = None,
    among: Among = None,
    check: Check = None,
    min_confidence: MinConfidence = None,
    processes: Annotated[
        int, typer.Option(min=1, help="For pictures by the thousand: read in N processes, 100 MB each.")
    ] = 1,
) -> int:
    """Read the digits of pictures.

    Rules (--length, --pattern, --among, --check) must all hold. The answer is the likeliest text that fits, among the
    4,096 most probable ones. A digit that a rule changes is marked, and reported on standard error. If what a line
    looks like does not fit, and no text that fits is more likely than not, all its digits are "?"; for this, one line
    in a hundred is taken to break the rule.

    A file of regions is {"total": [x, y, width, height], ...}. Each region has an answer of its own, with the source
    form.png#region=total. The answer of an empty region is empty (JSON: no lines; CSV: a row without a value); what
    cannot be read in a region that is not empty is "?".

    Exits with 1 if a picture or a region could not be read; the others are still read.
    """
    # Reading multiplies no matrices: threads started by numpy's BLAS would only spin, which takes a third of the time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

    from inkdigit.errors import ImageError, UsageError, unknown
    from inkdigit.files import Places, check_folder
    from inkdigit.reading.explain import Explanation
    from inkdigit.reading.formats import FORMATS
    from inkdigit.reading.inputs import find_pictures, may_be_several
    from inkdigit.reading.processes import map_in_processes
    from inkdigit.reading.reader import Reader
    from inkdigit.reading.regions import load_regions, name_file
    from inkdigit.reading.steps import write_steps

    if format_ not in FORMATS:
        raise unknown("format", format_, FORMATS)
    check_pictures(pictures)
    if region is not None and regions is not None:
        raise UsageError("found both --region and --regions, expected one of them")
    parts = None if regions is None else load_regions(regions)
    options = build_options(
        single=single, region=region, length=length, pattern=pattern, among=among, check=check,
        min_confidence=min_confidence,
    )  # fmt: skip
    into, steps_into = name_folder(out), name_folder(steps)
    for needed in (into or FORMATS[format_].folder, steps_into):
        if needed:
            check_folder(needed)  # before minutes have passed
    drawn = steps_into is not None or FORMATS[format_].folder is not None
    answer = partial(_answer, Reader(model, locator=locator), parts, options, drawn)
    opener = partial(_open, model, locator, parts, options, drawn)
    sources = find_pictures(pictures)
    answers = map(answer, sources) if processes == 1 else map_in_processes(opener, sources, processes)
    places = Places(steps_into) if steps_into else None
    failed = False

    def results() -> "Iterator[Result]":
        nonlocal failed
        for result in chain.from_iterable(answers):
            if isinstance(result, ImageError):
                failed = True
                tell(f"{result.source}: {result.message}")
            else:
                reading = result.reading if isinstance(result, Explanation) else result
                if not reading.lines and parts is None:  # an empty box of a form needs no warning
                    advice = "" if places else "; --steps DIR shows what was looked at"
                    tell(f"{reading.source}: found no digit{advice}")
                _tell_rulings(reading)
                if places and isinstance(result, Explanation):
                    write_steps(result, places.take(name_file(reading.source)))
            yield result

    several = parts is not None or may_be_several(pictures)
    for text in FORMATS[format_].write(results(), several, into):
        print(text, end="", flush=True)  # as the pictures come, also into a pipe
    return int(failed)


def _open(
    model: str, locator: str, parts: "Parts", options: "Options", drawn: bool
) -> "Callable[[Named], list[Result]]":
    """What answers in a process that has one core."""
    from inkdigit.reading.reader import Reader

    reader = Reader(model, locator=locator, threads=1)
    return lambda named: list(_answer(reader, parts, options, drawn, named))


def _answer(reader: "Reader", parts: "Parts", options: "Options", drawn: bool, named: "Named") -> "Iterator[Result]":
    """What is read in a picture, or in each of its parts, with what was seen if that is to be drawn; or the error."""
    from inkdigit.errors import ImageError
    from inkdigit.reading.explain import Explanation

    name, source = named
    asked: Options = {**options, "name": name}
    try:
        seen = [reader.explain(source, **asked)] if parts is None else reader.explain_regions(source, parts, **asked)
        for result in seen:
            yield result if drawn or not isinstance(result, Explanation) else result.reading
    except ImageError as error:
        yield error


def _tell_rulings(reading: "Reading") -> None:
    """Says what rules changed or refused."""
    for line in reading.lines:
        if line.rule and line.rule.changed:
            made = f"{line.alternatives[0].text} by {line.rule.name}"
            is_told = not any(line.digits[place].refused for place in line.rule.changed)
            tell(f"{reading.source}: {line.guess} {f'became {made}' if is_told else f'may be {made}, but is not sure'}")
        elif line.rule and any(digit.reason == "rule" for digit in line.digits):
            tell(f"{reading.source}: {line.guess} does not fit {line.rule.name}, and nothing likely does")
