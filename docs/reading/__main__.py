"""Draws the pictures of ``docs/reading.md`` into ``docs/pictures/reading``: samples, generated pages, what was seen.

From the repository's root: ``python -m docs.reading [PICTURE ...]``, about ten seconds; each run on the same machine
writes the same files. The pictures show the shipped networks: draw them anew when these change.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import PIL.Image

from inkdigit import InkdigitError

from .sheet import save_small
from .steps import draw_all, draw_inks, draw_joining, draw_lines, draw_refusals, draw_regions, draw_scales
from .subject import Subject
from .training import draw_all_outliers, draw_crops, draw_pages

PICTURES = Path(__file__).parents[1] / "pictures" / "reading"

READING: Mapping[str, Callable[[Subject], PIL.Image.Image]] = {
    "steps.jpg": draw_all,
    "ink.jpg": draw_inks,
    "pages.jpg": draw_pages,
    "scales.jpg": draw_scales,
    "crops.png": draw_crops,
    "outliers.png": draw_all_outliers,
    "joining.png": draw_joining,
    "refusals.png": draw_refusals,
    "lines.jpg": draw_lines,
    "regions.png": draw_regions,
}
"""The pictures by their files, in the order of the text."""


def main() -> None:
    """Draws what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m docs.reading", description="Draws the pictures of reading.")
    parser.add_argument("pictures", nargs="*", metavar="PICTURE", help=f"some of {', '.join(READING)}; without, all")
    parser.add_argument("--data", default="mnist", help="whose training digits the pages are written with")
    parser.add_argument("--out", type=Path, default=PICTURES, help="the folder of the pictures")
    arguments = parser.parse_args()
    subject = Subject(arguments.data)
    for name in arguments.pictures or READING:
        path = arguments.out / name
        save_small(READING[name](subject), path)
        print(path)


if __name__ == "__main__":
    try:
        main()
    except InkdigitError as error:
        print(f"reading: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
