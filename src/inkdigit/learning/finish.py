"""What follows the last step: the best weights, their evaluation, the exported model, the curves."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from inkdigit.data.dataset import Dataset
from inkdigit.evaluation.figures.curves import draw_curves
from inkdigit.files import write_json
from inkdigit.learning.checkpoint import Progress, load_weights
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.run import Run
from inkdigit.learning.tasks import TASKS


def finish(
    run: Run,
    model: nn.Module,
    progress: Progress,
    watched: Dataset,
    test: Dataset,
    *,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Fills the rest of a run's folder and returns its result, with the entries of ``more`` in it.

    Where the protocol holds digits out, the test set is looked at here, once.
    """
    task = TASKS[run.recipe.task]
    load_weights(run.weights(progress.best_step), model)
    is_apart = PROTOCOLS[run.recipe.protocol].is_apart
    measured, evaluation = task.conclude(task.deploy(model, run.recipe, 1.0), run.recipe, watched, test)
    write_json(run.evaluation, evaluation)
    result = {
        "run": str(run.folder),
        "recipe": run.recipe.name,
        "seed": run.seed,
        "data": run.data,
        "protocol": run.recipe.protocol,
        "epochs": round(progress.history[-1].epoch, 3),
        "steps": progress.step,
        "seconds": round(progress.seconds, 2),
        "device": next(model.parameters()).device.type,
        "best_step": progress.best_step,
        "validation_accuracy": progress.best_accuracy if is_apart else None,
        **measured,
        "test_sha256": test.sha256,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        **(more or {}),
    }
    task.export(task.deploy(model, run.recipe, result["temperature"]), run.card(result), run.model, ())
    draw_curves({run.recipe.name: progress.history}, run.curves)
    run.finish(result)
    return result
