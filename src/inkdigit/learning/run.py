"""A run's folder: what was trained, on what, with what result.

``run.json`` is written first, and again on resuming, when the dataset may lie elsewhere; ``result.json`` is written
last: a run without it is unfinished.
"""

import itertools
import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from inkdigit import __version__
from inkdigit.data.dataset import Dataset
from inkdigit.errors import DataError, EnvironmentFault, UsageError
from inkdigit.files import TEMPORARY, read_json, write_json
from inkdigit.images import CLASSES
from inkdigit.learning.models import model_options
from inkdigit.learning.protocols import PROTOCOLS
from inkdigit.learning.recipe import Recipe
from inkdigit.learning.recipes import RECIPES
from inkdigit.lock import locked

RESULT_KEYS = (
    "run", "recipe", "seed", "test_accuracy", "test_accuracy_interval", "test_n", "best_step", "temperature", "seconds",
    "parameters",
)  # fmt: skip
"""What a result holds at least."""

RESULT_KINDS: Mapping[str, Any] = {
    "test_accuracy": int | float, "test_n": int | float, "best_step": int | None, "temperature": int | float,
    "seconds": int | float, "parameters": int,
}  # fmt: skip
"""The types of the numbers among them; a file that was edited by hand may hold anything."""

LATER = ("begun_from", "processes")
"""Fields that the first runs do not have."""

FORMAT = 1
"""Changes when earlier runs can no longer be read."""


@dataclass(frozen=True)
class Run:
    """The folder of a run and what it was asked to do.

    Attributes:
        folder: of all its files.
        recipe: how it is trained.
        seed: of weights, order and augmentation.
        data: a dataset's name or folder.
        data_sha256: hash of the digits that it learns from.
        begun_from: hash of the file whose weights it began with, or None if they were fresh.
        processes: how many share each of its batches.
    """

    folder: Path
    recipe: Recipe
    seed: int
    data: str
    data_sha256: str
    begun_from: str | None = None
    processes: int = 1

    @property
    def state(self) -> Path:
        """The checkpoint that a run goes on from."""
        return self.folder / "state.safetensors"

    @property
    def model(self) -> Path:
        """The exported model."""
        return self.folder / "model.onnx"

    @property
    def evaluation(self) -> Path:
        """The evaluation on the test set, as JSON."""
        return self.folder / "evaluation.json"

    @property
    def metrics(self) -> Path:
        """The log, as CSV."""
        return self.folder / "metrics.csv"

    @property
    def curves(self) -> Path:
        """The picture of the log."""
        return self.folder / "curves.png"

    @property
    def resume_command(self) -> str:
        """What goes on with it: a command, or a call where only the caller has its recipe."""
        if self.recipe.name not in RECIPES:
            return f"train(recipe, out={str(self.folder)!r}, resume=True)"
        return f"inkdigit train {self.recipe.name} --out {shlex.quote(str(self.folder))} --resume"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps other processes from training in the folder, which is made if it is not there.

        Raises:
            UsageError: one does.
            EnvironmentFault: it cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EnvironmentFault(f"{self.folder}: cannot be made ({error.strerror}); choose another place") from error
        with locked(self.folder, wait=False) as is_ours:
            if not is_ours:
                raise UsageError(
                    f"{self.folder}: another process trains there; wait until it ends, or choose another folder with "
                    "--out"
                )
            yield

    def member(self, number: int) -> Path:
        """The folder of one of the runs that are averaged."""
        return self.folder / "members" / str(number)

    def check_single(self) -> None:
        """Checks that it trained a single network, which has weights and a log of its own.

        Raises:
            UsageError: it averages several.
        """
        if self.recipe.members > 1:
            raise UsageError(
                f"{self.folder}: averages {self.recipe.members} networks, expected one; take {self.member(0)}"
            )

    def members(self) -> list["Run"]:
        """The runs that it averages, or itself alone.

        Raises:
            DataError: one is missing, or the run is unfinished.
        """
        self.result()
        return [Run.open(self.member(n)) for n in range(self.recipe.members)] if self.recipe.members > 1 else [self]

    def weights(self, step: int) -> Path:
        """The weights as they were after a step at which the run was validated."""
        return self.folder / "weights" / f"step-{step:07d}.safetensors"

    def write(self) -> None:
        """Writes ``run.json``, with where the dataset lies now."""
        values = asdict(self) | {"format": FORMAT}
        write_json(self.folder / "run.json", {key: value for key, value in values.items() if key != "folder"})

    def finish(self, result: dict[str, Any]) -> None:
        """Writes ``result.json``, the last file of a run."""
        write_json(self.folder / "result.json", result)

    @property
    def is_finished(self) -> bool:
        """Whether everything that a run leaves is there."""
        return (self.folder / "result.json").exists()

    def result(self) -> dict[str, Any]:
        """What ``finish`` wrote.

        Raises:
            DataError: the run is unfinished.
        """
        path = self.folder / "result.json"
        if not self.is_finished:
            raise DataError(f"{self.folder}: the run is unfinished; go on with: {self.resume_command}")
        values = read_json(path, remedy="train again")
        missing = [name for name in RESULT_KEYS if name not in values]
        if missing:
            raise DataError(f"{path}: found no {', '.join(missing)} in it; train again")
        for name, kinds in RESULT_KINDS.items():
            if not isinstance(values[name], kinds):
                raise DataError(f"{path}: found {name}={str(values[name])[:60]!r}, expected a number; train again")
        return {**values, "run": str(self.folder)}  # where it lies now

    def load_digits(self, data: str | None = None) -> tuple[Dataset, Dataset, Dataset]:
        """The digits as its protocol splits them: to learn from, to watch, and to measure on in the end.

        Args:
            data: a dataset's name or folder, taken as it is now; None is what the run was trained on.

        Raises:
            DataError: they cannot be loaded; or its own are no longer those that it was trained on or, if it is
                finished, measured on.
        """
        if data is not None:
            return PROTOCOLS[self.recipe.protocol].load(data)
        try:
            training, watched, test = PROTOCOLS[self.recipe.protocol].load(self.data)
        except (UsageError, DataError) as error:
            raise DataError(
                f"{self.folder}: was trained on {self.data}, which cannot be had ({error}); name a dataset with --data"
            ) from error
        measured = self.result().get("test_sha256", test.sha256) if self.is_finished else test.sha256
        if (training.sha256, test.sha256) != (self.data_sha256, measured):
            raise DataError(
                f"{self.folder}: {self.data} holds other digits than the run was trained on; "
                "name the dataset that it was trained on with --data"
            )
        return training, watched, test

    def card(self, result: Mapping[str, Any], *, name: str = "") -> dict[str, Any]:
        """The metadata of an exported model, under the recipe's name or another."""
        return {
            "name": name or self.recipe.name,
            "inkdigit": __version__,
            "classes": [*map(str, range(CLASSES)), *(["not a digit"] if self.recipe.classes > CLASSES else [])],
            "settings": self.recipe.to_dict(),
            "train_sha256": self.data_sha256,
            **({"begun_from_sha256": self.begun_from} if self.begun_from else {}),
            **({"processes": self.processes} if self.processes > 1 else {}),
            **{key: value for key, value in result.items() if key != "run"},  # a path means nothing elsewhere
        }

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """Opens a run's folder.

        Raises:
            DataError: it is none, is damaged, or was written by another version.
        """
        if not (folder / "run.json").is_file():
            found = "a file" if folder.is_file() else "no run.json in it" if folder.exists() else "no such folder"
            raise DataError(f"{folder}: {found}; expected the folder of a run, which 'inkdigit train' prints")
        values = read_json(folder / "run.json", remedy="train again")
        if values.pop("format", None) != FORMAT:
            raise DataError(f"{folder}: a run of another version of inkdigit; train again")
        _check_names(values, folder / "run.json")
        try:
            recipe = Recipe.from_dict(values["recipe"], str(folder))
            _check_options(recipe, folder)
            return cls(
                folder, recipe, int(values["seed"]), str(values["data"]), str(values["data_sha256"]),
                values.get("begun_from"), int(values.get("processes", 1)),
            )  # fmt: skip
        except (TypeError, ValueError) as error:
            raise DataError(f"{folder}/run.json: not what a run begins with ({error}); train again") from error


def _check_names(values: Mapping[str, Any], path: Path) -> None:
    expected = {field.name for field in fields(Run)} - {"folder"}
    wrong = [f"no {name}" for name in sorted(expected - set(values) - set(LATER))]
    wrong += [f"an unknown {name}" for name in sorted(set(values) - expected)]
    if wrong:
        raise DataError(f"{path}: found {', '.join(wrong)}: a run of another version of inkdigit; train again")


def _check_options(recipe: Recipe, folder: Path) -> None:
    """Checks that the network still has the recipe's options."""
    unknown_options = sorted(set(recipe.model_options) - set(model_options(recipe.model)))
    if unknown_options:
        found = f"the model {recipe.model} has no option {', '.join(unknown_options)}"
        raise DataError(f"{folder}: not a recipe of this version ({found}); train again")


def claim_folder(recipe: str, parent: Path = Path("runs")) -> Path:
    """Makes the next free ``runs/RECIPE-N``: two trainings that begin together get one each.

    Raises:
        EnvironmentFault: it cannot be made.
    """
    for number in itertools.count(max(_numbers(recipe, parent), default=0) + 1):
        folder = parent / f"{recipe}-{number}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise EnvironmentFault(f"{folder}: cannot be made ({error.strerror}); choose a place with --out") from error
        return folder
    raise AssertionError("there is always a next number")


def free_folder(folder: Path) -> Path:
    """Returns a folder that is empty or new; what a killed process left half-written in it does not count.

    Raises:
        UsageError: there is something in it, or it is a file.
    """
    if folder.exists() and not (folder.is_dir() and all(path.name.startswith(TEMPORARY) for path in folder.iterdir())):
        goes_on = f", or go on with: inkdigit train RECIPE --out {shlex.quote(str(folder))} --resume"
        raise UsageError(
            f"{folder}: not empty; choose another folder with --out{goes_on if (folder / 'run.json').exists() else ''}"
        )
    return folder


def newest_folder(recipe: str, parent: Path = Path("runs")) -> Path:
    """The last ``runs/RECIPE-N`` that was begun; a killed process may have left a later one empty.

    Raises:
        UsageError: there is none.
    """
    numbers = [number for number in _numbers(recipe, parent) if (parent / f"{recipe}-{number}" / "run.json").exists()]
    if not numbers:
        raise UsageError(f"found no run of {recipe} in {parent}/ to resume; leave --resume out, or name it with --out")
    return parent / f"{recipe}-{max(numbers)}"


def _numbers(recipe: str, parent: Path) -> list[int]:
    names = [path.name for path in parent.glob(f"{recipe}-*")]
    return [int(match[1]) for name in names if (match := re.fullmatch(rf"{re.escape(recipe)}-(\d+)", name))]
