"""Writes ``recipes.md`` and ``recipes.zh.md`` beside this file, from their templates and the measured results.

From the repository's root: ``python -m docs.recipes``.
"""

import statistics
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from docs.rendering import render, result, write

from inkdigit.evaluation.significance import PairTest
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
        tests={frozenset((test.first, test.second)): test for test in map(_to_test, comparison["tests"])},
        recipes=RECIPES,
        protocols=PROTOCOLS,
        evidence=result("evidence"),
        curve=result("evidence")["convnet_watched_by_epoch"],
        speed=result("tutorial_way"),
        bfloat16={row["recipe"]: row for row in result("bfloat16")["rows"]},
        **{row["recipe"].replace("-", "_"): row for row in comparison["rows"]},
    )


def _to_test(told: Mapping[str, Any]) -> PairTest:
    return PairTest(**{field.name: told[field.name] for field in fields(PairTest)})


if __name__ == "__main__":
    write(TARGETS, generate)
