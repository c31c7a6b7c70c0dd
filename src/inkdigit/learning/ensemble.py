"""Several trained networks whose answers are averaged into one model.

Lakshminarayanan, Pritzel, Blundell, "Simple and scalable predictive uncertainty estimation using deep ensembles", 2017.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inkdigit.errors import UsageError
from inkdigit.evaluation.figures.curves import draw_curves
from inkdigit.evaluation.history import read_history
from inkdigit.files import write_json
from inkdigit.learning.graph import Samples
from inkdigit.learning.run import Run
from inkdigit.learning.tasks import TASKS
from inkdigit.learning.trained import load_network

MEMBER_KEYS = ("recipe", "seed", "best_step", "validation_accuracy", "test_accuracy", "parameters", "seconds")
"""What the result of an average reports of each of its members."""


def average(
    runs: Sequence[Run],
    path: Path,
    *,
    whole: Run | None = None,
    data: str | None = None,
    evaluation: Path | None = None,
    samples: Samples = (),
) -> dict[str, Any]:
    """Writes the networks of finished runs as one model, the mean of them all.

    Its temperature is fitted on the digits that all of them held out; then it is tested, once.

    Args:
        runs: of one task, of the same classes, trained on the same digits.
        path: where to write the model.
        whole: the run whose members they are, which gives its name, recipe and seed; without one, the recipes' names
            are joined, and the first run gives the rest.
        data: the dataset to calibrate and test with, as it is now; None is the one that the runs were trained on.
        evaluation: where to write the evaluation on the test digits, as JSON.
        samples: example inputs of the model; with any, it computes with 8-bit integers.

    Returns:
        The result, which the model's metadata include.

    Raises:
        UsageError: the runs do not go together, or one is an average itself.
        DataError: a run is unfinished or damaged, or its data are not what it was trained on.
    """
    _check_alike(runs)
    results = [run.result() for run in runs]
    run, task = whole or runs[0], TASKS[runs[0].recipe.task]
    pairs = zip(runs, results, strict=True)
    joined = task.join([task.deploy(load_network(each), each.recipe, told["temperature"]) for each, told in pairs])
    _, watched, test = run.load_digits(data)
    measured, evaluated = task.conclude(joined, run.recipe, watched, test)
    if evaluation:
        write_json(evaluation, evaluated)
    result = {
        "run": str(path.parent),
        "recipe": whole.recipe.name if whole else "+".join(each.recipe.name for each in runs),
        "seed": run.seed,
        "data": run.data,
        "protocol": run.recipe.protocol,
        "seconds": round(sum(each["seconds"] for each in results), 2),
        "best_step": None,
        **measured,
        **name_test(data),
        "test_sha256": test.sha256,
        "parameters": sum(each["parameters"] for each in results),
        "members": [{key: each[key] for key in MEMBER_KEYS} for each in results],
    }
    task.export(joined.at(result["temperature"]), run.card(result, name=result["recipe"]), path, samples)
    return result


def name_test(data: str | None) -> dict[str, str]:
    """The metadata entry that names the dataset of the test digits, if one other than the runs' own was given."""
    return {} if data is None else {"test_data": data}


def finish_ensemble(run: Run, members: Sequence[Run]) -> dict[str, Any]:
    """Fills the rest of the folder of a run whose members are trained, and returns its result."""
    result = average(members, run.model, whole=run, evaluation=run.evaluation)
    draw_curves({f"seed {member.seed}": read_history(member.metrics) for member in members}, run.curves)
    run.finish(result)
    return result


def _check_alike(runs: Sequence[Run]) -> None:
    kinds = {(run.recipe.task, run.recipe.classes, run.data_sha256, run.recipe.protocol) for run in runs}
    if len(kinds) != 1:
        found = ", ".join(
            f"{run.folder} ({run.recipe.task}, {run.recipe.classes} classes, {run.data}, {run.recipe.protocol})"
            for run in runs
        )
        raise UsageError(f"found {found}; expected runs of one task, of the same classes, data and protocol to average")
