"""The page of records tells what was measured, in both languages, and the recipes promise no more."""

import re
from pathlib import Path

import pytest
from docs import records
from docs.rendering import HERE, result

from inkdigit.learning.recipes import RECIPES

ENGLISH, CHINESE = (HERE / target for target in records.TARGETS)


@pytest.mark.parametrize("target", records.TARGETS)
def test_the_page_is_what_its_script_writes(target: str) -> None:
    assert (HERE / target).read_text(encoding="utf-8") == records.generate(target)


def test_both_languages_show_the_same_commands_and_figures() -> None:
    english, chinese = (path.read_text(encoding="utf-8") for path in (ENGLISH, CHINESE))
    assert re.findall(r"```.*?```", english, re.DOTALL) == re.findall(r"```.*?```", chinese, re.DOTALL)
    # .05 in one language is 0.05 in the other
    decimals = [sorted(map(float, re.findall(r"\d*\.\d+", text))) for text in (english, chinese)]
    assert decimals[0] == decimals[1]


def measured(name: str) -> tuple[float, float]:
    """The 95 % interval of a recipe's accuracy on the test digits."""
    accuracy = result("accuracy")
    small = {row["name"]: row["interval"] for row in result("smallest")["rows"]}
    race = result("time_to_accuracy")["summary"]
    intervals = small | {name: race[name]["accuracy_shifted"]["interval"] for name in ("fastest", "fast-99.5")}
    intervals |= {"best": accuracy["over_seeds"]["interval"], "best-ensemble": accuracy["average_of_runs"]["interval"]}
    low, high = intervals[name]
    return round(low, 4), round(high, 4)


@pytest.mark.parametrize("name", ["best", "best-ensemble", "fastest", "fast-99.5", "smallest", "smallest-99.5"])
def test_a_recipe_promises_what_was_measured(name: str) -> None:
    assert RECIPES[name].expected == measured(name)


@pytest.mark.parametrize(("name", "bound"), [("smallest", 3000), ("smallest-99.5", 9000)])
def test_the_smallest_are_small(name: str, bound: int) -> None:
    parameters = {row["name"]: row["parameters"] for row in result("smallest")["rows"]}[name]
    assert records.count_parameters(name) == parameters < bound


def test_the_ensemble_averages_the_runs_that_were_measured() -> None:
    assert RECIPES["best-ensemble"].members == len(result("accuracy")["runs"])


def test_the_picture_of_sizes_is_drawn(tmp_path: Path) -> None:
    records.draw_sizes(tmp_path / "sizes.png")
    assert (tmp_path / "sizes.png").stat().st_size > 10_000
