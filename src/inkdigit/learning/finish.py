"""What follows the last step: the best weights, their temperature, their evaluation, the exported model, the curves."""

from typing import Any

from torch import nn

from inkdigit.data.dataset import Dataset
from inkdigit.evaluation.calibrate import fit_temperature
from inkdigit.evaluation.evaluate import evaluate
from inkdigit.evaluation.figures.curves import draw_curves
from inkdigit.learning.checkpoint import Progress, load_weights
from inkdigit.learning.export import export_onnx
from inkdigit.learning.predict import TorchClassifier
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.run import Run, write_json
from inkdigit.learning.scaling import SCALINGS


def finish(run: Run, model: nn.Module, progress: Progress, watched: Dataset, test: Dataset) -> dict[str, Any]:
    """Fills the rest of a run's folder and returns its result.

    Where the protocol holds digits out, the test set is looked at here, once; where it does not, no temperature is
    fitted: that would be choosing by the test set.
    """
    scaling = SCALINGS[run.recipe.scaling]
    load_weights(run.weights(progress.best_step), model)
    chooses = PROTOCOLS[run.recipe.protocol].chooses
    probabilities = TorchClassifier(model, scaling)(watched.images)
    temperature = fit_temperature(probabilities, watched.labels) if chooses else 1.0
    evaluation = evaluate(TorchClassifier(model, scaling, temperature), test)
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
        "validation_accuracy": progress.best_accuracy if chooses else None,
        "test_accuracy": evaluation.accuracy,
        "test_accuracy_interval": list(evaluation.accuracy_interval),
        "test_n": evaluation.n,
        "test_sha256": test.sha256,
        "temperature": temperature,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }
    export_onnx(model, scaling, temperature, run.model, metadata=run.card(result))
    write_json(run.evaluation, evaluation.to_dict())
    draw_curves({run.recipe.name: progress.history}, run.curves)
    run.finish(result)
    return result
