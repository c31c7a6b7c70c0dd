"""What the networks learn from: generated pages, crops of them, and things that are no digit."""

from collections.abc import Iterator

import numpy as np
import PIL.Image

from inkdigit.images import CLASSES
from inkdigit.synthesis.crops import Crop, cut_page
from inkdigit.synthesis.outliers import OUTLIERS, draw_outliers
from inkdigit.synthesis.pages import Pages

from .sheet import BLUE, GAP, PAPER, VERMILION, arrange, caption, draw_frame, fit, to_picture
from .subject import Subject

PAGES = 30
SEED = 8

CROPS = 14
"""Of each kind in a row; two rows of each."""


def draw_pages(subject: Subject) -> PIL.Image.Image:
    """Pages that the locator learns from, at their own size, with what it is asked to find."""
    pages = Pages(subject.digits, seed=SEED)
    drawn = []
    for page in (pages[number] for number in range(PAGES)):
        picture = to_picture(page.grey)
        for box in page.ignored:
            draw_frame(picture, box, "", VERMILION)
        for box, label in zip(page.boxes, page.labels, strict=True):
            draw_frame(picture, box, str(label), BLUE, letter=11)
        drawn.append(fit_page(picture, pages.side))
    return arrange(drawn, 6, gap=4)


def fit_page(picture: PIL.Image.Image, side: int) -> PIL.Image.Image:
    """A page, some of which are smaller, in the upper left corner of a whole one."""
    room = PIL.Image.new("RGB", (side, side), PAPER)
    room.paste(picture, (0, 0))
    return room


def draw_all_outliers(subject: Subject) -> PIL.Image.Image:
    """Some of each kind of ``OUTLIERS``, as the classifier sees them."""
    rows = []
    for name in OUTLIERS:
        images = [fit(to_picture(image), 56, 56) for image in draw_outliers(subject.digits, name, 7, SEED)]
        rows.append(caption(arrange(images, 7, gap=4), f"{name}: {OUTLIERS[name].description}"))
    return arrange(rows, 2)


def draw_crops(subject: Subject) -> PIL.Image.Image:
    """What is cut out of pages to learn from: digits above, other things below."""
    wanted = 2 * CROPS
    digits: list[Crop] = []
    others: list[Crop] = []
    for crop in _cut(Pages(subject.digits, seed=SEED)):
        group = others if crop[1] == CLASSES else digits
        if len(group) < wanted:
            group.append(crop)
        if min(len(digits), len(others)) == wanted:
            break
    tiles = [
        caption(fit(to_picture(image), 56, 56), "none" if label == CLASSES else str(label))
        for image, label in (*digits, *others)
    ]
    return arrange(tiles, CROPS, gap=GAP)


def _cut(pages: Pages) -> Iterator[Crop]:
    for number in range(10 * CROPS):
        yield from cut_page(pages[number], np.random.default_rng((pages.seed, number, 1)))
