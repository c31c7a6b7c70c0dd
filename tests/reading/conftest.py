"""Pictures of bars, a locator that finds them, and explanations made by hand."""

from collections.abc import Callable, Sequence

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from inkdigit.images import CLASSES, SIZE
from inkdigit.locator import Findings, Locator
from inkdigit.preparation.box import Box
from inkdigit.reading.explain import Explanation
from inkdigit.reading.result import Candidate, Digit, Guess, Line, Reading

Page = NDArray[np.uint8]


@pytest.fixture
def draw_page() -> Callable[..., Page]:
    """Draws black bars on white."""

    def draw(*boxes: Box, width: int = 400, height: int = 300) -> Page:
        page = np.full((height, width), 255, np.uint8)
        for box in boxes:
            page[box.y : box.y + box.height, box.x : box.x + box.width] = 0
        return page

    return draw


@pytest.fixture
def find_blobs() -> Locator:
    """A locator that takes every dark piece of 12 to 110 pixels for a 7, as it does at any scale."""

    def find(page: Page) -> Findings:
        pieces = ndimage.find_objects(ndimage.label(page < 128, np.ones((3, 3)))[0])
        boxes = [(x.start, y.start, x.stop - x.start, y.stop - y.start) for y, x in pieces]
        seen = [box for box in boxes if 12 <= max(box[2:]) <= 110]
        scores = np.full((len(seen), CLASSES), 0.01, np.float32)
        scores[:, 7] = 0.95
        return Findings(np.array(seen, np.float32).reshape(-1, 4), scores)

    return find


@pytest.fixture
def make_explanation(draw_page: Callable[..., Page]) -> Callable[..., Explanation]:
    """Makes the explanation of a page of bars that was read as the given lines."""

    def make(*lines: Sequence[Digit], source: str = "page.png", width: int = 400, height: int = 300) -> Explanation:
        digits = [digit for line in lines for digit in line]
        grey = draw_page(*(digit.box for digit in digits), width=width, height=height)
        random = np.random.default_rng(0)
        images = random.integers(0, 256, (len(digits), SIZE, SIZE), dtype=np.uint8)
        read = tuple(_line(line) for line in lines)
        reading = Reading(source, width, height, "\n".join(line.text for line in read), read)
        ink = np.asarray(1 - grey / 255, np.float32)
        return Explanation(reading, PIL.Image.fromarray(grey).convert("RGB"), grey, ink, images)

    return make


@pytest.fixture
def make_digit() -> Callable[..., Digit]:
    """Makes a digit, refused if a reason is given."""

    def make(value: int = 7, box: Box | None = None, *, reason: str | None = None, confidence: float = 0.9) -> Digit:
        guesses = (Guess(value, confidence), Guess((value + 1) % 10, round(1 - confidence, 6)))
        place = box or Box(20, 30, 40, 60)
        sure = reason is None and confidence >= 0.9
        return Digit(value, confidence, place, sure, reason not in (None, "rule"), reason, guesses)  # type: ignore[arg-type]

    return make


def _line(digits: Sequence[Digit]) -> Line:
    text = "".join(digit.text for digit in digits)
    return Line(text, (Candidate("".join(str(digit.value) for digit in digits), 0.5),), tuple(digits))
