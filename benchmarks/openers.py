"""The other side of readers.py: opens a reader in this process and answers what it is asked.

The peers get their pictures as a careful user would prepare them, with the settings that were best on the wild pictures
themselves: a choice in their favour.

usage, by readers.py: PYTHON -m benchmarks.openers READER, jobs as lines of JSON on stdin; answers as such on stdout
"""

import ctypes
import ctypes.util
import json
import math
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import PIL.Image
from benchmarks.readers import TUTORIAL, Answer, Job
from PIL import ImageFilter, ImageOps

Read: TypeAlias = Callable[[Job], tuple[str, float]]


def _serve(reader: str, jobs: Iterable[Job]) -> None:
    """In the other process: answers each job on stdout, then tells of the process."""
    read, version = OPENERS[reader]()
    for index, job in enumerate(jobs):
        if index == 0:
            read(job)
        start = time.perf_counter()
        text, confidence = read(job)
        print(json.dumps(asdict(Answer(text, confidence, time.perf_counter() - start))), flush=True)
    print(json.dumps({"peak_mb": peak_mb(), "version": version}))


def peak_mb() -> float:
    """Of this process; ``getrusage`` would tell of the one that started it, where that was larger."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 / 1e6 if found else math.nan


def _open_inkdigit() -> tuple[Read, str]:
    from inkdigit import ImageError, Reader, __version__  # noqa: PLC0415 - the peers' environment has none

    reader = Reader()

    def read(job: Job) -> tuple[str, float]:
        options: dict[str, Any] = {"single": True} if job.single else {}
        if job.min_confidence is not None:
            options["min_confidence"] = job.min_confidence
        try:
            reading = reader.read(job.path, **options)
        except ImageError:
            return "", 0.0
        return reading.text, math.prod(digit.confidence for digit in reading.digits) if reading.digits else 0.0

    return read, __version__


def _open_tutorial() -> tuple[Read, str]:
    """LeNet, and each picture prepared as tutorials do: grey, 28 x 28, inverted; ink lighter than paper is told of."""
    from inkdigit import __version__  # noqa: PLC0415 - the peers' environment has none
    from inkdigit.classifier import OnnxClassifier  # noqa: PLC0415

    classifier = OnnxClassifier(TUTORIAL)

    def read(job: Job) -> tuple[str, float]:
        small = _prepare(job).convert("L").resize((28, 28))
        probabilities = classifier(255 - np.asarray(small)[None])[0]
        return str(probabilities.argmax()), float(probabilities.max())

    return read, __version__


def _prepare(job: Job) -> PIL.Image.Image:
    """A picture upright, without transparency, dark ink on light paper."""
    picture = ImageOps.exif_transpose(PIL.Image.open(job.path))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = PIL.Image.alpha_composite(PIL.Image.new("RGBA", picture.size, "white"), picture)
    picture = picture.convert("RGB")
    return ImageOps.invert(picture) if job.is_inverted else picture


def _surround(picture: PIL.Image.Image, share: float) -> PIL.Image.Image:
    """With a border in the paper's colour, of a share of the longer side."""
    pixels = np.asarray(picture)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    paper = tuple(int(value) for value in np.median(edge, axis=0))
    return ImageOps.expand(picture, round(share * max(picture.size)), paper)


def _shrink(picture: PIL.Image.Image, longest: int) -> PIL.Image.Image:
    """To a longest side; smaller pictures grow to it."""
    scale = longest / max(picture.size)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(size, PIL.Image.Resampling.LANCZOS)


def _flatten(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Grey, without shadow: divided by its paper, which is the lightest of its surroundings, blurred."""
    paper = picture.filter(ImageFilter.MaxFilter(9)).filter(ImageFilter.GaussianBlur(max(picture.size) / 25))
    light = np.asarray(picture, np.float32) / np.maximum(np.asarray(paper, np.float32), 1)
    return PIL.Image.fromarray(np.asarray(np.clip(light, 0, 1) * 255, np.uint8))


def _open_rapidocr() -> tuple[Read, str]:
    from importlib.metadata import version  # noqa: PLC0415

    from rapidocr import RapidOCR  # type: ignore[import-not-found]  # noqa: PLC0415 - its environment alone has it

    # Its angle classifier turns lines of digits upside down.
    engine = RapidOCR(params={"Global.log_level": "error", "Global.use_cls": False})

    def read(job: Job) -> tuple[str, float]:
        picture = _prepare(job)
        if not job.is_page:
            # As it is: a border of a tenth, a quarter, a half costs 1, 5, 12 points.
            found = engine(_bgr(picture), use_det=False, use_cls=False, use_rec=True)
            return (found.txts[0], float(found.scores[0])) if found.txts else ("", 0.0)
        page = _surround(_shrink(picture, RAPIDOCR_LONGEST), RAPIDOCR_BORDER)
        found = engine(_bgr(page), use_det=True, use_cls=False, use_rec=True)
        if not getattr(found, "txts", None):
            return "", 0.0
        return _in_lines(found.boxes, found.txts), math.prod(float(score) for score in found.scores)

    return read, version("rapidocr")


RAPIDOCR_LONGEST, RAPIDOCR_BORDER = 800, 0.05
"""Of a page: 29 of 35 right, and 89.8 % of the digits; 640 or 960, with no border or one of .1, give 25 to 29, and
87.9 % of the digits at best."""


def _bgr(picture: PIL.Image.Image) -> Any:
    return np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])


def _in_lines(boxes: Iterable[Any], texts: Iterable[str]) -> str:
    """Parts of a page, given by their corners (4, 2): side by side where they overlap by half a height."""
    parts = [(*np.min(box, axis=0), *np.max(box, axis=0), text) for box, text in zip(boxes, texts, strict=True)]
    lines: list[list[Any]] = []
    for part in sorted(parts, key=lambda part: part[1] + part[3]):
        if lines and _overlap(lines[-1][-1], part) > 0.5:
            lines[-1].append(part)
        else:
            lines.append([part])
    return "\n".join("".join(part[4] for part in sorted(line, key=lambda part: part[0])) for line in lines)


def _overlap(first: Sequence[Any], second: Sequence[Any]) -> float:
    """Of two spans of rows, as a share of the shorter one."""
    shared = min(first[3], second[3]) - max(first[1], second[1])
    return float(shared / max(1, min(first[3] - first[1], second[3] - second[1])))


def _open_tesseract() -> tuple[Read, str]:
    """Debian's library itself: its command would open the language anew for each picture."""
    library = ctypes.CDLL(ctypes.util.find_library("tesseract"))
    library.TessVersion.restype = ctypes.c_char_p
    library.TessBaseAPICreate.restype = library.TessBaseAPIGetUTF8Text.restype = ctypes.c_void_p
    api = ctypes.c_void_p(library.TessBaseAPICreate())
    if library.TessBaseAPIInit3(api, None, b"eng"):
        raise SystemExit("found no English for Tesseract: `apt-get install tesseract-ocr-eng` installs it")
    library.TessBaseAPISetVariable(api, b"tessedit_char_whitelist", b"0123456789")

    def read(job: Job) -> tuple[str, float]:
        longest, border, mode = TESSERACT_PAGE if job.is_page else TESSERACT_SINGLE
        small = _flatten(_shrink(_prepare(job).convert("L"), longest))
        grey = ImageOps.expand(ImageOps.autocontrast(small, cutoff=1), round(border * max(small.size)), 255)
        library.TessBaseAPISetPageSegMode(api, mode)
        library.TessBaseAPISetImage(api, grey.tobytes(), grey.width, grey.height, 1, grey.width)
        library.TessBaseAPISetSourceResolution(api, 300)
        text = ctypes.c_void_p(library.TessBaseAPIGetUTF8Text(api))
        try:
            return (ctypes.string_at(text).decode(), library.TessBaseAPIMeanTextConf(api) / 100) if text else ("", 0.0)
        finally:
            library.TessDeleteText(text)
            library.TessBaseAPIClear(api)

    return read, library.TessVersion().decode()


TESSERACT_SINGLE = (40, 0.3, 6)
"""Longest side, white border as a share of it, mode of page segmentation: 211 of 407 right; the mode of a single
character, 10, gets 202, and a longest side of 100 fewer still."""

TESSERACT_PAGE = (250, 0.1, 6)
"""7 of 35 pages right; mode 11 and pages left large get 2, and with their shadows still on them 4 at best."""

OPENERS: Mapping[str, Callable[[], tuple[Read, str]]] = {
    "inkdigit": _open_inkdigit,
    "tutorial": _open_tutorial,
    "rapidocr": _open_rapidocr,
    "tesseract": _open_tesseract,
}

if __name__ == "__main__":
    _serve(sys.argv[1], (Job(**json.loads(line)) for line in sys.stdin))
