"""The paper of the pictures: small pictures with words below them, side by side."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageDraw, ImageFont

from inkdigit.files import write_atomic
from inkdigit.images import Ink
from inkdigit.preparation.box import Box

PAPER, TEXT, GROUND = (255, 255, 255), (30, 30, 30), (225, 225, 225)
BLUE, VERMILION, GREEN = (0, 114, 178), (213, 94, 0), (0, 158, 115)
"""Of Okabe and Ito, told apart by colour-blind eyes."""

GAP, LETTER = 8, 13
"""Pixels between two pictures, and the height of words."""

QUALITY = 82
"""Of JPEG."""


def to_picture(values: NDArray[Any]) -> PIL.Image.Image:
    """Grey values (h, w) as a picture in colours, on which one can draw."""
    return PIL.Image.fromarray(np.asarray(values, np.uint8)).convert("RGB")


def ink_picture(ink: Ink) -> PIL.Image.Image:
    """An ink map (h, w), white on black."""
    return to_picture(np.round(255 * ink))


def fit(picture: PIL.Image.Image, width: int, height: int) -> PIL.Image.Image:
    """A picture as large as there is room, in the middle of it; its pixels stay what they are where it grows."""
    scale = min(width / picture.width, height / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    method = PIL.Image.Resampling.NEAREST if scale > 1 else PIL.Image.Resampling.BOX
    room = PIL.Image.new("RGB", (width, height), GROUND)
    room.paste(picture.convert("RGB").resize(size, method), ((width - size[0]) // 2, (height - size[1]) // 2))
    return room


def caption(picture: PIL.Image.Image, words: str, colour: tuple[int, int, int] = TEXT) -> PIL.Image.Image:
    """A picture over its words, a line each."""
    lines = words.split("\n")
    sheet = PIL.Image.new("RGB", (picture.width, picture.height + round(LETTER * 1.35 * len(lines)) + 4), PAPER)
    sheet.paste(picture, (0, 0))
    for number, line in enumerate(lines):
        at = (picture.width / 2, picture.height + 3 + LETTER * (1.35 * number + 0.6))
        ImageDraw.Draw(sheet).text(at, line, fill=colour, font=ImageFont.load_default(LETTER), anchor="mm")
    return sheet


def arrange(pictures: Sequence[PIL.Image.Image], columns: int, gap: int = GAP) -> PIL.Image.Image:
    """Pictures row by row, each in a cell that is as large as the largest."""
    width, height = (max(picture.size[side] for picture in pictures) + gap for side in (0, 1))
    rows = -(-len(pictures) // columns)
    sheet = PIL.Image.new("RGB", (width * columns + gap, height * rows + gap), PAPER)
    for place, picture in enumerate(pictures):
        row, column = divmod(place, columns)
        sheet.paste(picture, (gap + column * width, gap + row * height))
    return sheet


def draw_frame(  # noqa: PLR0917 - a rectangle and its words
    picture: PIL.Image.Image, box: Sequence[float] | Box, words: str, colour: tuple[int, int, int], line: int = 1,
    letter: int = LETTER,
) -> None:  # fmt: skip
    """Draws a box, given by x, y, width and height, with words at its upper left corner."""
    x, y, width, height = (box.x, box.y, box.width, box.height) if isinstance(box, Box) else box
    draw = ImageDraw.Draw(picture)
    draw.rectangle((x - line, y - line, x + width + line, y + height + line), outline=colour, width=line)
    font = ImageFont.load_default(letter)
    at = (max(x, 1), max(y - line - 1, letter))
    draw.text(at, words, fill=colour, font=font, anchor="lb", stroke_width=max(1, letter // 8), stroke_fill=PAPER)


def save_small(picture: PIL.Image.Image, path: Path) -> None:
    """Writes a JPEG or a PNG, by the file's name; the same picture gives the same file."""
    buffer = io.BytesIO()
    if path.suffix == ".jpg":
        picture.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    else:
        picture.quantize(64, PIL.Image.Quantize.MEDIANCUT, dither=PIL.Image.Dither.NONE).save(
            buffer, "PNG", optimize=True
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, buffer.getvalue())
