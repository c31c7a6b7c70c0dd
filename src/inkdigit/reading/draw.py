"""Readings as pictures: boxes over the picture, and what each step saw."""

import math
from collections.abc import Sequence

import numpy as np
import PIL.Image
from PIL import ImageDraw, ImageFont

from inkdigit.images import SIZE, Images
from inkdigit.preparation.box import Box
from inkdigit.reading.explain import Explanation
from inkdigit.reading.result import Digit

SURE, REFUSED, CHANGED = (
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
)  # blue, vermilion and bluish green of Okabe and Ito: told apart by colour-blind eyes
PAPER, TEXT, GROUND = (255, 255, 255), (30, 30, 30), (225, 225, 225)
LEGIBLE_SIDE = 400
"""A picture whose longer side is at most half of this, in pixels, is enlarged by a whole factor before drawing."""
PANEL = 360  # pixels
CAPTION = 30
TILE = 4 * SIZE
TILE_CAPTION = 18
GAP = 8
COLUMNS = 10


def draw_annotated(explanation: Explanation) -> PIL.Image.Image:
    """The picture with a box around each digit and the answer above it, or where there is room.

    A picture too small to write on is enlarged by a whole factor, so that its pixels stay what they are.
    """
    return _annotate(explanation, max(1, LEGIBLE_SIDE // max(explanation.picture.size)))


def draw_network(explanation: Explanation) -> PIL.Image.Image:
    """What the network saw of each digit, 28x28 enlarged fourfold, with its answer and confidence."""
    return _draw_tiles(explanation, TILE, COLUMNS)


def draw_panels(explanation: Explanation) -> PIL.Image.Image:
    """One row: as given, grey, ink, boxes, as the network saw it, titled with the answer."""
    answer = explanation.reading.text.replace("\n", " / ") or "no ink"
    boxes = _annotate(explanation, PANEL / max(explanation.picture.size), PANEL)
    panels = [
        _panel(_fit(explanation.picture), "as given"),
        _panel(_fit(PIL.Image.fromarray(explanation.grey)), "grey"),
        _panel(_fit(draw_ink(explanation)), "ink"),
        _panel(boxes, "boxes"),
        _panel(_draw_square(explanation), f"read as {answer}"),
    ]
    return _row(panels)


def draw_ink(explanation: Explanation) -> PIL.Image.Image:
    """The ink map, white on black."""
    return PIL.Image.fromarray(np.round(explanation.ink * 255).astype(np.uint8))


def _annotate(explanation: Explanation, scale: float, side: int = 0) -> PIL.Image.Image:
    """The scaled picture with boxes and answers, centred in a square of ``side`` pixels if that is larger."""
    picture = _resize(explanation.picture.convert("RGB"), scale)
    canvas = PIL.Image.new("RGB", (max(side, picture.width), max(side, picture.height)), GROUND)
    x, y = (canvas.width - picture.width) // 2, (canvas.height - picture.height) // 2
    canvas.paste(picture, (x, y))
    draw = ImageDraw.Draw(canvas)
    places = [(digit, _enlarge(digit.box, scale, x, y)) for digit in explanation.reading.digits]
    for digit, box in places:
        _draw_box(draw, digit, box, canvas.size)
    for digit, box in places:  # no box crosses an answer
        _draw_answer(draw, digit, box, canvas.size)
    return canvas


def _draw_box(draw: ImageDraw.ImageDraw, digit: Digit, box: Box, size: tuple[int, int]) -> None:
    """A line around the digit, hiding none of it, edged in ``PAPER`` so that it shows on any background."""
    line, seam = _line_width(size), _seam_width(size)
    draw.rectangle(_around(box, line + 2 * seam, size), outline=PAPER, width=line + 2 * seam)
    draw.rectangle(_around(box, line + seam, size), outline=_colour(digit), width=line)


def _draw_answer(draw: ImageDraw.ImageDraw, digit: Digit, box: Box, size: tuple[int, int]) -> None:
    """The answer above the box if it fits within the picture there, else below it, else in its corner."""
    width, height = size
    letter = _clamp(box.height / 3, 12, max(12, height / 12))
    font, stroke = ImageFont.load_default(letter), max(1, round(letter / 12))
    left, top, right, bottom = draw.textbbox((0, 0), digit.text, font=font, stroke_width=stroke)
    x1, y1, _, y2 = _around(box, _line_width(size) + 2 * _seam_width(size), size)
    above, below = y1 - (bottom - top), y2 + 1
    y = above if above >= 0 else below if below + bottom - top <= height else y1
    at = (_clamp(x1, 0, max(0, width - (right - left))) - left, y - top)
    draw.text(at, digit.text, fill=_colour(digit), font=font, stroke_width=stroke, stroke_fill=PAPER)


def _colour(digit: Digit) -> tuple[int, int, int]:
    return REFUSED if digit.refused else CHANGED if digit.reason == "rule" else SURE


def _enlarge(box: Box, scale: float, x: int, y: int) -> Box:
    """A box of a picture that is drawn at another size and place."""
    left, right = (round(edge * scale) for edge in (box.x, box.x + box.width))
    top, bottom = (round(edge * scale) for edge in (box.y, box.y + box.height))
    return Box(left + x, top + y, right - left, bottom - top)


def _around(box: Box, margin: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The first x and y, then the last x and y, of a box widened by a margin and clipped to the picture."""
    x, y = max(0, box.x - margin), max(0, box.y - margin)
    right, bottom = min(box.x + box.width + margin, size[0]), min(box.y + box.height + margin, size[1])
    return x, y, max(x, right - 1), max(y, bottom - 1)


def _line_width(size: tuple[int, int]) -> int:
    return max(2, round(max(size) / 400))


def _seam_width(size: tuple[int, int]) -> int:
    return max(1, _line_width(size) // 2)


def _clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _draw_tiles(explanation: Explanation, side: int, columns: int) -> PIL.Image.Image:
    digits = explanation.reading.digits
    if not digits:
        return _captioned(PIL.Image.new("L", (side, side)), "no ink", TILE_CAPTION)
    tiles = [_tile(image, digit, side) for image, digit in zip(explanation.images, digits, strict=True)]
    return _sheet([_row(tiles[start : start + columns]) for start in range(0, len(tiles), columns)])


def _draw_square(explanation: Explanation) -> PIL.Image.Image:
    """All tiles within one panel, as many in a row as there are rows, as large as there is room."""
    columns = math.ceil(math.sqrt(len(explanation.images))) or 1
    room = PANEL // columns - 2 * GAP - TILE_CAPTION
    sheet = _draw_tiles(explanation, max(1, room // SIZE) * SIZE, columns)
    return sheet if max(sheet.size) <= PANEL else _fit(sheet)


def _tile(image: Images, digit: Digit, side: int) -> PIL.Image.Image:
    """One image (28, 28), its answer, and if there is room the confidence, or the reason of refusal."""
    enlarged = PIL.Image.fromarray(image).resize((side, side), PIL.Image.Resampling.NEAREST)
    more = digit.reason.replace("_", " ") if digit.refused and digit.reason else f"{digit.confidence:.0%}"
    caption = f"{digit.text}  {more}" if side > SIZE else digit.text
    return _captioned(enlarged, caption, TILE_CAPTION)


def _panel(picture: PIL.Image.Image, title: str) -> PIL.Image.Image:
    """A picture in the middle of a square, with a caption."""
    square = PIL.Image.new("RGB", (PANEL, PANEL), GROUND)
    square.paste(picture.convert("RGB"), ((PANEL - picture.width) // 2, (PANEL - picture.height) // 2))
    return _captioned(square, title if len(title) <= 30 else f"{title[:29]}…", CAPTION)


def _fit(picture: PIL.Image.Image) -> PIL.Image.Image:
    return _resize(picture, PANEL / max(picture.size))


def _resize(picture: PIL.Image.Image, scale: float) -> PIL.Image.Image:
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, PIL.Image.Resampling.NEAREST if scale > 1 else PIL.Image.Resampling.BOX)


def _captioned(picture: PIL.Image.Image, caption: str, height: int) -> PIL.Image.Image:
    framed = PIL.Image.new("RGB", (picture.width, picture.height + height), PAPER)
    framed.paste(picture.convert("RGB"), (0, height))
    font = ImageFont.load_default(height * 0.6)
    ImageDraw.Draw(framed).text((picture.width / 2, height / 2), caption, fill=TEXT, font=font, anchor="mm")
    return framed


def _row(pictures: Sequence[PIL.Image.Image]) -> PIL.Image.Image:
    width = sum(picture.width for picture in pictures) + GAP * (len(pictures) + 1)
    row = PIL.Image.new("RGB", (width, max(picture.height for picture in pictures) + 2 * GAP), PAPER)
    x = GAP
    for picture in pictures:
        row.paste(picture, (x, GAP))
        x += picture.width + GAP
    return row


def _sheet(rows: Sequence[PIL.Image.Image]) -> PIL.Image.Image:
    sheet = PIL.Image.new("RGB", (rows[0].width, sum(row.height for row in rows)), PAPER)
    for index, row in enumerate(rows):
        sheet.paste(row, (0, index * rows[0].height))
    return sheet
