"""``inkdigit batch``."""

import os
import sys
from pathlib import Path
from typing import Annotated

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
)


@with_examples("inkdigit batch samples --out answers")
def batch(
    pictures: Annotated[list[str], typer.Argument(metavar="PICTURE...", help="Files, folders, patterns.")],
    out: Annotated[str, typer.Option(metavar="PATH", help="The folder that the answers are written into.")],
    model: Model = "reader",
    locator: Locator = "locator",
    single: Single = False,
    region: Region = None,
    length: Length = None,
    pattern: Pattern = None,
    among: Among = None,
    check: Check = None,
    min_confidence: MinConfidence = None,
    again: Annotated[bool, typer.Option("--again", help="Read again what could not be read.")] = False,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Read on so many cores of this machine. [default: all]")
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Read on the machines of a Ray cluster; 'auto' if this is one of them."),
    ] = None,
) -> int:
    """Read pictures by the million into Parquet files.

    Ray Data shares the files among processes. A row holds what 'inkdigit read --format jsonl' prints of a picture, and
    the file that it comes from. Files whose answers are in the folder already are left out, so after a stop, or with
    more pictures, run the same command again. A file that kills the processes reading it, or takes them a minute for
    a picture, becomes a row with an error, too.

    Prints the folder. Exits with 1 if a picture could not be read; its row tells why.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as for 'inkdigit read'

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

    from inkdigit.batch import Tally, read_files

    check_pictures([*pictures, out])
    files = _find_files(pictures)
    options = build_options(
        single=single, region=region, length=length, pattern=pattern, among=among, check=check,
        min_confidence=min_confidence,
    )  # fmt: skip
    console = Console(file=sys.stderr)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    count = failed = 0
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=len(files))

        def watch(tally: Tally) -> None:
            nonlocal count, failed
            count, failed = count + tally.pictures, failed + tally.failed
            bar.advance(task, tally.files)

        read_files(
            files, Path(out), model=model, locator=locator, options=options, again=again, processes=processes or 0,
            address=address, watch=watch,
        )  # fmt: skip
    tell(f"{count} pictures" + (f", {failed} of which could not be read: see the column error" if failed else ""))
    print(out)
    return int(failed > 0)


def _find_files(pictures: list[str]) -> list[tuple[str, str]]:
    """The files that are meant, each once."""
    from inkdigit.errors import UsageError
    from inkdigit.reading.inputs import STANDARD_INPUT, find_files

    found: dict[tuple[str, str], None] = {}
    for argument in pictures:
        if argument == STANDARD_INPUT:
            raise UsageError("found -, expected files, which every process opens; one picture takes 'inkdigit read -'")
        files = list(find_files(argument))
        if len(files) == 1 and not Path(files[0][0]).is_file():
            raise UsageError(f"{argument}: found no picture there, expected a file or a folder of pictures")
        found.update(dict.fromkeys(files))
    return list(found)
