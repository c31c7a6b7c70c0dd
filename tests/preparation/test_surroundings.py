"""Sheets on desks, and what only looks like one."""

from collections.abc import Callable

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray
from PIL import ImageDraw, ImageFilter

from inkdigit.images import Grey
from inkdigit.preparation.ink import find_ink
from inkdigit.preparation.surroundings import level_surroundings

SHAPE = (300, 400)
SHEETS = {
    "in the middle": [(60, 50), (340, 50), (340, 250), (60, 250)],
    "turned": [(80, 30), (360, 70), (330, 270), (50, 230)],
    "foreshortened": [(110, 50), (300, 40), (350, 270), (50, 250)],
    "a desk on the left": [(70, -9), (409, -9), (409, 309), (70, 309)],
    "a desk above and on the right": [(-9, 60), (330, 60), (330, 309), (-9, 309)],
    "a corner cut off": [(-9, -9), (250, -9), (409, 110), (409, 309), (-9, 309)],
}
STROKES = [[(150, 110), (210, 110), (175, 200)], [(250, 100), (250, 200)]]
"""A 7 and a 1."""


def draw(
    sheet: list[tuple[int, int]] = SHEETS["in the middle"], *, paper: int = 220, desk: int = 70, pen: int = 30
) -> Grey:
    """A 71 on a sheet on a desk."""
    picture = PIL.Image.new("L", (SHAPE[1], SHAPE[0]), desk)
    image = ImageDraw.Draw(picture)
    image.polygon(sheet, fill=paper)
    for stroke in STROKES:
        image.line(stroke, fill=pen, width=9, joint="curve")
    return np.asarray(picture)


def written() -> NDArray[np.bool_]:
    """Where the strokes are."""
    return draw(paper=0, desk=0, pen=255) > 0


def check(grey: Grey, least: float = 0.9) -> None:
    """Checks that in a levelled picture, strokes are ink and nothing else is."""
    level = level_surroundings(grey)
    assert level is not None
    assert level.dtype == np.uint8
    ink = find_ink(level)
    assert ink[written()].mean() > least
    assert (ink[~written()] > 0.3).mean() < 0.005


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS)
@pytest.mark.parametrize(
    ("paper", "desk", "pen"), [(220, 70, 30), (240, 170, 60), (40, 150, 200)], ids=["dark", "grey", "board"]
)
def test_only_what_is_written_on_the_sheet_is_ink(
    sheet: list[tuple[int, int]], paper: int, desk: int, pen: int
) -> None:
    check(draw(sheet, paper=paper, desk=desk, pen=pen))


def test_grain_noise_and_a_camera_out_of_focus() -> None:
    random = np.random.default_rng(1)
    grain = np.where(draw() == 70, random.normal(0, 15, (SHAPE[0], 1)), 0)
    blurred = PIL.Image.fromarray((draw() + grain).clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(2))
    noisy = np.asarray(blurred) + random.normal(0, 3, SHAPE)
    check(np.asarray(noisy.clip(0, 255), np.uint8), least=0.8)


def test_in_a_large_picture() -> None:
    large = PIL.Image.fromarray(draw(SHEETS["turned"])).resize((1600, 1200), PIL.Image.Resampling.BICUBIC)
    level = level_surroundings(np.asarray(large))
    assert level is not None
    small = np.asarray(PIL.Image.fromarray(level).reduce(4))
    assert ((find_ink(small) > 0.5) & ~written()).mean() < 0.005


def test_the_sheet_itself_stays_as_it_is() -> None:
    level = level_surroundings(draw())
    assert level is not None
    assert (level[60:240, 70:330] == draw()[60:240, 70:330]).all()


def test_writing_in_the_shadow_of_something_stays() -> None:
    """A shadow with a sharp straight edge looks like a desk."""
    grey = draw(paper=220, desk=220).copy()
    grey[:, 230:] //= 2
    level = level_surroundings(grey)
    assert level is not None
    ink = find_ink(level)
    assert ink[written()].mean() > 0.5
    assert ink[150, 250] > 0.4  # of the 1, which lies in it
    assert (ink[~written()] > 0.3).mean() < 0.003


def ring() -> PIL.Image.Image:
    """A 0 by a heavy pen, that fills the picture."""
    picture = PIL.Image.new("L", (300, 300), 230)
    ImageDraw.Draw(picture).ellipse((40, 10, 260, 290), fill=40)
    ImageDraw.Draw(picture).ellipse((110, 90, 190, 210), fill=230)
    return picture


def cut_digit() -> PIL.Image.Image:
    """A heavy 2 that goes on beyond a corner."""
    picture = PIL.Image.new("L", (300, 200), 250)
    ImageDraw.Draw(picture).line(((130, 60), (220, 40), (250, 120), (230, 210), (310, 190)), fill=20, width=34)
    return picture


def stub() -> PIL.Image.Image:
    """What is seen of a heavy stroke that begins above a picture, and a 1."""
    picture = PIL.Image.new("L", (300, 200), 240)
    ImageDraw.Draw(picture).rectangle((120, 0, 150, 45), fill=20)
    ImageDraw.Draw(picture).line(((220, 60), (215, 160)), fill=20, width=9)
    return picture


def comb() -> PIL.Image.Image:
    """Boxes that share sides, by a heavy line."""
    picture = PIL.Image.new("L", (400, 200), 240)
    for x in range(80, 320, 30):
        ImageDraw.Draw(picture).rectangle((x, 50, x + 30, 140), outline=30, width=5)
    return picture


def block() -> PIL.Image.Image:
    """The body of a heavy pen's 1, with a speck in it."""
    picture = PIL.Image.new("L", (300, 200), 240)
    ImageDraw.Draw(picture).rectangle((110, 60, 180, 140), fill=30)
    ImageDraw.Draw(picture).rectangle((140, 90, 146, 96), fill=200)
    return picture


def box() -> PIL.Image.Image:
    picture = PIL.Image.new("L", (300, 200), 240)
    ImageDraw.Draw(picture).rectangle((40, 40, 260, 160), outline=30, width=12)
    return picture


def shadow() -> PIL.Image.Image:
    """Light that falls off softly."""
    light = 230 - 130 / (1 + np.exp(-np.linspace(-8, 8, 300)))
    return PIL.Image.fromarray(np.tile(light, (200, 1)).astype(np.uint8))


def stripe() -> PIL.Image.Image:
    """A heavy 1 from top to bottom."""
    picture = PIL.Image.new("L", (200, 300), 240)
    ImageDraw.Draw(picture).line(((100, -9), (95, 310)), fill=20, width=40)
    return picture


def one_beside_light() -> PIL.Image.Image:
    """A thin 1 in light that falls off."""
    picture = np.tile(np.linspace(215, 165, 300), (200, 1)).astype(np.uint8)
    picture[50:150, 148:153] = 40
    return PIL.Image.fromarray(picture)


def crossed() -> PIL.Image.Image:
    """A sharp shadow, and a stroke that lies half in it."""
    grey = np.full((200, 300), 220, np.uint8)
    grey[90:110, 60:240] = 30
    grey[:, 150:] //= 2
    return PIL.Image.fromarray(grey)


def blank() -> PIL.Image.Image:
    return PIL.Image.new("L", (300, 200), 200)


@pytest.mark.parametrize(
    "drawn", [ring, cut_digit, stub, comb, block, box, shadow, stripe, one_beside_light, crossed, blank]
)
def test_no_sheet(drawn: Callable[[], PIL.Image.Image]) -> None:
    grey = np.asarray(drawn())
    assert level_surroundings(grey) is None
    assert level_surroundings(255 - grey) is None


def test_a_desk_hardly_darker_than_the_paper_is_no_matter() -> None:
    assert level_surroundings(draw(paper=220, desk=200)) is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (63, 63), (64, 5000), (5000, 64)])
def test_pictures_too_small_or_too_narrow_are_left_alone(shape: tuple[int, int]) -> None:
    grey = np.full(shape, 60, np.uint8)
    grey[shape[0] // 4 :, shape[1] // 4 :] = 200
    assert level_surroundings(grey) is None


@pytest.mark.parametrize("shape", [(64, 64), (64, 300), (1900, 400), (65, 129)])
def test_pictures_of_any_shape(shape: tuple[int, int]) -> None:
    grey = np.full(shape, 60, np.uint8)
    grey[shape[0] // 4 :, shape[1] // 4 :] = 200
    level = level_surroundings(grey)
    assert level is not None
    assert level.shape == shape
    assert np.ptp(level) < 30
