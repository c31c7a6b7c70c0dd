"""Readings as pictures: boxes over the picture, and what each step saw."""

from collections.abc import Sequence

import numpy as np
import PIL.Image
from PIL import ImageDraw, ImageFont

from inkdigit.reading.explain import Explanation
from inkdigit.reading.result import Digit

SURE, REFUSED = (
    (0, 114, 178),
    (213, 94, 0),
)  # blue and vermilion of Okabe and Ito: told apart by colour-blind eyes
PAPER, TEXT = (255, 255, 255), (30, 30, 30)
PANEL = 280  # pixels
CAPTION = 28
COLUMNS = 10


def draw_annotated(explanation: Explanation) -> PIL.Image.Image:
    """The picture with a box around each digit and the answer above it, or below where there is no room."""
    picture = explanation.picture.convert("RGB")
    draw = ImageDraw.Draw(picture)
    for digit in explanation.reading.digits:
        _draw_digit(draw, digit, picture.size)
    return picture


def draw_network(explanation: Explanation) -> PIL.Image.Image:
    """What the network saw of each digit, 28x28 enlarged fourfold, with its answer and confidence."""
    tiles = [
        _tile(image, digit)
        for image, digit in zip(explanation.images, explanation.reading.digits, strict=True)
    ]  # fmt: skip
    return _sheet(tiles) if tiles else _panel(PIL.Image.new("L", (28, 28)), "no ink")


def draw_panels(explanation: Explanation) -> PIL.Image.Image:
    """One row: as given, grey, ink, boxes, as the network saw it, titled with the answer."""
    answer = explanation.reading.text.replace("\n", " / ") or "no ink"
    panels = [
        _panel(explanation.picture, "as given"),
        _panel(PIL.Image.fromarray(explanation.grey), "grey"),
        _panel(draw_ink(explanation), "ink"),
        _panel(draw_annotated(explanation), "boxes"),
        _panel(draw_network(explanation), f"read as {answer}"),
    ]
    return _row(panels)


def draw_ink(explanation: Explanation) -> PIL.Image.Image:
    """The ink map, white on black."""
    return PIL.Image.fromarray(np.round(explanation.ink * 255).astype(np.uint8))


def _draw_digit(draw: ImageDraw.ImageDraw, digit: Digit, size: tuple[int, int]) -> None:
    box, colour = digit.box, REFUSED if digit.refused else SURE
    stroke = max(1, round(max(size) / 400))
    right, bottom = box.x + box.width - 1, box.y + box.height - 1
    draw.rectangle((box.x, box.y, right, bottom), outline=colour, width=stroke)
    height = min(max(12, box.height // 3), max(12, size[1] // 12))
    font = ImageFont.load_default(height)
    above = box.y - height - 2 * stroke
    y = above if above >= 0 else min(bottom + stroke, size[1] - height)
    draw.text((box.x, y), digit.text, fill=colour, font=font, stroke_width=max(1, height // 12), stroke_fill=PAPER)


def _tile(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], digit: Digit) -> PIL.Image.Image:
    enlarged = PIL.Image.fromarray(image).resize((112, 112), PIL.Image.Resampling.NEAREST)
    return _captioned(enlarged, f"{digit.text}  {digit.confidence:.0%}", 18)


def _panel(picture: PIL.Image.Image, title: str) -> PIL.Image.Image:
    """A picture fitted into a square with a caption."""
    scale = PANEL / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    method = PIL.Image.Resampling.NEAREST if scale > 1 else PIL.Image.Resampling.BOX
    square = PIL.Image.new("RGB", (PANEL, PANEL), (225, 225, 225))
    square.paste(picture.convert("RGB").resize(size, method), ((PANEL - size[0]) // 2, (PANEL - size[1]) // 2))
    return _captioned(square, title if len(title) <= 30 else f"{title[:29]}…", CAPTION)


def _captioned(picture: PIL.Image.Image, caption: str, height: int) -> PIL.Image.Image:
    framed = PIL.Image.new("RGB", (picture.width, picture.height + height), PAPER)
    framed.paste(picture.convert("RGB"), (0, height))
    font = ImageFont.load_default(height * 0.6)
    ImageDraw.Draw(framed).text((picture.width / 2, height / 2), caption, fill=TEXT, font=font, anchor="mm")
    return framed


def _row(pictures: Sequence[PIL.Image.Image], gap: int = 8) -> PIL.Image.Image:
    width = sum(picture.width for picture in pictures) + gap * (len(pictures) + 1)
    row = PIL.Image.new("RGB", (width, max(picture.height for picture in pictures) + 2 * gap), PAPER)
    x = gap
    for picture in pictures:
        row.paste(picture, (x, gap))
        x += picture.width + gap
    return row


def _sheet(tiles: Sequence[PIL.Image.Image]) -> PIL.Image.Image:
    rows = [_row(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)]
    sheet = PIL.Image.new("RGB", (rows[0].width, sum(row.height for row in rows)), PAPER)
    for index, row in enumerate(rows):
        sheet.paste(row, (0, index * rows[0].height))
    return sheet
