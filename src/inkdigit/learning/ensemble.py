"""Several trained networks whose probabilities are averaged into one model.

Lakshminarayanan, Pritzel, Blundell, "Simple and scalable predictive uncertainty estimation using deep ensembles", 2017.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from inkdigit.errors import UsageError
from inkdigit.evaluation.figures.curves import draw_curves
from inkdigit.evaluation.history import read_history
from inkdigit.learning.classify import deploy, measure
from inkdigit.learning.graph import export_classifier
from inkdigit.learning.predict import LEAST, Deployed
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.run import Run, write_json
from inkdigit.learning.scaling import SCALINGS
from inkdigit.learning.trained import load_network

MEMBER_KEYS = ("recipe", "seed", "best_step", "validation_accuracy", "test_accuracy", "parameters", "seconds")
"""What an average says of each of its members."""


class Ensemble(nn.Module):
    """The mean of what its members say, each with its own scaling and temperature."""

    def __init__(self, members: Sequence[Deployed]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, classes) of images (n, 1, 28, 28), grey values 0..255."""
        images = x[:, 0]  # (n, 1, 28, 28) → (n, 28, 28)
        each = torch.stack([member(images) for member in self.members])  # (m, n, classes)
        return each.mean(0).clamp(min=LEAST).log()  # (m, n, classes) → (n, classes)


def average(runs: Sequence[Run], path: Path, *, name: str = "", evaluation: Path | None = None) -> dict[str, Any]:
    """Writes the networks of finished runs as one model, the mean of them all.

    Its temperature is fitted on the digits that all of them held out; then it is tested, once.

    Args:
        runs: classifiers of the same classes, trained on the same digits.
        path: of the model.
        name: of the model; else the recipes' names.
        evaluation: where to write the evaluation on the test digits, as JSON.

    Returns:
        What the model says of itself.

    Raises:
        UsageError: the runs do not go together, or one is an average itself.
        DataError: a run is unfinished or damaged, or its data are not what it was trained on.
    """
    _check_alike(runs)
    results = [run.result() for run in runs]
    pairs = zip(runs, results, strict=True)
    networks = [deploy(load_network(run), run.recipe, result["temperature"]) for run, result in pairs]
    first = runs[0]
    first.check_data()
    _, watched, test = PROTOCOLS[first.recipe.protocol].load(first.data)
    ensemble = Deployed(Ensemble(networks), SCALINGS["raw"])
    temperature, measured = measure(ensemble, first.recipe.protocol, watched, test)
    if evaluation:
        write_json(evaluation, measured.to_dict())
    result = {
        "run": str(path.parent),
        "recipe": name or "+".join(run.recipe.name for run in runs),
        "seed": first.seed,
        "data": first.data,
        "protocol": first.recipe.protocol,
        "seconds": round(sum(each["seconds"] for each in results), 2),
        "best_step": None,
        "test_accuracy": measured.accuracy,
        "test_accuracy_interval": list(measured.accuracy_interval),
        "test_n": measured.n,
        "temperature": temperature,
        "test_sha256": test.sha256,
        "parameters": sum(each["parameters"] for each in results),
        "members": [{key: each[key] for key in MEMBER_KEYS} for each in results],
    }
    export_classifier(ensemble.at(temperature), path, metadata=first.card(result, name=result["recipe"]))
    return result


def finish_ensemble(run: Run, members: Sequence[Run]) -> dict[str, Any]:
    """Fills the rest of the folder of a run whose members are trained, and returns its result."""
    result = average(members, run.model, name=run.recipe.name, evaluation=run.evaluation)
    draw_curves({f"seed {member.seed}": read_history(member.metrics) for member in members}, run.curves)
    result |= {"run": str(run.folder), "seed": run.seed}
    run.finish(result)
    return result


def _check_alike(runs: Sequence[Run]) -> None:
    kinds = {run.folder: (run.recipe.task, run.recipe.classes, run.data_sha256, run.recipe.protocol) for run in runs}
    if len(set(kinds.values())) != 1 or any(run.recipe.task != "classify" for run in runs):
        found = ", ".join(
            f"{run.folder} ({run.recipe.task}, {run.recipe.classes} classes, {run.data}, {run.recipe.protocol})"
            for run in runs
        )
        raise UsageError(f"found {found}; expected classifiers of the same classes, data and protocol to average")
