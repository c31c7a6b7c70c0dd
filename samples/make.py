"""Draws the sample pictures: digits as people write and photograph them, from strokes of our own.

``python samples/make.py [folder]`` writes the pictures and ``answers.csv`` beside this file, or into a folder;
each run writes the same pixels.
"""

import csv
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import PIL.ExifTags
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFilter
from numpy.typing import NDArray

Values: TypeAlias = NDArray[np.float64]

STROKES: Mapping[str, str] = {
    "0": "33,3 13,18 4,54 15,90 34,98 53,78 57,42 48,12 30,2 19,9",
    "1": "9,25 20,14 30,0 | 30,0 29,48 26,100",
    "2": "6,25 14,7 32,0 50,13 48,35 30,65 6,95 | 6,95 28,91 46,95 62,91",
    "3": "6,13 24,0 46,9 44,32 20,46 | 20,46 46,53 55,74 40,95 18,99 0,87",
    "4": "26,3 18,30 3,62 | 3,62 30,61 64,57 | 48,30 46,64 42,100",
    "5": "15,5 12,22 8,44 | 8,44 28,36 49,48 54,72 38,95 16,99 0,88 | 15,5 34,6 57,1",
    "6": "44,0 22,19 7,50 8,82 25,99 46,90 50,69 35,56 16,63 8,80",
    "7": "2,9 26,8 57,3 | 57,3 42,34 28,66 22,100",
    "8": "45,10 28,0 9,13 16,32 38,50 52,74 38,97 14,95 6,75 22,53 43,32 48,15 37,2",
    "9": "50,15 33,1 12,11 6,33 21,47 41,37 51,16 | 51,16 48,56 40,100",
}
"""The way of the pen: points x,y on a digit 100 high, origin top left; a bar turns a corner or lifts the pen."""

SUPERSAMPLING = 4


@dataclass(frozen=True)
class Hand:
    """How somebody writes; lengths are shares of a digit's height.

    Attributes:
        pen: width of the stroke.
        slant: how far the top leans to the right.
        wobble: how far the pen strays from the ideal way.
        gap: between two digits.
        drift: how much the height and the place of digits vary.
    """

    pen: float
    slant: float = 0.08
    wobble: float = 0.03
    gap: float = 0.28
    drift: float = 0.05


def write(rng: np.random.Generator, text: str, at: tuple[float, float], height: float, hand: Hand) -> list[Values]:
    """Writes a line of digits from its bottom left corner: curves (n, 3) of x, y and the pen's radius in pixels."""
    curves, x = [], at[0]
    for digit in text:
        size = height * (1 + hand.drift * rng.uniform(-1, 1))
        y = at[1] + height * hand.drift * rng.uniform(-1, 1)
        ways = _stray(rng, [_curve(points) for points in STROKES[digit].split("|")], hand)
        curves += [way * size + (x, y, 0) for way in ways]
        x = max(float(curve[:, 0].max()) for curve in curves) + height * hand.gap * rng.uniform(0.8, 1.2)
    return curves


def _curve(points: str) -> Values:
    """A smooth way (n, 2) through points, as Catmull and Rom draw it; height 1, origin bottom left."""
    through = np.array([point.split(",") for point in points.split()], float) / 100 - (0, 1)
    padded = np.vstack([2 * through[0] - through[1], through, 2 * through[-1] - through[-2]])
    t = np.linspace(0, 1, 64)[:, None]
    a, b, c, d = padded[:-3, None], padded[1:-2, None], padded[2:-1, None], padded[3:, None]
    way = b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return np.asarray(way.reshape(-1, 2), np.float64)


def _stray(rng: np.random.Generator, ways: list[Values], hand: Hand) -> list[Values]:
    """Leans a digit, bends it slowly and presses the pen unevenly; what met still meets."""
    bend, press = rng.uniform(-5, 5, (2, 2)), rng.uniform(-4, 4, 2)
    phase = rng.uniform(0, 2 * np.pi, 3)
    slant, breadth = hand.slant + rng.normal(0, 0.03), 1 + hand.drift * rng.uniform(-2, 2)
    strayed = []
    for way in ways:
        radius = hand.pen / 2 * (1 + 0.12 * np.sin(way @ press + phase[2]))
        bent = way + hand.wobble * np.sin(way @ bend + phase[:2])
        bent[:, 0] = breadth * bent[:, 0] - slant * way[:, 1]
        strayed.append(np.column_stack([bent, radius]))
    return strayed


def ink(curves: list[Values], width: int, height: int) -> Values:
    """How much of each pixel a round pen covers, (height, width), 0..1."""
    image = PIL.Image.new("L", (width * SUPERSAMPLING, height * SUPERSAMPLING))
    draw = PIL.ImageDraw.Draw(image)
    for x, y, radius in np.vstack(curves) * SUPERSAMPLING:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(image.reduce(SUPERSAMPLING), np.float64) / 255


def noise(rng: np.random.Generator, width: int, height: int, cell: float) -> Values:
    """Random values (height, width) about 0, smooth over ``cell`` pixels."""
    coarse = rng.normal(size=(round(height / cell) + 2, round(width / cell) + 2)).astype(np.float32)
    smooth = PIL.Image.fromarray(coarse).resize((width, height), PIL.Image.Resampling.BICUBIC)
    return np.asarray(smooth, np.float64)


def to_image(values: Values) -> PIL.Image.Image:
    """Grey (h, w) or coloured (h, w, 3) values of 0..255 as a picture."""
    return PIL.Image.fromarray(np.clip(np.round(values), 0, 255).astype(np.uint8))


def stain(paper: Values, cover: Values, colour: tuple[int, int, int]) -> Values:
    """Paper (h, w, 3) under a transparent ink that covers (h, w)."""
    return paper * (1 - cover[..., None] * (1 - np.array(colour) / 255))


def photograph(rng: np.random.Generator, sheet: Values, corners: tuple[float, ...], size: tuple[int, int]) -> Values:
    """A sheet (h, w, 3) as a telephone sees it: askew, a little soft, in uneven light and the taker's own shadow.

    ``corners`` are x, y of the part that is seen: upper left, lower left, lower right, upper right.
    """
    width, height = size
    turned = to_image(sheet).transform(size, PIL.Image.Transform.QUAD, corners, PIL.Image.Resampling.BICUBIC)
    seen = np.asarray(turned.filter(PIL.ImageFilter.GaussianBlur(0.8)), np.float64)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    edge = x + 0.7 * y - 1.15 + 0.05 * noise(rng, width, height, width / 3)
    shadow = 1 - 0.3 / (1 + np.exp(-edge / 0.03))
    light = (1.02 - 0.24 * ((x - 0.2) ** 2 + (y - 0.15) ** 2)) * shadow
    warmth = 1 + (shadow[..., None] - 0.9) * (0.12, 0.02, -0.12)  # a shadow outdoors is blue
    grain = 2.0 * noise(rng, width, height, 1.5) + 1.2 * noise(rng, width, height, 5)
    return np.asarray(seen * light[..., None] * warmth + grain[..., None], np.float64)


def seven() -> PIL.Image.Image:
    """Black felt pen on white."""
    curves = write(np.random.default_rng(7), "7", (115, 335), 265, Hand(pen=0.085))
    return to_image(255 - 240 * ink(curves, 400, 400))


def photo() -> PIL.Image.Image:
    """Blue ink on paper, photographed with the telephone held upright: its EXIF tag tells to turn it."""
    rng = np.random.default_rng(44)
    cover = ink(write(rng, "4", (280, 740), 430, Hand(pen=0.055)), 800, 1000)
    cover *= 0.88 + 0.06 * noise(rng, 800, 1000, 12)
    paper = np.full((1000, 800, 3), (236.0, 232.0, 222.0)) + 1.5 * noise(rng, 800, 1000, 4)[..., None]
    seen = photograph(rng, stain(paper, cover, (38, 52, 150)), (60, 40, 30, 950, 765, 970, 740, 25), (700, 900))
    return to_image(seen).transpose(PIL.Image.Transpose.ROTATE_90)


def chalk() -> PIL.Image.Image:
    """Chalk on a board that was wiped before."""
    rng = np.random.default_rng(3)
    cover = ink(write(rng, "3", (105, 325), 245, Hand(pen=0.09, slant=0.03)), 340, 400)
    soft = np.asarray(to_image(255 * cover).filter(PIL.ImageFilter.GaussianBlur(2.5)), np.float64) / 255
    crumbs = 0.2 * noise(rng, 340, 400, 2) + 0.1 * noise(rng, 340, 400, 6)
    smears = 5 * noise(rng, 340, 400, 90) + 3 * noise(rng, 340, 400, 25)
    board = np.full((400, 340, 3), (44.0, 62.0, 54.0)) + np.round(smears)[..., None]
    dust = np.clip(2.2 * (soft + crumbs * np.minimum(soft * 4, 1)) - 0.9, 0, 0.92)[..., None]
    return to_image(board * (1 - dust) + (236, 234, 226) * dust)


def transparent() -> PIL.Image.Image:
    """Black on nothing, as a drawing program saves it."""
    cover = ink(write(np.random.default_rng(5), "5", (95, 270), 215, Hand(pen=0.08)), 320, 320)
    black = PIL.Image.new("RGBA", (320, 320), (0, 0, 0, 0))
    black.putalpha(to_image(255 * cover))
    return black


def phone() -> PIL.Image.Image:
    """A telephone number on ruled paper, photographed."""
    rng = np.random.default_rng(176)
    hand = Hand(pen=0.075, slant=0.12, gap=0.3)
    curves = write(rng, "0176", (190, 378), 125, hand) + write(rng, "549823", (170, 618), 125, hand)
    paper = np.full((900, 1100, 3), (240.0, 239.0, 232.0))
    for y in range(60, 900, 80):
        paper[y : y + 2] = (188, 204, 222)
    cover = ink(curves, 1100, 900) * (0.9 + 0.05 * noise(rng, 1100, 900, 10))
    corners = (50, 95, 75, 815, 1060, 840, 1030, 70)
    return to_image(photograph(rng, stain(paper, cover, (34, 36, 52)), corners, (900, 675)))


def page() -> PIL.Image.Image:
    """Three lines of a scanned page."""
    rng = np.random.default_rng(2026)
    hand = Hand(pen=0.07, gap=0.3)
    lines = (("2026", 110, 175), ("314159", 95, 355), ("80", 125, 530))
    curves = [curve for text, x, y in lines for curve in write(rng, text, (x, y), 110, hand)]
    return to_image(stain(np.full((600, 760, 3), (252.0, 251.0, 247.0)), ink(curves, 760, 600), (22, 34, 92)))


def small() -> PIL.Image.Image:
    """Hardly larger than what the network sees, dark on light and off the centre."""
    curves = write(np.random.default_rng(2), "2", (4, 23), 18, Hand(pen=0.12))
    return to_image(238 - 190 * ink(curves, 30, 28))


SAMPLES: Mapping[str, tuple[Callable[[], PIL.Image.Image], str]] = {
    "chalk.png": (chalk, "3"),
    "page.png": (page, "2026\n314159\n80"),
    "phone.jpg": (phone, "0176\n549823"),
    "photo.jpg": (photo, "4"),
    "seven.png": (seven, "7"),
    "small.png": (small, "2"),
    "transparent.png": (transparent, "5"),
}
"""Each file: who draws it, and what it says."""


def make(folder: Path) -> None:
    """Writes all pictures, and ``answers.csv`` with a line's end as a backslash and an n."""
    folder.mkdir(parents=True, exist_ok=True)
    upright, turned = PIL.Image.Exif(), PIL.Image.Exif()
    turned[PIL.ExifTags.Base.Orientation] = 6  # to be turned clockwise by a quarter
    for name, (draw, _) in SAMPLES.items():
        exif = turned if draw is photo else upright
        draw().save(folder / name, optimize=True, quality=82, exif=exif)
    with (folder / "answers.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("file", "text"))
        table.writerows((name, text.replace("\n", "\\n")) for name, (_, text) in SAMPLES.items())


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
