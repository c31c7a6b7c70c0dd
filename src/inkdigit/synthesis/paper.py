"""Paper, light and camera: ink → the grey picture that somebody takes of it."""

import io
import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageDraw, ImageFilter

from inkdigit.images import Grey, Ink

Values: TypeAlias = NDArray[np.floating[Any]]
"""Floats (h, w)."""


def expose(ink: Ink, random: np.random.Generator, *, lines: Ink | None = None) -> Grey:
    """Ink on some paper in some light, photographed, scanned or drawn on a screen.

    Args:
        ink: float32 (h, w), 0..1.
        random: of all that may differ.
        lines: of the same shape, what is printed on the paper or lies on it.

    Returns:
        uint8 (h, w), dark on light or light on dark.
    """
    kind = random.choice(["photo", "screen", "scan", "chalk"], p=[0.6, 0.18, 0.12, 0.1])
    return _KINDS[kind](ink, np.zeros_like(ink) if lines is None else lines, random)


def _photo(ink: Ink, lines: Ink, random: np.random.Generator) -> Grey:
    """Paper of any grey in uneven light, pens of any depth, blur, noise."""
    paper = random.uniform(110, 250) if random.uniform() < 0.8 else random.uniform(60, 160)
    lit = paper * _light(ink.shape, random)
    depth = random.uniform(0.25, 0.95) if random.uniform() < 0.8 else random.uniform(0.12, 0.3)
    share = depth * _texture(ink, random)
    printed = random.uniform(0.08, 0.7) * depth
    picture = lit * (1 - share) * (1 - printed * lines)
    if random.uniform() < 0.12:
        picture = 255 - picture
    return _take(picture, random)


def _screen(ink: Ink, lines: Ink, random: np.random.Generator) -> Grey:
    """Even ground and ink, as from a drawing program; often white on black, sometimes pale on pale."""
    ground, pen = (0.0, 255.0) if random.uniform() < 0.4 else (255.0, 0.0)
    if random.uniform() < 0.4:
        ground = random.uniform(0, 255)
        pen = ground + random.choice([-1, 1]) * random.uniform(60, 255)
        pen = min(max(pen, 0.0), 255.0) if abs(min(max(pen, 0.0), 255.0) - ground) >= 50 else 255.0 - ground
    picture = ground + (pen - ground) * np.maximum(ink, 0.6 * lines)
    return _levels(picture) if random.uniform() < 0.6 else _take(picture, random)


def _scan(ink: Ink, lines: Ink, random: np.random.Generator) -> Grey:
    """Black and white by a threshold, dirt included."""
    noise = random.normal(0, random.uniform(0.02, 0.2), ink.shape).astype(np.float32)
    if random.uniform() < 0.5:
        noise = _blur(noise, random.uniform(0.5, 1.2))
    picture = 255.0 * (np.maximum(ink, random.uniform(0.2, 0.8) * lines) + noise < random.uniform(0.35, 0.6))
    if random.uniform() < 0.3:
        picture = 255 - picture
    return _levels(picture if random.uniform() < 0.5 else _blur(picture.astype(np.float32), random.uniform(0.3, 0.8)))


def _chalk(ink: Ink, lines: Ink, random: np.random.Generator) -> Grey:
    """Bright dust on a dark, smeared board."""
    board = random.uniform(15, 110) * _light(ink.shape, random)
    board = board + random.uniform(0, 25) * field_of(ink.shape, int(random.integers(4, 30)), random)
    dust = np.clip(random.normal(random.uniform(0.6, 1), random.uniform(0.05, 0.45), ink.shape), 0, 1)
    bright = random.uniform(60, 180)
    return _take(board + bright * (ink * dust + 0.4 * lines), random)


_KINDS: dict[str, Callable[[Ink, Ink, np.random.Generator], Grey]] = {
    "photo": _photo,
    "screen": _screen,
    "scan": _scan,
    "chalk": _chalk,
}


def rule(shape: tuple[int, int], random: np.random.Generator) -> Ink:
    """Printed lines: ruled, squared, dotted, a margin, or the edge of a frame."""
    height, width = shape
    canvas = PIL.Image.new("L", (2 * width, 2 * height))
    draw = ImageDraw.Draw(canvas)
    step, first = random.uniform(14, 90), random.uniform(0, 40)
    tilt = random.normal(0, 0.03) * 2 * width
    pen = int(random.integers(1, 5))
    kind = random.choice(["ruled", "squared", "dotted", "frame"], p=[0.4, 0.3, 0.06, 0.24])
    if kind == "frame":
        left, top = random.uniform(-0.4, 0.3, 2)
        right, bottom = left + random.uniform(0.4, 1.3), top + random.uniform(0.3, 1.3)
        box = (left * 2 * width, top * 2 * height, right * 2 * width, bottom * 2 * height)
        draw.rectangle(box, outline=255, width=pen + 1)
    else:
        for y in np.arange(2 * first, 2 * height + abs(tilt), 2 * step):
            draw.line((0, y, 2 * width, y + tilt), fill=255, width=pen)
        if kind == "squared":
            for x in np.arange(2 * random.uniform(0, step), 2 * width + abs(tilt), 2 * step):
                draw.line((x, 0, x - tilt * height / width, 2 * height), fill=255, width=pen)
        if kind == "dotted":
            gaps = np.arange(2 * width) % (int(random.integers(6, 24))) > 4
            return _to_ink(canvas) * ~gaps[::2]
    return _to_ink(canvas)


def _to_ink(canvas: PIL.Image.Image) -> Ink:
    """A drawing at twice the size, 0 to 255 → float32 (h, w), 0..1."""
    return np.asarray(np.asarray(canvas.reduce(2), np.float32) / 255, np.float32)


def _light(shape: tuple[int, ...], random: np.random.Generator) -> Values:
    """Light that falls off across the picture, and sometimes the edge of a shadow."""
    light = 1 + random.uniform(0, 0.35) * field_of(shape, 3, random)
    if random.uniform() < 0.25:
        light *= 1 - random.uniform(0.15, 0.65) * _edge(shape, random)
    if random.uniform() < 0.12:  # another sheet, a desk, the frame of a screen
        light *= random.choice([random.uniform(0.2, 0.8), random.uniform(1.1, 1.6)]) ** _edge(shape, random, sharp=True)
    return light.astype(np.float32)


def _edge(shape: tuple[int, ...], random: np.random.Generator, *, sharp: bool = False) -> Values:
    """1 on one side of a line through the picture, 0 on the other."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    angle = random.uniform(0, 2 * math.pi)
    reach = random.uniform(0.15 if not sharp else 0.3, 0.5) * min(shape)
    along = (x - shape[1] / 2) * math.cos(angle) + (y - shape[0] / 2) * math.sin(angle) - reach
    width = random.uniform(0.5, 1.5) if sharp else random.uniform(1, 20)
    return np.asarray(np.clip(along / width + 0.5, 0, 1), np.float32)


def _texture(ink: Ink, random: np.random.Generator) -> Values:
    """Ink as pencil, ballpoint or felt pen lay it down."""
    roughness = random.choice([0.0, random.uniform(0, 0.25), random.uniform(0.2, 0.6)], p=[0.5, 0.3, 0.2])
    if not roughness:
        return ink
    grain = random.normal(0, 1, ink.shape).astype(np.float32)
    if random.uniform() < 0.5:
        grain = 2.5 * _blur(grain, 1)
    laid: Values = np.clip(ink * (1 + roughness * (grain - 0.5)), 0, 1)
    return laid


def field_of(shape: tuple[int, ...], knots: int, random: np.random.Generator) -> Values:
    """Smooth values in about -1 to 1."""
    coarse = PIL.Image.fromarray(random.uniform(-1, 1, (knots, knots)).astype(np.float32))
    return np.asarray(coarse.resize((shape[1], shape[0]), PIL.Image.Resampling.BICUBIC))


def _blur(values: Values, radius: float) -> Values:
    """A Gaussian blur, of a few pixels."""
    reach = max(1, math.ceil(2.5 * radius))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / radius) ** 2)
    kernel = (kernel / kernel.sum()).astype(np.float32)
    for axis in (0, 1):
        padded = np.pad(values, [(reach, reach) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis)
        values = np.asarray(windows @ kernel)
    return values


def _take(picture: Values, random: np.random.Generator) -> Grey:
    """Lens, sensor and file: blur, noise, sharpening, few pixels, JPEG."""
    image = PIL.Image.fromarray(_levels(picture))
    if random.uniform() < 0.5:
        image = image.filter(
            ImageFilter.GaussianBlur(float(random.choice([random.uniform(0.2, 0.8), random.uniform(0.6, 1.6)])))
        )
    if random.uniform() < 0.08:
        small = (round(image.width * (share := random.uniform(0.4, 0.8))), round(image.height * share))
        image = image.resize(small, PIL.Image.Resampling.BOX).resize(
            image.size, PIL.Image.Resampling(int(random.integers(0, 4)))
        )
    if random.uniform() < 0.6:
        noise = random.normal(0, random.choice([random.uniform(0.5, 5), random.uniform(3, 10)]), picture.shape)
        image = PIL.Image.fromarray(_levels(np.asarray(image, np.float32) + noise.astype(np.float32)))
    if random.uniform() < 0.1:
        image = image.filter(ImageFilter.UnsharpMask(1.5, int(random.integers(50, 200)), 2))
    if random.uniform() < 0.25:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=int(random.integers(15, 80)))
        image = PIL.Image.open(buffer)
    return np.asarray(image)


def _levels(picture: Values) -> Grey:
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
