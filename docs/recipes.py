"""Writes ``recipes.md`` and ``recipes.zh.md`` beside this file, from their templates and the measured results."""

import json
import statistics
from pathlib import Path
from typing import Any

import jinja2

from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.recipes import RECIPES

HERE = Path(__file__).parent
RESULTS = HERE.parent / "benchmarks" / "results"
TARGETS = ("recipes.md", "recipes.zh.md")


def percent(share: float, digits: int = 2) -> str:
    """A share, 0..1, in percent without its sign."""
    return f"{100 * share:.{digits}f}"


def percents(shares: list[float]) -> str:
    """Several shares in percent."""
    return ", ".join(map(percent, shares))


def result(name: str) -> Any:
    """What a benchmark wrote."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def generate(target: str) -> str:
    """One of ``TARGETS``, the same bytes each time."""
    environment = jinja2.Environment(  # noqa: S701 - Markdown, of our own words
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"percent": percent, "percents": percents, "frozen": frozenset, "mean": statistics.mean}
    comparison = result("recipes")
    return environment.get_template(f"{target}.jinja").render(
        machine=comparison["machine"],
        rows=comparison["rows"],
        tests={frozenset((test["first"], test["second"])): test for test in comparison["tests"]},
        recipes=RECIPES,
        protocols=PROTOCOLS,
        evidence=result("evidence"),
        curve=result("evidence")["convnet_watched_by_epoch"],
        speed=result("tutorial_way"),
        bfloat16={row["recipe"]: row for row in result("bfloat16")["rows"]},
        **{row["recipe"].replace("-", "_"): row for row in comparison["rows"]},
    )


if __name__ == "__main__":
    for name in TARGETS:
        (HERE / name).write_text(generate(name), encoding="utf-8")
