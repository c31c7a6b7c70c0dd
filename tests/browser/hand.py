"""A hand that writes on the page's sheet: with a mouse, a finger or a pen."""

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from playwright.sync_api import Page
from samples.make import Hand, write

Way: TypeAlias = list[tuple[float, float]]
"""Points of one stroke in pixels of the window."""

HEIGHT = 100
STEPS = 24
"""Points of a stroke: a mouse tells about as many."""


def find_ways(page: Page, text: str, share: float = 0.55) -> Iterator[Way]:
    """The strokes of a line of digits in the middle of the sheet.

    Args:
        page: with the sheet.
        text: digits.
        share: of the sheet's width or height that they take, whichever is less.
    """
    curves = write(np.random.default_rng(7), text, (0, 0), HEIGHT, Hand(pen=0.1, wobble=0.005, drift=0))
    points = np.concatenate(curves)[:, :2]
    low, high = points.min(0), points.max(0)
    sheet = page.locator("#sheet").bounding_box()
    assert sheet is not None
    corner, size = np.array([sheet["x"], sheet["y"]]), np.array([sheet["width"], sheet["height"]])
    scale = float((share * size / (high - low)).min())
    for curve in curves:
        chosen = curve[np.linspace(0, len(curve) - 1, STEPS).round().astype(int), :2]
        placed = (chosen - (low + high) / 2) * scale + corner + size / 2
        yield [(float(x), float(y)) for x, y in placed]


def draw(page: Page, text: str, share: float = 0.55) -> None:
    """Draws with the mouse."""
    for (x, y), *others in find_ways(page, text, share):
        page.mouse.move(x, y)
        page.mouse.down()
        for point in others:
            page.mouse.move(*point)
        page.mouse.up()


def draw_by_touch(page: Page, text: str) -> None:
    """Draws with a finger."""
    session = page.context.new_cdp_session(page)
    for way in find_ways(page, text):
        for place, (x, y) in enumerate(way):
            kind = "touchMove" if place else "touchStart"
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def draw_by_pen(page: Page, text: str, pressure: float) -> None:
    """Draws with a pen that tells how firmly it is pressed, 0..1."""
    session = page.context.new_cdp_session(page)
    shared = {"pointerType": "pen", "button": "left", "clickCount": 1}
    for way in find_ways(page, text):
        for place, (x, y) in enumerate(way):
            values = {
                "type": "mouseMoved" if place else "mousePressed",
                "x": x,
                "y": y,
                "buttons": 1,
                "force": pressure,
            }
            session.send("Input.dispatchMouseEvent", {**shared, **values})
        values = {"type": "mouseReleased", "x": way[-1][0], "y": way[-1][1], "buttons": 0}
        session.send("Input.dispatchMouseEvent", {**shared, **values})


def count_ink(page: Page) -> int:
    """How many pixels of the sheet are drawn on."""
    counted: int = page.evaluate(
        """() => {
          const sheet = document.getElementById("sheet");
          const { data } = sheet.getContext("2d").getImageData(0, 0, sheet.width, sheet.height);
          return data.filter((value, place) => place % 4 === 3 && value > 128).length;
        }"""
    )
    return counted
