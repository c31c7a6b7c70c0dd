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
