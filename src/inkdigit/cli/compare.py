"""``inkdigit compare``."""

from pathlib import Path
from typing import Annotated

import typer

from inkdigit.cli.examples import with_examples


@with_examples(
    "inkdigit compare cnn residual --seeds 2",
    "inkdigit compare softmax lenet --seeds 1 --data optdigits --set epochs=1 --out quick",
)
def compare(
    names: Annotated[
        list[str],
        typer.Argument(metavar="RECIPE|RUN...", help="Recipes, see 'inkdigit list recipes'; folders of finished runs."),
    ],
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each recipe.")] = 3,
    data: Annotated[
        str | None,
        typer.Option(help="A dataset's name, or a folder. [default: what finished runs learnt from, or mnist]"),
    ] = None,
    out: Annotated[Path, typer.Option(help="The comparison's folder; the same call goes on in it.")] = Path(
        "comparison"
    ),
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="For every recipe.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what comparison.json holds.")] = False,
) -> None:
    """Compare recipes over several seeds, or finished runs.

    Trains the recipes first; what is finished is not trained again. Prints a table, and writes it as JSON, CSV and one
    HTML page with curves, confusion, mistakes and reliability. Settings that differ from a recipe's stand beside its
    name. What is measured of a run is kept in its folder, too, as measures.json.
    """
    from inkdigit.cli.comparison import print_rows
    from inkdigit.cli.downloads import fetch
    from inkdigit.cli.messages import tell
    from inkdigit.compare import choose_data, estimate, plan
    from inkdigit.compare import compare as run_comparison
    from inkdigit.machine import is_busy
    from inkdigit.report import write_report

    entries = plan(names, seeds=seeds, out=out, settings=settings or ())
    data = choose_data(entries) if data is None else data
    if any(entry.open_seeds() for entry in entries):
        if is_busy():
            tell("this machine is at work on something else: the times in the table will be too long")
        fetch(data)
        tell(f"about {1 + estimate(entries, data) // 60:.0f} min of training on this machine")
    comparison = run_comparison(entries, data=data, out=out, loggers=("csv", "progress"), tell=tell)
    write_report(comparison, out / "comparison.html")
    if as_json:
        print((out / "comparison.json").read_text(), end="")
    else:
        print_rows(comparison.rows)
        for test in comparison.tests:
            print(f"{test.words} (p = {test.p_adjusted:.3g})")
    tell(f"the page: {out / 'comparison.html'}")
