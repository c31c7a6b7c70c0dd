"""A picture and its ink, with and without printed boxes."""

import numpy as np
import PIL.Image
from PIL import ImageDraw

from inkdigit.images import Grey
from inkdigit.reading.scene import Scene


def form(*, boxes: bool) -> Grey:
    """A 7, in a box."""
    picture = PIL.Image.new("L", (300, 200), 230)
    pen = ImageDraw.Draw(picture)
    if boxes:
        pen.rectangle((60, 30, 220, 170), outline=80, width=3)
    pen.line(((110, 60), (170, 60), (130, 140)), fill=20, width=9)
    return np.asarray(picture)


def test_neither_network_sees_a_printed_box() -> None:
    scene, plain = Scene.of(form(boxes=True)), form(boxes=False)
    unframed = scene.without_frames()
    assert np.abs(unframed.grey.astype(int) - plain).max() < 12
    assert np.abs(unframed.ink - Scene.of(plain).ink).max() < 0.1
    assert (scene.grey == form(boxes=True)).all()


def test_rulings_hide_no_box_and_go_as_well() -> None:
    """The upper and lower lines of boxes that fill a picture's width are rulings too."""
    wide = PIL.Image.fromarray(form(boxes=False))
    for x in range(10, 280, 90):
        ImageDraw.Draw(wide).rectangle((x, 30, x + 90, 170), outline=80, width=3)
    unframed = Scene.of(np.asarray(wide)).without_frames()
    assert np.abs(unframed.ink - Scene.of(form(boxes=False)).ink).max() < 0.5
    assert np.abs(unframed.ink - Scene.of(form(boxes=False)).ink).mean() < 0.002


def test_a_picture_without_boxes_stays_what_it_is() -> None:
    scene = Scene.of(form(boxes=False))
    assert scene.without_frames() is scene


def test_a_desk_around_a_sheet_is_seen_by_neither_network() -> None:
    plain = form(boxes=False)
    scene = Scene.of(np.pad(plain, 60, constant_values=50)).without_surroundings()
    inner = slice(68, -68)
    assert np.abs(scene.grey[inner, inner].astype(int) - plain[8:-8, 8:-8]).max() < 12
    assert ((scene.ink[inner, inner] > 0.5) == (Scene.of(plain).ink[8:-8, 8:-8] > 0.5)).all()
    assert (scene.ink > 0.3).sum() == (scene.ink[inner, inner] > 0.3).sum()


def test_a_sheet_with_nothing_on_it_is_ink() -> None:
    """It may be a heavy stroke."""
    scene = Scene.of(np.pad(np.full((200, 140), 60, np.uint8), ((0, 0), (80, 80)), constant_values=220))
    assert scene.without_surroundings() is scene


def test_a_picture_without_a_desk_stays_what_it_is() -> None:
    scene = Scene.of(form(boxes=True))
    assert scene.without_surroundings() is scene
