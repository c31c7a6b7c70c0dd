"""The seeds of a recipe: side by side where each takes one core, else one after the other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inkdigit.errors import Interrupted
from inkdigit.learning.abreast import Job, count_at_once, train_abreast
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.recipe import Recipe
from inkdigit.learning.train import train

GOES_ON = "the same command goes on"


@dataclass(frozen=True)
class Seeds:
    """Runs of one recipe that differ in their seed.

    Attributes:
        name: of the recipe, for messages.
        recipe: how they are trained.
        folders: of the runs, by seed; a run that is already there is resumed.
        data: a dataset's name or folder.
        loggers: names in ``LOGGERS``; runs side by side go without ``progress``, since bars would overwrite each other.
    """

    name: str
    recipe: Recipe
    folders: Mapping[int, Path]
    data: str
    loggers: Sequence[str] = ("csv",)

    def job(self, seed: int) -> Job:
        """The run of a seed."""
        folder = self.folders[seed]
        options = {
            "recipe": self.recipe.to_dict(),
            "data": self.data,
            "out": str(folder),
            "seed": seed,
            "resume": (folder / "run.json").exists(),
            "loggers": list(self.loggers),
        }
        return Job(f"{self.name}, seed {seed}", options)


def train_seeds(seeds: Seeds, tell: Callable[[str], None] = lambda _: None) -> None:
    """Trains runs. Each is bit-identical to the run trained alone, except for its seconds.

    Args:
        seeds: the runs.
        tell: called with a line when a run begins and, for runs side by side, when one ends.

    Raises:
        InkdigitError: as ``train`` does, or a training process was killed; the runs beside it are saved.
        Interrupted: after the unfinished runs were saved; the same call resumes them.
    """
    at_once = count_at_once(seeds.recipe, len(seeds.folders))
    if at_once > 1:
        PROTOCOLS[seeds.recipe.protocol].load(seeds.data)  # downloads it once, and finds damage before training begins
        train_abreast([seeds.job(seed) for seed in seeds.folders], at_once, tell, goes_on=GOES_ON)
    else:
        for seed in seeds.folders:
            _train(seeds, seed, tell)


def _train(seeds: Seeds, seed: int, tell: Callable[[str], None]) -> None:
    job = seeds.job(seed)
    tell(job.begins())
    try:
        train(**{**job.options, "recipe": seeds.recipe})
    except Interrupted as error:
        raise Interrupted(f"stopped in {job.title}, saved; {GOES_ON}", error.exit_code - 128) from error
