"""The network that a finished run kept."""

from torch import nn

from inkdigit.errors import UsageError
from inkdigit.learning.checkpoint import load_weights
from inkdigit.learning.models import build_model
from inkdigit.learning.run import Run


def load_network(run: Run) -> nn.Module:
    """Builds it, with the weights that validation chose.

    Raises:
        UsageError: the run averages several networks.
        DataError: the run is unfinished or damaged.
    """
    best_step = run.result()["best_step"]
    if run.recipe.members > 1:
        raise UsageError(f"{run.folder}: averages {run.recipe.members} networks, expected one; take {run.member(0)}")
    model = build_model(run.recipe.model, run.recipe.model_options)
    load_weights(run.weights(best_step), model)
    return model
