"""What ``inkdigit doctor`` looks at."""

import platform
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes:
        sound: whether all is well.
        words: for people.
        needed: whether reading depends on it.
    """

    sound: bool
    words: str
    needed: bool = False


def _python() -> Finding:
    from inkdigit.machine import count_cores

    words = f"Python {platform.python_version()} on {platform.system()}, {count_cores()} processors"
    return Finding(True, words, needed=True)


def _reading() -> Finding:
    """Reads a picture made on the spot: the whole way through decoder, preparation and network."""
    from inkdigit.errors import InkdigitError

    try:
        from inkdigit.images import draw_one
        from inkdigit.reading.reader import read

        found = read(draw_one()).text
    except (InkdigitError, ImportError, OSError) as error:
        return Finding(False, str(error), needed=True)
    return Finding(found == "1", f"a drawn 1 was read as '{found}'", needed=True)


def find_extra(extra: str, purpose: str) -> Finding:
    """Whether the packages of an extra are there."""
    found, missing = [], []
    for package in _packages_of(extra):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    if missing:
        return Finding(False, f"without {', '.join(missing)}; for {purpose}: pip install 'inkdigit[{extra}]'")
    return Finding(True, ", ".join(found))


def _packages_of(extra: str) -> list[str]:
    """The packages that an extra of ours asks for, as ``fastapi>=0.120; extra == "serve"``."""
    asked = re.compile(rf"""([\w.-]+).*; extra == ["']{extra}["']""")
    return [match[1] for line in requires("inkdigit") or () if (match := asked.fullmatch(line))]


def _mnist() -> Finding:
    from inkdigit.data.download import find
    from inkdigit.data.sources import MNIST_FILES, data_folder

    folder = data_folder() / "mnist"
    missing = [file.name for file in MNIST_FILES if find(file, folder) is None]
    if missing:
        return Finding(False, f"not in {folder}; fetch it with: inkdigit data mnist")
    return Finding(True, str(folder))


CHECKS: Mapping[str, Callable[[], Finding]] = {
    "python": _python,
    "reading": _reading,
    "learning": partial(find_extra, "learn", "training"),
    "mnist": _mnist,
    "serving": partial(find_extra, "serve", "answers over HTTP"),
    "batch": partial(find_extra, "batch", "pictures by the million"),
    "heic": partial(find_extra, "heic", "photos of iPhones"),
    "pdf": partial(find_extra, "pdf", "pages of PDFs"),
}
