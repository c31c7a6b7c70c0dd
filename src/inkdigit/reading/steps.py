"""``--steps``: the picture of each step of a reading, as files."""

import io
from pathlib import Path

import PIL.Image
from PIL.PngImagePlugin import PngInfo

from inkdigit.files import MARK, write_atomic
from inkdigit.reading.draw import draw_annotated, draw_ink, draw_network, draw_panels
from inkdigit.reading.explain import Explanation


def write_steps(explanation: Explanation, place: Path) -> None:
    """Writes ``1-given.png`` … ``5-network.png`` and ``panels.png`` into a folder."""
    steps = {
        "1-given": explanation.picture,
        "2-grey": PIL.Image.fromarray(explanation.grey),
        "3-ink": draw_ink(explanation),
        "4-boxes": draw_annotated(explanation),
        "5-network": draw_network(explanation),
        "panels": draw_panels(explanation),
    }
    for name, picture in steps.items():
        write_png(place / f"{name}.png", picture)


def write_png(path: Path, picture: PIL.Image.Image) -> None:
    """Writes a picture, marked as ours, whole or not at all."""
    buffer, words = io.BytesIO(), PngInfo()
    words.add_text("Software", MARK)
    picture.save(buffer, "PNG", pnginfo=words, icc_profile=None)  # it would lie before the mark
    write_atomic(path, buffer.getvalue())
