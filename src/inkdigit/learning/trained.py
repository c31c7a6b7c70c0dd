"""The network that a finished run kept, and another run that begins with it."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Generator, nn

from inkdigit.data.dataset import Dataset
from inkdigit.data.sources import DATASETS
from inkdigit.errors import UsageError
from inkdigit.learning.checkpoint import Progress, fill_weights, load_weights, save_state
from inkdigit.learning.engine import build
from inkdigit.learning.models import build_model, model_options
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.recipe import Recipe
from inkdigit.learning.run import Run


def load_network(run: Run) -> nn.Module:
    """Builds a run's network with the weights that it kept.

    Raises:
        UsageError: the run averages several networks.
        DataError: the run is unfinished or damaged.
    """
    best_step = run.result()["best_step"]
    run.check_single()
    model = build_model(run.recipe.model, run.recipe.model_options)
    load_weights(run.weights(best_step), model)
    return model


@dataclass(frozen=True)
class Base:
    """What another run begins with.

    Attributes:
        run: the finished run.
        network: the network that it kept.
        sha256: hash of the file of its weights.
    """

    run: Run
    network: nn.Module
    sha256: str

    def check_watched(self, recipe: Recipe, training: Dataset) -> None:
        """Checks that it did not learn from the digits that a recipe holds out now.

        A folder that has grown is split differently: what is held out now may have been learnt from then.

        Raises:
            UsageError: it may have.
        """
        is_same = self.run.data_sha256 == training.sha256
        if PROTOCOLS[recipe.protocol].holds_out and self._is_of(training.name) and not is_same:
            raise UsageError(
                f"{self.run.folder}: learnt from other digits of {training.name} than are held out now, since it was "
                "changed or parted otherwise; begin with another run, or set protocol=all"
            )

    def _is_of(self, data: str) -> bool:
        """Whether a dataset is the one that it was trained on, even if changed since."""
        return data == self.run.data or (data not in DATASETS and Path(data).resolve() == Path(self.run.data).resolve())


def load_base(folder: Path, recipe: Recipe) -> Base:
    """Loads what a finished run kept, for a run of a recipe to begin with.

    Raises:
        UsageError: its network is another one, or knows digits that the recipe would watch; or the recipe averages
            several.
        DataError: it is missing, unfinished or damaged.
    """
    base = Run.open(folder)
    if recipe.members > 1:
        raise UsageError(f"found a run to begin from and {recipe.members} networks to train, expected one: members=1")
    own, other = (_describe_network(each) for each in (recipe, base.recipe))
    if own != other:
        raise UsageError(f"{folder}: found the network {other}, expected the recipe's own, {own}")
    if PROTOCOLS[recipe.protocol].holds_out and not PROTOCOLS[base.recipe.protocol].holds_out:
        raise UsageError(
            f"{folder}: learnt from all training digits (protocol {base.recipe.protocol}), also from those that "
            f"{recipe.protocol} would hold out; begin with another run, or set protocol=all"
        )
    model = load_network(base)
    return Base(base, model, hashlib.sha256(base.weights(base.result()["best_step"]).read_bytes()).hexdigest())


def _describe_network(recipe: Recipe) -> str:
    options = json.loads(json.dumps({**model_options(recipe.model), **recipe.model_options}))  # tuples become lists
    return " ".join([recipe.model, *(f"{name}={value}" for name, value in options.items())])


def begin(run: Run, model: nn.Module, device: torch.device) -> None:
    """Saves the state of a run before its first step, on a device, with the weights of a network.

    Raises:
        DataError: the network is another one than the run's.
    """
    torch.manual_seed(run.seed)
    fresh, optimizer = build(run.recipe, device)
    fill_weights(fresh, model.state_dict(), run.state)
    save_state(run.state, fresh, optimizer, Generator(device).manual_seed(run.seed), Progress())
