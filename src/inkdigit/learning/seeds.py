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

    def job(self, seed: int) -> Job:
        """One of them."""
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
        PROTOCOLS[seeds.recipe.protocol].load(seeds.data)  # downloaded once, found damaged before anything begins
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
