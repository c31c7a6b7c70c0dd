"""Options that commands which read share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from inkdigit.reading.options import Options

Model = Annotated[str, typer.Option(help="Shipped weights, a run's folder, or an .onnx file.")]
Locator = Annotated[str, typer.Option(help="The network that finds the digits, named like --model.")]
Single = Annotated[
    bool, typer.Option("--single", help="Each picture, or region, holds one digit: report the surest, seldom '?'.")
]
Region = Annotated[
    str | None, typer.Option(metavar="X,Y,W,H", help="Read this part alone, in pixels of the upright picture.")
]
Length = Annotated[str | None, typer.Option(metavar="N|N-M", help="Each line has N digits, or from N to M.")]
Pattern = Annotated[
    str | None,
    typer.Option(metavar="REGEX", help=r"What a whole line matches: digits, \d, ., [0-9], (a|b), *, +, ? and {n,m}."),
]
Among = Annotated[
    str | None, typer.Option(metavar="FILE", help="Each line is a number in this file, which lists one a line.")
]
Check = Annotated[
    str | None, typer.Option(metavar="NAME", help="A line ends in this check digit; see 'inkdigit list rules'.")
]
MinConfidence = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="A digit less sure than this is '?'; at 0 only a rule makes one '?'. [default: the model's own]",
    ),
]


def build_options(
    *,
    single: bool,
    region: str | None,
    length: str | None,
    pattern: str | None,
    among: str | None,
    check: str | None,
    min_confidence: float | None,
) -> "Options":
    """What a reading is asked for.

    Raises:
        UsageError: an option has a value that it does not take.
        DataError: a list of numbers that cannot be read.
    """
    from inkdigit.reading.regions import parse_region
    from inkdigit.reading.rules import Rules, name_rules

    return {
        "single": single,
        "region": None if region is None else parse_region(region),
        "rules": Rules(name_rules(length, pattern, among, check)),
        "min_confidence": min_confidence,
    }


def check_pictures(pictures: list[str]) -> None:
    """An empty name is left by an unset variable of the shell; standard input ends with what was read from it.

    Raises:
        UsageError: there is one, or standard input is named twice.
    """
    from inkdigit.errors import UsageError

    if "" in pictures:
        raise UsageError("found an empty name, expected that of a picture or a folder")
    if pictures.count("-") > 1:
        raise UsageError("found - twice, expected it once: standard input is one picture")


def name_folder(name: str | None) -> Path | None:
    """A folder; an empty name, which an unset variable of the shell leaves, would be the current one.

    Raises:
        UsageError: the name is empty.
    """
    from inkdigit.errors import UsageError

    if name == "":
        raise UsageError("found an empty name, expected that of a folder")
    return None if name is None else Path(name)
