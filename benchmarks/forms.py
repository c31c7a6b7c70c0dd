"""Held-out digits in printed boxes, as on a form, and the same digits on plain paper: does a box do harm?"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from inkdigit.data.dataset import Dataset
from inkdigit.images import Grey
from inkdigit.synthesis.hand import make_hand, write_digit

SEED = 20_261_201
FINE = 2
"""Boxes are drawn this many times as large, and reduced: their lines have soft edges."""


@dataclass(frozen=True)
class Boxes:
    """How boxes are put together.

    Attributes:
        description: of one line.
        rows: the fewest and the most.
        columns: likewise.
        gap: the most room between two boxes, as a share of their height; 0 where they share sides.
        empty: the share of boxes in which nothing is written.
    """

    description: str
    rows: tuple[int, int] = (1, 1)
    columns: tuple[int, int] = (3, 8)
    gap: float = 0.0
    empty: float = 0.0


KINDS: Mapping[str, Boxes] = {
    "comb": Boxes("boxes that share sides"),
    "separate": Boxes("boxes side by side", gap=0.5),
    "table": Boxes("a table, a quarter of it empty", rows=(2, 4), columns=(2, 5), empty=0.25),
    "lone": Boxes("one box", columns=(1, 1)),
}


def draw(kind: str, index: int, digits: Dataset, *, boxes: bool = True) -> tuple[Grey, str]:
    """A form, uint8 (h, w), and what is written on it, line by line; with or without its boxes, all else alike.

    Pens, sizes, lines from hairline to bold and from grey to black, light and noise vary; digits leave their box at
    times; the form is turned by about a degree.
    """
    random = np.random.default_rng((SEED, list(KINDS).index(kind), index))
    form = KINDS[kind]
    rows, columns = (int(random.integers(low, high + 1)) for low, high in (form.rows, form.columns))
    height = int(random.uniform(40, 130))
    width, margin = int(height * random.uniform(0.75, 1.1)), int(height * random.uniform(0.3, 1))
    step = width + int(height * random.uniform(0.08, max(form.gap, 0.08))) * bool(form.gap)
    paper, ink = random.uniform(200, 255), random.uniform(10, 90)
    line, pen = paper * random.choice([0.1, 0.3, 0.5, 0.7, 0.85]), height * random.choice([1, 1.5, 2, 3, 4]) / 90
    sheet = Image.new("L", ((columns * step + 2 * margin) * FINE, (rows * height + 2 * margin) * FINE), round(paper))
    hand, size, label, written = make_hand(random), height * random.uniform(0.5, 0.78), [], []
    for row in range(rows):
        text = ""
        for column in range(columns):
            x, y = margin + column * step, margin + row * height
            if boxes:
                edges = (x * FINE, y * FINE, (x + width) * FINE, (y + height) * FINE)
                ImageDraw.Draw(sheet).rectangle(edges, outline=round(line), width=max(1, round(pen * FINE)))
            if random.uniform() >= form.empty:
                chosen = int(random.integers(len(digits)))
                text += str(digits.labels[chosen])
                digit = write_digit(digits.images[chosen], size, hand, random)
                left, top = np.array([x, y]) + (np.array([width, height]) - digit.shape[::-1]) / 2
                written.append((digit, left + random.normal(0, 0.05) * height, top + random.normal(0, 0.05) * height))
        label += [text] if text else []
    plain = np.asarray(sheet.reduce(FINE), np.float32).copy()
    for digit, left, top in written:
        x, y = max(0, int(left)), max(0, int(top))
        part = plain[y : y + digit.shape[0], x : x + digit.shape[1]]
        share = digit[: part.shape[0], : part.shape[1]].astype(np.float32) / 255
        np.minimum(part, part * (1 - share) + ink * share, out=part)
    turned = Image.fromarray(plain.astype(np.uint8)).rotate(
        random.normal(0, 1.2), Image.Resampling.BICUBIC, fillcolor=round(paper)
    )
    light = np.linspace(1, random.uniform(0.75, 1), turned.width)
    noisy = np.asarray(turned) * light + random.normal(0, random.choice([0, 2, 4]), plain.shape)
    return np.asarray(np.clip(noisy, 0, 255), np.uint8), "\n".join(label)
