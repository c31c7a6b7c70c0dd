"""Generated strings of digits, some hundred of each kind of difficulty, read by inkdigit and by RapidOCR in one run.

An independent judge: it shares nothing with what inkdigit is trained on but the way of MNIST's digits, and takes those
of the test set, 3 to 6 side by side.

usage: python -m benchmarks.strings [--n 500] [--readers NAME ...] [--detector] [--show FOLDER] [--out FILE.json]
"""

import argparse
import math
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from benchmarks.figures import add_out, write_figures
from benchmarks.readers import ENTRANTS, READERS, ask_entrants, find_readers
from benchmarks.wild_scores import Picture, score_pages
from benchmarks.wild_tables import print_table
from numpy.typing import NDArray
from PIL import Image

from inkdigit.data.dataset import Dataset, load_dataset
from inkdigit.errors import InkdigitError
from inkdigit.machine import describe_machine, is_busy

SEED = 20_261_122
SCALE = 3
"""A digit of MNIST is 20 pixels high; a person's is rather 60."""

MARGIN, BOLD_RADIUS, LEAST_INK = 8, 4, 64

NAMES = ("inkdigit", "inkdigit, nothing refused", "RapidOCR", "RapidOCR, letters mapped")
DETECTED = ("RapidOCR with detector", "RapidOCR with detector, mapped")

SECONDS = {"inkdigit": 0.2, "rapidocr": 0.07}
DETECTOR_S = 1.0
"""What a string about takes on two cores, to tell beforehand; inkdigit reads each twice."""

Plane: TypeAlias = NDArray[np.float32]
"""Ink, 0 to 1, or light, (h, w)."""


def _crop(digit: NDArray[np.uint8]) -> Plane:
    """The ink of a digit (28, 28), without the black around it."""
    ys, xs = np.nonzero(digit >= LEAST_INK)
    return digit[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1].astype(np.float32) / np.float32(255)


def _write(digits: list[Plane], gaps: list[int], rng: np.random.Generator) -> Plane:
    """Digits on one baseline; a gap below zero is an overlap of their ink boxes."""
    starts = np.cumsum([0, *(digit.shape[1] + gap for digit, gap in zip(digits[:-1], gaps, strict=True))])
    height = max(digit.shape[0] for digit in digits) + 2
    ink = np.zeros((height + 2 * MARGIN, int(starts[-1]) + digits[-1].shape[1] + 2 * MARGIN), np.float32)
    for digit, start in zip(digits, starts, strict=True):
        h, w = digit.shape
        bottom, left = MARGIN + height - int(rng.integers(0, 3)), MARGIN + int(start)
        part = ink[bottom - h : bottom, left : left + w]
        np.maximum(part, digit, out=part)
    return ink


def _enlarge(ink: Plane) -> Image.Image:
    """To the size of a photo's digit, white ink on black, smooth."""
    h, w = ink.shape
    picture = Image.fromarray(np.asarray(ink * 255, np.uint8))
    return picture.resize((w * SCALE, h * SCALE), Image.Resampling.BICUBIC)


def _plain_paper(shape: tuple[int, ...], rng: np.random.Generator) -> Plane:
    return np.full(shape, rng.uniform(0.85, 1), np.float32)


def _draw(ink: Image.Image, paper: Plane, rng: np.random.Generator) -> Image.Image:
    """Dark ink on paper, with a camera's little noise."""
    pen = rng.uniform(0.75, 0.95)
    light = paper * (1 - pen * np.asarray(ink, np.float32) / 255) + rng.normal(0, 0.012, paper.shape)
    return Image.fromarray(np.asarray(np.clip(light, 0, 1) * 255, np.uint8))


def _plain(digits: list[Plane], rng: np.random.Generator, gap: Callable[[], int]) -> Image.Image:
    return _enlarge(_write(digits, [gap() for _ in digits[1:]], rng))


def draw_touching(digits: list[Plane], rng: np.random.Generator) -> Image.Image:
    """Each ink box 2 pixels into the next one, of digits 20 pixels high."""
    ink = _plain(digits, rng, lambda: -2)
    return _draw(ink, _plain_paper((ink.height, ink.width), rng), rng)


def draw_thick(digits: list[Plane], rng: np.random.Generator) -> Image.Image:
    """A marker: each stroke, of 7 pixels on average, 8 pixels thicker."""
    ink = _plain(digits, rng, lambda: int(rng.integers(4, 8)))
    reach = np.hypot(*np.mgrid[-BOLD_RADIUS : BOLD_RADIUS + 1, -BOLD_RADIUS : BOLD_RADIUS + 1]) <= BOLD_RADIUS + 0.5
    thin = np.pad(np.asarray(ink), BOLD_RADIUS)
    h, w = ink.height, ink.width
    thick = np.max([thin[y : y + h, x : x + w] for y, x in zip(*np.nonzero(reach), strict=True)], axis=0)
    return _draw(Image.fromarray(thick), _plain_paper(thick.shape, rng), rng)


def draw_ruled(digits: list[Plane], rng: np.random.Generator) -> Image.Image:
    """Rules across the digits, light that falls off, and the soft edge of a shadow."""
    ink = _plain(digits, rng, lambda: int(rng.integers(2, 6)))
    paper = _plain_paper((ink.height, ink.width), rng)
    h, w = paper.shape
    first, step = int(rng.integers(2, 24)), int(rng.integers(24, 44))
    for y in range(first, h - 1, step):
        paper[y : y + int(rng.integers(1, 3))] *= rng.uniform(0.65, 0.85)
    ys, xs = np.mgrid[:h, :w].astype(np.float32)
    angle, edge = rng.uniform(0, 2 * np.pi), rng.uniform(-0.3, 0.3)
    along = (xs / w - 0.5) * np.cos(angle) + (ys / h - 0.5) * np.sin(angle)
    softness, depth, slope = rng.uniform(0.01, 0.06), rng.uniform(0.3, 0.5), rng.uniform(0, 0.25)
    shadow = 1 - depth / (1 + np.exp(np.clip(-(along - edge) / softness, -30, 30)))
    return _draw(ink, paper * np.asarray(shadow * (1 - slope * (xs / w)), np.float32), rng)


def draw_slanted(digits: list[Plane], rng: np.random.Generator) -> Image.Image:
    """Sheared by up to .4 either way and turned by up to 12 degrees, the paper with it."""
    ink = _plain(digits, rng, lambda: int(rng.integers(2, 6)))
    shear, h, w = rng.uniform(-0.4, 0.4), ink.height, ink.width
    room = round(abs(shear) * h)
    leant = (1, shear, -(shear * h + room) / 2, 0, 1, 0)  # x of the upright ink from x and y of the leant
    sheared = ink.transform((w + room, h), Image.Transform.AFFINE, leant, Image.Resampling.BICUBIC)
    turned = sheared.rotate(rng.uniform(-12, 12), Image.Resampling.BICUBIC, expand=True)
    return _draw(turned, _plain_paper((turned.height, turned.width), rng), rng)


KINDS: Mapping[str, Callable[[list[Plane], np.random.Generator], Image.Image]] = {
    "touching by 2 px": draw_touching,
    "thick pen": draw_thick,
    "ruled paper, shadow": draw_ruled,
    "slant, rotation": draw_slanted,
}


def draw(kind: str, index: int, test: Dataset) -> tuple[Image.Image, str]:
    """One string, the same each time, and what it says."""
    rng = np.random.default_rng((SEED, list(KINDS).index(kind), index))
    chosen = rng.choice(len(test), int(rng.integers(3, 7)), replace=False)
    label = "".join(str(test.labels[place]) for place in chosen)
    return KINDS[kind]([_crop(test.images[place]) for place in chosen], rng), label


def read_kind(folder: Path, kind: str, n: int, test: Dataset, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The figures of each entrant on n strings of a kind, drawn into the folder."""
    pictures, paths = [], []
    for index in range(n):
        picture, label = draw(kind, index, test)
        paths.append(folder / _file_name(kind, index, label))
        picture.save(paths[-1])
        pictures.append(Picture(paths[-1].name, label, kind, is_inverted=False, notes=""))
    answers = ask_entrants(names, READERS, lambda entrant: [entrant.job(path, is_page=False) for path in paths])
    return {name: {"version": got.version, **score_pages(pictures, got)} for name, got in answers.items()}


def _file_name(kind: str, index: int, label: str) -> str:
    return f"{kind.replace(' ', '-')}-{index:03d}-{label}.png"


def show(folder: Path, n: int, test: Dataset) -> None:
    """Draws n strings of each kind into a folder."""
    for kind in KINDS:
        for index in range(n):
            picture, label = draw(kind, index, test)
            picture.save(folder / _file_name(kind, index, label))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=500, help="strings of each kind")
    parser.add_argument("--readers", nargs="+", choices=tuple(SECONDS), default=list(SECONDS))
    parser.add_argument("--detector", action="store_true", help="RapidOCR with its detector too, half an hour more")
    parser.add_argument("--show", type=Path, metavar="FOLDER", help="draw them there and read nothing")
    add_out(parser)
    return parser.parse_args()


def run(arguments: argparse.Namespace) -> None:
    """Draws, reads, prints and writes."""
    test = load_dataset("mnist", "test")
    if arguments.show:
        show(arguments.show, arguments.n, test)
        return
    readers, busy, detects = find_readers(arguments.readers), is_busy(), arguments.detector
    names = [name for name in (*NAMES, *(DETECTED if detects else ())) if ENTRANTS[name].reader in readers]
    each_s = sum(SECONDS[reader] for reader in readers) + DETECTOR_S * ("rapidocr" in readers and detects)
    print(f"about {math.ceil(len(KINDS) * arguments.n * each_s / 60)} min on two cores", file=sys.stderr)
    kinds = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            kinds[kind] = read_kind(Path(folder), kind, arguments.n, test, names)
            print_table(f"{kind} ({arguments.n} strings)", kinds[kind])
    told = {"date": datetime.now(UTC).date().isoformat(), "machine": describe_machine(), "busy": busy, "seed": SEED}
    write_figures({**told, "kinds": kinds}, arguments.out)


def main() -> None:
    """Does so, or tells in one line what is missing."""
    arguments = _parse()
    try:
        run(arguments)
    except InkdigitError as error:
        sys.exit(f"strings: {error}")


if __name__ == "__main__":
    main()
