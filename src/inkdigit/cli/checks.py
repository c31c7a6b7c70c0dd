"""What ``inkdigit doctor`` looks at."""

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version

LEARN_PACKAGES = (
    "torch", "onnx", "onnxscript", "safetensors", "matplotlib", "scikit-learn", "scipy", "jinja2", "tensorboard",
)  # fmt: skip

SERVE_PACKAGES = ("fastapi", "hypercorn", "prometheus-client", "python-multipart")


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
    words = f"Python {platform.python_version()} on {platform.system()}, {os.cpu_count()} processors"
    return Finding(True, words, needed=True)


def _reading() -> Finding:
    """Reads a picture made on the spot: the whole way through decoder, preparation and network."""
    from inkdigit.errors import InkdigitError

    try:
        import numpy as np

        from inkdigit.reading.reader import read

        picture = np.full((64, 64), 255, np.uint8)
        picture[12:52, 30:35] = 0  # a 1
        found = read(picture).text
    except (InkdigitError, ImportError, OSError) as error:
        return Finding(False, str(error), needed=True)
    return Finding(found == "1", f"a drawn 1 was read as '{found}'", needed=True)


def find_extra(extra: str, packages: Sequence[str], purpose: str) -> Finding:
    """Whether the packages of an extra are there."""
    found, missing = [], []
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    if missing:
        return Finding(False, f"without {', '.join(missing)}; for {purpose}: pip install 'inkdigit[{extra}]'")
    return Finding(True, ", ".join(found))


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
    "learning": partial(find_extra, "learn", LEARN_PACKAGES, "training"),
    "mnist": _mnist,
    "serving": partial(find_extra, "serve", SERVE_PACKAGES, "answers over HTTP"),
    "heic": partial(find_extra, "heic", ["pillow-heif"], "photos of iPhones"),
    "pdf": partial(find_extra, "pdf", ["pypdfium2"], "pages of PDFs"),
}
