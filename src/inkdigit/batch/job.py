"""What every process needs to know to read."""

import hashlib
import pickle
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from inkdigit.errors import ImageError
from inkdigit.preparation.load import PictureLike
from inkdigit.reading.options import Options, build_rules
from inkdigit.reading.reader import Reader
from inkdigit.reading.result import Reading
from inkdigit.reading.weights import find_model

LIMIT_S = 60.0
"""The time limit of a picture, in seconds; a page of 4,000 digits takes a tenth of it."""

PROTOCOL = 4
"""Pickle's protocol, fixed so that a later Python writes the same bytes for the same options."""

BLANK = np.full((28, 28), 255, np.uint8)


@dataclass(frozen=True)
class Job:
    """How files are read, and where their answers go.

    Attributes:
        model: the classifier's file.
        locator: the locator's file.
        options: of each reading, but its name.
        folder: of the answers.
        made_with: digests of models and options, which tell one from another.
        limit_s: a process that takes longer for a picture ends.
    """

    model: Path
    locator: Path
    options: Options
    folder: Path
    made_with: Mapping[str, str]
    limit_s: float = LIMIT_S

    @classmethod
    def of(cls, model: str, locator: str, options: Options, folder: Path) -> "Job":
        """A job that is known to work, before anything begins.

        Raises:
            UsageError: an unknown model, or an option with a value that it does not take.
            DataError: a model or a list of numbers that cannot be read.
        """
        least = options.get("min_confidence")
        asked: Options = {
            **options,
            "name": None,
            "single": bool(options.get("single", False)),
            "region": options.get("region"),
            "rules": build_rules(options.get("rules", ())),
            "min_confidence": None if least is None else float(least),
        }
        paths = find_model(model).absolute(), find_model(locator).absolute()
        with suppress(ImageError):  # the region lies outside the blank picture
            Reader(paths[0], locator=paths[1], threads=1).read(BLANK, **asked)
        made_with = {name: path.read_bytes() for name, path in zip(("model", "locator"), paths, strict=True)}
        made_with |= {name: pickle.dumps(value, PROTOCOL) for name, value in asked.items() if name != "name"}
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in made_with.items()}
        return cls(*paths, asked, folder.absolute(), digests)

    def read(self, name: str, source: PictureLike) -> Reading | ImageError:
        """A picture's reading, or its error."""
        asked: Options = {**self.options, "name": name}
        try:
            return _open(self.model, self.locator).read(source, **asked)
        except ImageError as error:
            return error


@lru_cache(maxsize=1)
def _open(model: Path, locator: Path) -> Reader:
    """The reader of a process, kept open from one part to the next."""
    return Reader(model, locator=locator, threads=1)
