"""What stands among digits and is none: strokes, signs, letters and symbols."""

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
import PIL.Image
from PIL import ImageDraw, ImageFilter, ImageFont

from inkdigit.images import Grey

Line: TypeAlias = Sequence[tuple[float, float]]
"""A stroke through points x, y in the unit square, y downwards."""

FONTS = (
    "DejaVuSans", "DejaVuSans-Oblique", "DejaVuSans-Bold", "DejaVuSerif", "DejaVuSerif-Italic", "DejaVuSansMono",
    "cmr10", "STIXGeneral", "STIXGeneralItalic",
)  # fmt: skip
"""The fonts of letters, which come with matplotlib: only training needs them."""

LETTERS = "AaCcdEeFfHhKkLMmNnPpRrtUuVvWwXx"
"""Letters that no digit looks like: O, l, I, S, Z, B, q and their kin are left out."""

SYMBOLS = "αγελμπφωΔΠΣΨΩ@#%?€£¥©★☺→←↑↓∞∫√≈≠≤≥±∑♥♣♪"
SYMBOL_FONT = "DejaVuSans"

SIGNS: dict[str, tuple[Line, ...]] = {
    "+": (((0, 0.5), (1, 0.5)), ((0.5, 0), (0.5, 1))),
    "-": (((0, 0.5), (1, 0.5)),),
    "=": (((0, 0.32), (1, 0.32)), ((0, 0.68), (1, 0.68))),
    "x": (((0.1, 0.1), (0.9, 0.9)), ((0.9, 0.1), (0.1, 0.9))),
    "(": (((0.65, 0), (0.42, 0.25), (0.35, 0.5), (0.42, 0.75), (0.65, 1)),),
    ")": (((0.35, 0), (0.58, 0.25), (0.65, 0.5), (0.58, 0.75), (0.35, 1)),),
    "[": (((0.65, 0), (0.4, 0), (0.4, 1), (0.65, 1)),),
    "]": (((0.35, 0), (0.6, 0), (0.6, 1), (0.35, 1)),),
    "<": (((0.8, 0.15), (0.2, 0.5), (0.8, 0.85)),),
    ">": (((0.2, 0.15), (0.8, 0.5), (0.2, 0.85)),),
    ".": (((0.48, 0.95), (0.52, 1)),),
    ",": (((0.52, 0.9), (0.5, 1.02), (0.42, 1.15)),),
    ":": (((0.49, 0.35), (0.51, 0.37)), ((0.49, 0.8), (0.51, 0.82))),
    "÷": (((0.1, 0.5), (0.9, 0.5)), ((0.49, 0.2), (0.51, 0.22)), ((0.49, 0.78), (0.51, 0.8))),
    "±": (((0.1, 0.4), (0.9, 0.4)), ((0.5, 0.05), (0.5, 0.75)), ((0.1, 0.95), (0.9, 0.95))),
    "tick": (((0, 0.6), (0.3, 0.95), (1, 0.05)),),
    "arrow": (((0, 0.5), (1, 0.5)), ((0.7, 0.25), (1, 0.5), (0.7, 0.75))),
    "^": (((0.15, 0.7), (0.5, 0.2), (0.85, 0.7)),),
    "~": (((0, 0.6), (0.15, 0.42), (0.3, 0.4), (0.5, 0.52), (0.7, 0.62), (0.85, 0.6), (1, 0.42)),),
    "≠": (((0, 0.32), (1, 0.32)), ((0, 0.68), (1, 0.68)), ((0.75, 0.02), (0.3, 0.98))),
    "¬": (((0, 0.4), (1, 0.4), (1, 0.7)),),
    "∈": (((0.9, 0.08), (0.45, 0.12), (0.18, 0.3), (0.1, 0.5), (0.18, 0.7), (0.45, 0.88), (0.9, 0.92)),
          ((0.1, 0.5), (0.85, 0.5))),
    "∀": (((0.05, 0.05), (0.5, 0.95), (0.95, 0.05)), ((0.22, 0.4), (0.78, 0.4))),
    "∫": (((0.88, 0.12), (0.76, 0.02), (0.6, 0.1), (0.52, 0.4), (0.46, 0.65), (0.38, 0.92), (0.22, 1), (0.1, 0.9)),),
    "∑": (((0.9, 0.05), (0.1, 0.05), (0.55, 0.5), (0.1, 0.95), (0.9, 0.95)),),
    "∇": (((0.05, 0.05), (0.95, 0.05), (0.5, 0.95), (0.05, 0.05)),),
    "∠": (((0.9, 0.1), (0.1, 0.9), (1, 0.9)),),
    "∪": (((0.1, 0.05), (0.12, 0.6), (0.3, 0.92), (0.7, 0.92), (0.88, 0.6), (0.9, 0.05)),),
    "∩": (((0.1, 0.95), (0.12, 0.4), (0.3, 0.08), (0.7, 0.08), (0.88, 0.4), (0.9, 0.95)),),
    "⊂": (((0.95, 0.1), (0.4, 0.1), (0.1, 0.3), (0.05, 0.5), (0.1, 0.7), (0.4, 0.9), (0.95, 0.9)),),
    "⊃": (((0.05, 0.1), (0.6, 0.1), (0.9, 0.3), (0.95, 0.5), (0.9, 0.7), (0.6, 0.9), (0.05, 0.9)),),
    "⇒": (((0, 0.35), (0.8, 0.35)), ((0, 0.65), (0.8, 0.65)), ((0.6, 0.1), (1, 0.5), (0.6, 0.9))),
    "Γ": (((0.15, 1), (0.15, 0.05), (0.9, 0.05)),),
    "α": (((0.95, 0.1), (0.75, 0.55), (0.5, 0.85), (0.25, 0.9), (0.08, 0.7), (0.08, 0.4), (0.25, 0.15), (0.5, 0.2),
           (0.7, 0.5), (0.82, 0.8), (1, 0.9)),),
    "γ": (((0.05, 0.1), (0.3, 0.15), (0.5, 0.55), (0.52, 0.9), (0.42, 1), (0.36, 0.85), (0.5, 0.5), (0.92, 0.05)),),
    "ε": (((0.85, 0.15), (0.5, 0.05), (0.2, 0.2), (0.3, 0.42), (0.6, 0.47), (0.25, 0.52), (0.1, 0.75), (0.35, 0.95),
           (0.9, 0.85)),),
    "λ": (((0.1, 0.05), (0.3, 0.05), (0.9, 0.95)), ((0.5, 0.42), (0.1, 0.95))),
    "μ": (((0.1, 1), (0.2, 0.1)), ((0.17, 0.45), (0.25, 0.65), (0.5, 0.65), (0.7, 0.45), (0.75, 0.1)),
          ((0.73, 0.4), (0.8, 0.65), (0.95, 0.6))),
    "π": (((0, 0.2), (0.2, 0.1), (1, 0.1)), ((0.3, 0.1), (0.2, 0.95)), ((0.72, 0.1), (0.72, 0.85), (0.9, 0.9))),
    "φ": (((0.5, 0.28), (0.2, 0.35), (0.1, 0.52), (0.2, 0.7), (0.5, 0.76), (0.8, 0.7), (0.9, 0.52), (0.8, 0.35),
           (0.5, 0.28)), ((0.52, 0), (0.48, 1))),
    "ψ": (((0.05, 0.2), (0.15, 0.6), (0.5, 0.7), (0.85, 0.6), (0.95, 0.2)), ((0.5, 0), (0.5, 1))),
    "ω": (((0.15, 0.2), (0.02, 0.5), (0.1, 0.85), (0.3, 0.88), (0.48, 0.6), (0.5, 0.45), (0.52, 0.6), (0.7, 0.88),
           (0.9, 0.85), (0.98, 0.5), (0.85, 0.2)),),
    "A": (((0.05, 1), (0.5, 0), (0.95, 1)), ((0.2, 0.62), (0.8, 0.62))),
    "E": (((0.85, 0.05), (0.12, 0.05), (0.12, 0.95), (0.88, 0.95)), ((0.12, 0.5), (0.75, 0.5))),
    "F": (((0.2, 1), (0.2, 0.05)), ((0.2, 0.05), (0.95, 0.05)), ((0.2, 0.48), (0.75, 0.48))),
    "H": (((0.1, 0), (0.1, 1)), ((0.9, 0), (0.9, 1)), ((0.1, 0.5), (0.9, 0.5))),
    "K": (((0.15, 0), (0.15, 1)), ((0.9, 0.05), (0.18, 0.55), (0.95, 1))),
    "M": (((0.02, 1), (0.15, 0), (0.5, 0.65), (0.85, 0), (0.98, 1)),),
    "N": (((0.1, 1), (0.12, 0), (0.88, 1), (0.9, 0)),),
    "R": (((0.2, 0), (0.2, 1)), ((0.2, 0.02), (0.55, 0), (0.8, 0.12), (0.82, 0.35), (0.6, 0.48), (0.22, 0.52)),
          ((0.4, 0.52), (0.95, 1))),
    "W": (((0.02, 0), (0.25, 1), (0.5, 0.3), (0.75, 1), (0.98, 0)),),
    "n": (((0.1, 0.1), (0.1, 1)), ((0.1, 0.5), (0.35, 0.15), (0.65, 0.15), (0.85, 0.45), (0.88, 1))),
    "#": (((0.35, 0), (0.25, 1)), ((0.75, 0), (0.65, 1)), ((0, 0.33), (1, 0.33)), ((0, 0.67), (1, 0.67))),
    "zigzag": (((0, 0.75), (0.25, 0.25), (0.5, 0.75), (0.75, 0.25), (1, 0.75)),),
    "heart": (((0.5, 0.95), (0.1, 0.5), (0.05, 0.25), (0.25, 0.08), (0.5, 0.3), (0.75, 0.08), (0.95, 0.25), (0.9, 0.5),
               (0.5, 0.95)),),
    "star": (((0.5, 0), (0.8, 0.95), (0.02, 0.35)), ((0.02, 0.35), (0.98, 0.35), (0.2, 0.95), (0.5, 0))),
    "back": (((1, 0.5), (0, 0.5)), ((0.3, 0.25), (0, 0.5), (0.3, 0.75))),
    "*": (((0.1, 0.5), (0.9, 0.5)), ((0.3, 0.15), (0.7, 0.85)), ((0.7, 0.15), (0.3, 0.85))),
    "v": (((0.1, 0.1), (0.5, 0.9), (0.9, 0.1)),),
    "triangle": (((0.5, 0.05), (0.95, 0.95), (0.05, 0.95), (0.5, 0.05)),),
    "root": (((0, 0.6), (0.12, 0.5), (0.28, 0.95), (0.45, 0.05), (1, 0.05)),),
    "∧": (((0.08, 1), (0.5, 0), (0.92, 1)),),
    "∃": (((0.1, 0.1), (0.85, 0.05)), ((0.85, 0.05), (0.88, 0.95), (0.08, 0.92)), ((0.2, 0.5), (0.85, 0.5))),
    "α, its tail up": (((0.7, 0.05), (0.6, 0.5), (0.42, 0.88), (0.18, 0.92), (0.04, 0.68), (0.1, 0.4), (0.28, 0.25),
                        (0.45, 0.38), (0.58, 0.7), (0.72, 0.85), (1, 0.2)),),
    "α, open": (((0.12, 0.2), (0.35, 0.12), (0.52, 0.5), (0.3, 0.88), (0.05, 0.85), (0.15, 0.62), (0.55, 0.7),
                 (1, 0.1)),),
    "ε, curled": (((0.8, 0.2), (0.72, 0.02), (0.4, 0.05), (0.22, 0.25), (0.35, 0.42), (0.68, 0.45), (0.25, 0.5),
                   (0.05, 0.75), (0.2, 0.97), (0.6, 0.98), (0.95, 0.72)),),
    "f": (((0.9, 0.15), (0.75, 0), (0.55, 0.05), (0.5, 0.3), (0.5, 0.7), (0.48, 1)), ((0.15, 0.45), (0.85, 0.42))),
    "h": (((0.15, 0), (0.15, 1)), ((0.15, 0.65), (0.4, 0.45), (0.65, 0.45), (0.8, 0.6), (0.82, 0.8), (0.85, 1))),
    "k": (((0.2, 0), (0.2, 1)), ((0.8, 0.42), (0.22, 0.7), (0.85, 1))),
    "%": (((0.85, 0.05), (0.15, 0.95)), ((0.2, 0.1), (0.3, 0.2), (0.2, 0.3), (0.1, 0.2), (0.2, 0.1)),
          ((0.8, 0.7), (0.9, 0.8), (0.8, 0.9), (0.7, 0.8), (0.8, 0.7))),
}  # fmt: skip
"""Signs, Greek letters, and letters that no digit looks like, by name, as a pen draws them."""


CORNERS = 5
"""A stroke through more points than this is a curve."""

NARROWEST = 0.42
"""Least width of a sign, as a share of its height: a narrower A is a 9, a narrower ∧ a 1."""

WARP = 0.06
"""Deviation by which parts of a sign differ in size or slant, as a share of its height."""


def draw_sign(name: str, height: float, pen: float, random: np.random.Generator) -> Grey:
    """A sign of ``SIGNS`` as a hand draws it: uint8 (h, w), 255 ink; height and pen in pixels."""
    angle, slant = random.normal(0, 0.1), random.normal(0, 0.15)
    width = height * max(NARROWEST, math.exp(random.normal(-0.2, 0.35)))
    warp = random.normal(0, WARP, (3, 2))
    strokes = []
    for line in SIGNS[name]:
        points = np.array(line) + random.normal(0, 0.035, (len(line), 2)) - 0.5
        x, y = 2 * points.T
        points = _reach(points + np.stack([x * x - 0.5, x * y, y * y - 0.5], 1) @ warp, random)
        x, y = points[:, 0] * width - slant * points[:, 1] * height, points[:, 1] * height
        turned = np.stack([x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)], 1)
        strokes.append(_smooth(turned) if len(line) > CORNERS else _bend(turned, random.normal(0, 0.05)))
    return draw_strokes(strokes, pen)


def draw_scribble(height: float, pen: float, random: np.random.Generator) -> Grey:
    """A stroke that wanders: uint8 (h, w), 255 ink."""
    turns = int(random.integers(7, 16))
    points = random.uniform(-0.5, 0.5, (turns, 2)) * height * random.uniform(0.4, 1.3, 2)
    return draw_strokes([_smooth(points)], pen)


def draw_strokes(strokes: Sequence[Sequence[tuple[float, float]]], pen: float) -> Grey:
    """Strokes through points x, y in pixels, anywhere, with a round pen → uint8 (h, w) that just holds them."""
    points = np.concatenate([np.asarray(stroke, np.float64).reshape(-1, 2) for stroke in strokes])
    margin = pen / 2 + 1
    low = points.min(0) - margin
    width, height = np.ceil(points.max(0) + margin - low).astype(int)
    canvas = PIL.Image.new("L", (2 * int(width), 2 * int(height)))
    draw = ImageDraw.Draw(canvas)
    radius = pen
    for stroke in strokes:
        line = [(float(x), float(y)) for x, y in 2 * (np.asarray(stroke) - low)]
        draw.line(line, fill=255, width=max(1, round(2 * pen)), joint="curve")
        for x, y in (line[0], line[-1]):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(canvas.reduce(2))


def draw_letters(text: str, height: float, random: np.random.Generator, font: str | None = None) -> Grey:
    """Letters or symbols from a font, bent as a hand would: uint8 (h, w), 255 ink."""
    face = _open_font(font or str(random.choice(FONTS)), 40)
    left, top, right, bottom = face.getbbox(text)
    canvas = PIL.Image.new("L", (int(right - left) + 12, int(bottom - top) + 12))
    ImageDraw.Draw(canvas).text((6 - left, 6 - top), text, fill=255, font=face)
    scale = height / 30
    width = max(3, round(canvas.width * scale * math.exp(random.normal(0, 0.12))))
    slant = random.normal(0, 0.2) * canvas.height / canvas.width
    corners = np.array([[slant, 0], [0, 1], [1 - slant, 1], [1, 0]]) + random.normal(0, 0.05, (4, 2))
    quad = (corners * (canvas.width, canvas.height)).ravel()
    size = (width, max(3, round(canvas.height * scale)))
    bent = canvas.filter(ImageFilter.GaussianBlur(random.uniform(0.3, 1.6))).transform(
        size, PIL.Image.Transform.QUAD, tuple(float(value) for value in quad), PIL.Image.Resampling.BICUBIC
    )
    level, span = random.uniform(50, 150), random.uniform(40, 90)
    return np.asarray(bent.point([round(255 * min(max((v - level) / span + 0.5, 0), 1)) for v in range(256)]))


@lru_cache
def _open_font(name: str, size: int) -> ImageFont.FreeTypeFont:
    import matplotlib  # noqa: PLC0415 -- it brings the fonts, and takes half a second

    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf", size)


def _reach(points: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A stroke whose ends fall short of where they should be, or overshoot it."""
    first, last = np.exp(random.normal(0, 0.2, 2))
    points[0] = points[1] + first * (points[0] - points[1])
    points[-1] = points[-2] + last * (points[-1] - points[-2])
    return points


def _bend(points: np.ndarray, depth: float) -> list[tuple[float, float]]:
    """A stroke whose segments are bowed to this depth, as a share of their length."""
    bent: list[tuple[float, float]] = []
    for start, end in pairwise(points):
        across = np.array([start[1] - end[1], end[0] - start[0]])
        shares = np.linspace(0, 1, 6)[:, None]
        bow = start + shares * (end - start) + 4 * shares * (1 - shares) * depth * across
        bent += [(float(x), float(y)) for x, y in bow]
    return bent


def _smooth(points: np.ndarray) -> list[tuple[float, float]]:
    """A curve near the points, from the first to the last: each corner cut off, three times (Chaikin 1974)."""
    for _ in range(3):
        cut = np.concatenate([0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]], 1)
        points = np.concatenate([points[:1], cut.reshape(-1, 2), points[-1:]])
    return [(float(x), float(y)) for x, y in points]
