"""The seeds of a recipe: side by side where each takes one core, else one after the other."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inkdigit.errors import Interrupted
from inkdigit.learning.engine import find_device
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.recipe import Recipe
from inkdigit.learning.signals import Interruption
from inkdigit.learning.train import train
from inkdigit.learning.trainer import Trainer, stop
from inkdigit.machine import count_cores

POLL_S = 0.1
"""Between two looks at the processes that train."""


@dataclass(frozen=True)
class Seeds:
    """Runs of one recipe that differ in their seed.

    Attributes:
        name: of the recipe, as it is told.
        recipe: how they are trained.
        folders: of the runs, by seed; a run that lies there already is gone on with.
        data: a dataset's name or folder.
        loggers: names in ``LOGGERS``; side by side without ``progress``, since bars would write over each other.
    """

    name: str
    recipe: Recipe
    folders: Mapping[int, Path]
    data: str
    loggers: Sequence[str] = ("csv",)

    def title(self, *seeds: int) -> str:
        """What runs are called."""
        return f"{self.name}, seed{'s' if len(seeds) > 1 else ''} {' and '.join(map(str, seeds))}"

    def options(self, seed: int) -> dict[str, Any]:
        """What ``train`` is given beside the recipe."""
        folder = self.folders[seed]
        begun = (folder / "run.json").exists()
        return {"data": self.data, "out": str(folder), "seed": seed, "resume": begun, "loggers": list(self.loggers)}


def count_at_once(recipe: Recipe, seeds: int) -> int:
    """How many of so many seeds train side by side.

    A recipe of one thread leaves all cores but one idle. Any other has them all, or the GPU: two of its runs would take
    as long side by side as one after the other.
    """
    if recipe.threads != 1 or find_device("auto").type != "cpu":
        return 1
    return max(1, min(seeds, count_cores()))


def train_seeds(seeds: Seeds, tell: Callable[[str], None] = lambda _: None) -> None:
    """Trains runs. Each comes out as it does when it is trained alone, to the bit, but for its seconds.

    Args:
        seeds: the runs.
        tell: hears what begins, and of runs side by side what ends.

    Raises:
        InkdigitError: as ``train`` does, or a process that trained was killed; those beside it are saved.
        Interrupted: after the runs in work were saved; the same call goes on.
    """
    at_once = count_at_once(seeds.recipe, len(seeds.folders))
    if at_once > 1:
        _train_side_by_side(seeds, at_once, tell)
    else:
        for seed in seeds.folders:
            _train(seeds, seed, tell)


def _train(seeds: Seeds, seed: int, tell: Callable[[str], None]) -> None:
    options = seeds.options(seed)
    tell(f"{_verb(options)} {seeds.title(seed)}")
    try:
        train(seeds.recipe, **options)
    except Interrupted as error:
        raise _stopped(seeds, [seed], error.exit_code - 128) from error


def _train_side_by_side(seeds: Seeds, at_once: int, tell: Callable[[str], None]) -> None:
    PROTOCOLS[seeds.recipe.protocol].load(seeds.data)  # downloaded once, and found damaged before anything begins
    waiting, running = list(seeds.folders), dict[int, Trainer]()
    with Interruption() as interruption, ExitStack() as stack:
        stack.callback(lambda: stop(running.values()))
        while waiting or running:
            while waiting and len(running) < at_once:
                seed = waiting.pop(0)
                running[seed] = _start(seeds, seed, tell)
            time.sleep(POLL_S)
            if interruption.signal_number:
                raise _stopped(seeds, running, interruption.signal_number)
            for seed in [seed for seed, trainer in running.items() if trainer.has_ended()]:
                running.pop(seed).check()
                tell(f"trained {seeds.title(seed)}")


def _start(seeds: Seeds, seed: int, tell: Callable[[str], None]) -> Trainer:
    options = seeds.options(seed)
    tell(f"{_verb(options)} {seeds.title(seed)}, on a core of its own")
    options["loggers"] = [name for name in seeds.loggers if name != "progress"]
    return Trainer(seeds.title(seed), {"recipe": seeds.recipe.to_dict(), **options})


def _verb(options: Mapping[str, Any]) -> str:
    return "resuming" if options["resume"] else "training"


def _stopped(seeds: Seeds, running: Iterable[int], signal_number: int) -> Interrupted:
    return Interrupted(f"stopped in {seeds.title(*running)}, saved; the same command goes on", signal_number)
