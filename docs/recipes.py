"""Writes ``recipes.md`` and ``recipes.zh.md`` beside this file, from their templates and the measured results.

From the repository's root: ``python -m docs.recipes``.
"""

import statistics

from docs.rendering import render, result, write

from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.recipes import RECIPES

TARGETS = ("recipes.md", "recipes.zh.md")


def generate(target: str) -> str:
    """One of ``TARGETS``, the same bytes each time."""
    comparison = result("recipes")
    return render(
        target,
        {"frozen": frozenset, "mean": statistics.mean},
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
    write(TARGETS, generate)
