"""Generated pages, strings, forms, signs and sheets, with held-out training digits: what choices are made by.

No digit of the test set and no stranger's picture has a say here. Pages are told as a user meets them, at the models'
own threshold; of all others nothing is refused, as in ``benchmarks/strings.py``, whose kinds the strings are.

usage: python -m benchmarks.held_out [--locator MODEL] [--model MODEL] [--pages 300] [--strings 200] [--data mnist]
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from benchmarks import desks, forms, slashes, strings

from inkdigit.calibrate import SIDES
from inkdigit.data.dataset import Dataset, load_dataset
from inkdigit.errors import InkdigitError
from inkdigit.evaluation.locating import Count
from inkdigit.evaluation.metrics import wilson_interval
from inkdigit.images import CLASSES
from inkdigit.locator import Findings
from inkdigit.preparation.load import PictureLike
from inkdigit.reading.reader import Reader
from inkdigit.reading.result import Reading
from inkdigit.reading.weights import DEFAULT, LOCATOR
from inkdigit.synthesis.pages import Pages
from inkdigit.synthesis.sheet import Page

SEED = 77
"""Of other pages than those that ``calibrate`` fits to."""


def draw_pages(digits: Dataset, n: int) -> Iterator[Page]:
    """Pages of the sizes that a reader is calibrated on, upright: a reader turns the others, and reads them."""
    each = [Pages(digits, side, seed=SEED, turned=0) for side in SIDES]
    return (each[number % len(each)][number] for number in range(n))


def count_pages(reader: Reader, pages: Iterator[Page]) -> tuple[int, Count]:
    """How many pages are wholly right, and the digits of all."""
    right, total = 0, Count()
    for page in pages:
        before = total.missed + total.extra
        total.add(page, told(reader.read(page.grey)))
        right += total.missed + total.extra == before
    return right, total


def told(reading: Reading) -> Findings:
    """The digits that a reading tells, as sure findings."""
    digits = [digit for line in reading.lines for digit in line.digits if not digit.refused]
    boxes = [(digit.box.x, digit.box.y, digit.box.width, digit.box.height) for digit in digits]
    scores = np.eye(CLASSES, dtype=np.float32)[[digit.value for digit in digits]]
    return Findings(np.array(boxes, np.float32).reshape(-1, 4), scores.reshape(-1, CLASSES))


def count_right(reader: Reader, drawn: Iterable[tuple[PictureLike, str]]) -> int:
    """How many pictures are wholly right, given what is written on each."""
    return sum(reader.read(picture, min_confidence=0).text == label for picture, label in drawn)


def _draw_all(digits: Dataset, n: int) -> Iterator[tuple[str, Iterator[tuple[PictureLike, str]]]]:
    """Yields the name of each kind of strings, forms, signs and sheets, and n of it."""
    for kind in strings.KINDS:
        yield kind, (strings.draw(kind, index, digits) for index in range(n))
    for kind, form in forms.KINDS.items():
        for boxes, name in ((True, form.description), (False, "the same digits, no boxes")):
            yield name, (forms.draw(kind, index, digits, boxes=boxes) for index in range(n))
    for name in slashes.KINDS:
        yield name, (slashes.draw(name, index, digits) for index in range(n))
    for desk, name in ((True, "a sheet on a desk"), (False, "the same sheet, no desk")):
        yield name, (desks.draw(index, digits, desk=desk) for index in range(n))


def _share(name: str, count: int, n: int) -> str:
    low, high = wilson_interval(count, n)
    return f"{name:<32}{count:>6} of {n:<6}{count / n:>7.1%}  ({low:.1%} to {high:.1%})"


def main(words: Sequence[str] | None = None) -> None:
    """Reads and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--locator", default=LOCATOR)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--pages", type=int, default=300, help="about four a second on one core")
    parser.add_argument(
        "--strings", type=int, default=200, help="of each kind, and of all others; about fifteen a second"
    )
    parser.add_argument("--data", default="mnist")
    arguments = parser.parse_args(words)
    try:
        digits = load_dataset(arguments.data, "validation")
        reader = Reader(arguments.model, locator=arguments.locator, threads=1)
        right, count = count_pages(reader, draw_pages(digits, arguments.pages))
        print(_share("pages wholly right", right, arguments.pages))
        print(f"their digits: {count.right} right, {count.missed} missed, {count.extra} too many", flush=True)
        for name, drawn in _draw_all(digits, arguments.strings):
            print(_share(name, count_right(reader, drawn), arguments.strings), flush=True)
    except InkdigitError as error:
        sys.exit(f"held_out: {error}")


if __name__ == "__main__":
    main()
