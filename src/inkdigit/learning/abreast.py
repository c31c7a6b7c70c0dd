"""Runs that train side by side, each in a process of its own."""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from inkdigit.errors import Interrupted
from inkdigit.learning.engine import find_device
from inkdigit.learning.recipe import Recipe
from inkdigit.learning.signals import Interruption
from inkdigit.learning.trainer import Trainer, save, stop
from inkdigit.machine import count_cores

POLL_S = 0.1
"""Seconds between two checks of the training processes."""


@dataclass(frozen=True)
class Job:
    """A run to train or to resume.

    Attributes:
        title: its name in messages.
        options: arguments of ``train``, the recipe as ``Recipe.to_dict`` gives it.
    """

    title: str
    options: Mapping[str, Any]

    def begins(self) -> str:
        """The message that it begins."""
        return f"{'resuming' if self.options['resume'] else 'training'} {self.title}"


def count_at_once(recipe: Recipe, runs: int, device: str = "auto") -> int:
    """How many of a recipe's runs to train side by side.

    A recipe with one thread leaves all cores but one idle. Any other uses them all, or the GPU: two of its runs would
    take as long side by side as one after the other.
    """
    if recipe.threads != 1 or find_device(device).type != "cpu":
        return 1
    return max(1, min(runs, count_cores()))


def train_abreast(jobs: Iterable[Job], at_once: int, tell: Callable[[str], None], *, goes_on: str) -> None:
    """Trains several runs at once. Each is bit-identical to the run trained alone, except for its seconds.

    Args:
        jobs: the runs.
        at_once: how many train at a time; if several, none draws a bar, since bars would overwrite each other.
        tell: called with a line when a run begins or ends.
        goes_on: how to go on after a stop, for messages.

    Raises:
        InkdigitError: as ``train`` does, or a training process was killed; the runs beside it are saved. A run that
            cannot be saved after a signal raises its own error.
        Interrupted: after the unfinished runs were saved.
    """
    waiting, running = list(jobs), list[tuple[Job, Trainer]]()
    with Interruption() as interruption, ExitStack() as stack:
        stack.callback(lambda: stop([trainer for _, trainer in running]))
        while waiting or running:
            while waiting and len(running) < at_once:
                job = waiting.pop(0)
                tell(f"{job.begins()}{', on a core of its own' if at_once > 1 else ''}")
                running.append((job, Trainer(job.title, _without_bars(job) if at_once > 1 else job.options, goes_on)))
            time.sleep(POLL_S)
            if interruption.signal_number:
                titles = " and ".join(job.title for job, _ in running)
                save([trainer for _, trainer in running])
                raise Interrupted(f"stopped in {titles}, saved; {goes_on}", interruption.signal_number)
            for job, trainer in [each for each in running if each[1].has_ended()]:
                running.remove((job, trainer))
                trainer.check()
                tell(f"trained {job.title}")


def _without_bars(job: Job) -> dict[str, Any]:
    return {**job.options, "loggers": [name for name in job.options["loggers"] if name != "progress"]}
