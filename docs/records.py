"""Writes ``records.md`` and ``records.zh.md`` beside this file, and their picture, out of the measured results.

From the repository's root: ``python -m docs.records``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docs.rendering import HERE, render, result, write

from inkdigit.evaluation.figures.sheet import COLOURS, new_figure, save_figure
from inkdigit.learning.models import build_model
from inkdigit.learning.recipes import RECIPES

TARGETS = ("records.md", "records.zh.md")
PICTURE = HERE / "pictures" / "records" / "parameters.png"
RACE = ("fastest", "fast-99.5", "notebook", "example")
INFERENCE_BATCHES = (1, 1000)


def count_parameters(name: str) -> int:
    """All weights and biases of a recipe's network."""
    recipe = RECIPES[name]
    return sum(parameter.numel() for parameter in build_model(recipe.model, recipe.model_options).parameters())


def generate(target: str) -> str:
    """One of ``TARGETS``, the same bytes each time."""
    accuracy, race, inference = result("accuracy"), result("time_to_accuracy")["summary"], result("inference")
    picking = accuracy["picking"]
    mean = accuracy["over_seeds"]["mean"]
    return render(
        target,
        {"ms": lambda milliseconds: f"{milliseconds:.3g} ms"},
        machine=accuracy["machine"],
        over=accuracy["over_seeds"],
        runs=accuracy["runs"],
        test_n=accuracy["test_n"],
        minutes=round(min(run["seconds"] for run in accuracy["runs"]) / 60),
        ensemble=accuracy["average_of_runs"],
        members=RECIPES["best-ensemble"].members,
        ensemble_parameters=RECIPES["best-ensemble"].members * accuracy["runs"][0]["parameters"],
        wrong=accuracy["wrong"],
        doubts=accuracy["doubts"],
        picking=picking,
        most_gain=max(choice["gain_points"] or 0 for choice in picking),
        left=f"{100 * (1 - mean):.2f}",
        race={name: race[name] for name in RACE if name in race},
        epochs=RECIPES["best"].epochs,
        steps={name: RECIPES[name].steps for name in ("fastest", "fast-99.5")},
        sizes={name: count_parameters(name) for name in ("fastest", "fast-99.5")},
        small=result("smallest")["rows"],
        inference=_rows(inference),
        inference_machine=inference["machine"],
        avx2={row["images"]: row["ratio"] for row in _rows(result("inference_avx2")) if row["network"] == "reader"},
        trials=result("trials"),
    )


def _rows(inference: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is told of a measurement of inference."""
    return [row for row in inference["rows"] if row["threads"] == "all" and row["images"] in INFERENCE_BATCHES]


def draw_sizes(path: Path = PICTURE) -> None:
    """Parameters against test accuracy, of the small networks and of all recipes."""
    rows: dict[str, tuple[int, float]] = {
        row["recipe"]: (row["parameters"], row["accuracy"]) for row in result("recipes")["rows"]
    }
    small = {row["name"]: (row["parameters"], row["accuracy"]) for row in result("smallest")["rows"]}
    accuracy = result("accuracy")
    small["best"] = accuracy["runs"][0]["parameters"], accuracy["over_seeds"]["mean"]
    figure = new_figure(8, 4.5)
    axes: Any = figure.subplots()
    for colour, label, points in (
        (COLOURS[1], "the tutorials' recipes and softmax", rows),
        (COLOURS[0], "smallest … best", small),
    ):
        parameters, accuracies = zip(*points.values(), strict=True)
        axes.scatter(parameters, [100 * (1 - share) for share in accuracies], color=colour, label=label)
        for name, (x, share) in points.items():
            place = {"textcoords": "offset points", "xytext": (0, 6), "ha": "center", "fontsize": 8}
            axes.annotate(name, (x, 100 * (1 - share)), **place)
    axes.set(xscale="log", yscale="log", xlabel="parameters", ylabel="test digits read wrong (%)")
    axes.invert_yaxis()
    axes.grid(alpha=0.3, which="both")
    axes.legend(frameon=False, loc="lower right")
    path.parent.mkdir(parents=True, exist_ok=True)
    save_figure(figure, path)


if __name__ == "__main__":
    draw_sizes()
    write(TARGETS, generate)
