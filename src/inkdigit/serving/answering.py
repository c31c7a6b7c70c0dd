"""What a process that reads does with a job: bytes → JSON, with models that stay open."""

import base64
import io
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from inkdigit.classifier import FEATURE_OUTPUTS, OnnxClassifier
from inkdigit.errors import DataError, ImageError, InkdigitError, UsageError
from inkdigit.images import SIZE, Grey, draw_one
from inkdigit.locator import OnnxLocator
from inkdigit.preparation.load import load_picture
from inkdigit.reading.explain import Explanation
from inkdigit.reading.options import Options
from inkdigit.reading.reader import Reader
from inkdigit.reading.regions import parse_region
from inkdigit.reading.rules import Listed, Rules, name_rules
from inkdigit.reading.weights import LOCATOR, find_model
from inkdigit.serving.frames import FAULT, Head, encode
from inkdigit.serving.models import hash_model
from inkdigit.serving.tensors import infer

Answer: TypeAlias = tuple[str, bytes]
"""An error's code, or "", and JSON."""

RULES_KEPT = 8
"""How many queries' rules are cached for reuse: a stranger's pattern can make each of them grow to 60 MB (see
``pattern.REMEMBERED``), and all together must leave a reading room below ``max_memory_bytes``."""


class Answering:
    """Answers jobs.

    Attributes:
        cards: what the models tell of themselves, by name.
    """

    def __init__(self, models: Mapping[str, Mapping[str, str]], max_pixels: int) -> None:
        """Opens the models, and reads a picture with each.

        Args:
            models: by name, the ``path`` of each and its ``sha256``.
            max_pixels: of a picture.

        Raises:
            DataError: a model is damaged, or not the file that the server was started with.
        """
        locator = OnnxLocator(find_model(LOCATOR), threads=1)
        self._classifiers = {name: _open(model["path"], model["sha256"]) for name, model in models.items()}
        self._readers = {name: Reader(model, locator=locator, threads=1) for name, model in self._classifiers.items()}
        self._max_pixels = max_pixels
        self._jobs: Mapping[str, Callable[[Head, bytes], Any]] = {
            "read": self._read,
            "explain": self._explain,
            "infer": self._infer,
        }
        self.cards = {name: self._describe(name, model["sha256"]) for name, model in models.items()}

    def _describe(self, name: str, sha256: str) -> dict[str, Any]:
        """A model's card, after one reading."""
        self._readers[name].read(draw_one())
        classes = self._classifiers[name](np.zeros((1, SIZE, SIZE), np.uint8)).shape[1]
        told = {key: value for key, value in self._classifiers[name].metadata.items() if key != FEATURE_OUTPUTS}
        return {**told, "sha256": sha256, "outputs": classes}

    def answer(self, head: Head, body: bytes) -> Answer:
        """The answer to a job; whatever a stranger's bytes cause is an answer, too, and no exception."""
        try:
            return "", encode(self._jobs[head["job"]](head, body))
        except ImageError as error:
            error.source = head["name"]
            return error.code, encode(error.to_dict())
        except MemoryError:
            _build_rules.cache_clear()  # so that strangers' patterns do not take memory from the next reading
            large = ImageError("too_large", "needs more memory than a reading may have; shrink it", head["name"])
            return large.code, encode(large.to_dict())
        except InkdigitError as error:
            return _tell("usage" if isinstance(error, UsageError) else "model", str(error))
        except Exception:  # noqa: BLE001 - a fault of ours must not cost a process each time somebody triggers it
            traceback.print_exc()
            return _tell("fault", FAULT)

    def _read(self, head: Head, body: bytes) -> Any:
        return self._look(head, body).reading.to_dict()

    def _look(self, head: Head, body: bytes) -> Explanation:
        options = {**_build_options(head), "name": head["name"]}
        picture = load_picture(body, self._max_pixels)
        return self._readers[head["model"]].explain(picture, **options)

    def _explain(self, head: Head, body: bytes) -> Any:
        """A reading with what the network saw, and the feature maps of one digit if one is asked for."""
        explained, digit = self._look(head, body), head["digit"]
        seen = [_to_url(image) for image in explained.images]
        if digit is not None and digit >= len(seen):
            wanted = f"one of the {len(seen)} that were read, counted from 0" if seen else "none, since none was found"
            raise UsageError(f"found digit={digit}, expected {wanted}")
        maps = {} if digit is None else self._draw_maps(head["model"], explained.images[digit : digit + 1])
        return {"reading": explained.reading.to_dict(), "seen": seen, "maps": maps}

    def _draw_maps(self, model: str, image: NDArray[np.uint8]) -> dict[str, list[str]]:
        """Feature maps by the names of their layers; of a model that declares none, nothing."""
        try:
            layers = self._classifiers[model].run_features(image)
        except DataError:
            return {}
        return {name: [_to_url(_stretch(channel)) for channel in maps[0]] for name, maps in layers.items()}

    def _infer(self, head: Head, body: bytes) -> Any:
        return infer(self._classifiers[head["model"]], head["model"], body)


def _tell(code: str, message: str) -> Answer:
    return code, encode({"error": {"code": code, "message": message}})


def _open(path: str, sha256: str) -> OnnxClassifier:
    if hash_model(Path(path)) != sha256:
        raise DataError(f"{path}: is another file than the server was started with; start it again")
    return OnnxClassifier(path, threads=1)


def _build_options(head: Head) -> Options:
    region = head["region"]
    return {
        "single": head["single"],
        "region": None if region is None else parse_region(region),
        "rules": _build_rules(head["length"], head["pattern"], tuple(head["among"]), head["check"]),
        "min_confidence": head["min_confidence"],
    }


@lru_cache(maxsize=RULES_KEPT)
def _build_rules(length: str | None, pattern: str | None, among: Sequence[str], check: str | None) -> Rules:
    """The rules, cached: a web page asks for the same again and again."""
    return Rules(name_rules(length, pattern, Listed(among) if among else None, check))


def _to_url(image: Grey) -> str:
    """Grey pixels (h, w) as a PNG that a page can show."""
    buffer = io.BytesIO()
    PIL.Image.fromarray(image).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _stretch(channel: NDArray[np.float32]) -> Grey:
    """A feature map (h, w) → uint8, from its least value to its greatest."""
    low, high = float(channel.min()), float(channel.max())
    return np.asarray((channel - low) * (255 / max(high - low, 1e-12)), np.uint8)
