"""axe-core in every state of the page, and the page at its extremes."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import AXE, Open, wait_for_answer
from tests.browser.hand import draw

SAMPLES = Path(__file__).parents[2] / "samples"


def _drawn(page: Page) -> None:
    draw(page, "2026", share=0.8)
    wait_for_answer(page, "2026")


def _corrected(page: Page) -> None:
    _drawn(page)
    page.locator("#was button").nth(4).click()
    expect(page.locator("#album li")).to_have_count(1)


def _explained(page: Page) -> None:
    _drawn(page)
    page.click("#maps summary")
    expect(page.locator("#layers section")).not_to_have_count(0)


def _given(page: Page) -> None:
    page.set_input_files("#files", SAMPLES / "page.png")
    wait_for_answer(page, "2026\n314159\n80")


def _tabled(page: Page) -> None:
    page.set_input_files("#files", [SAMPLES / "seven.png", SAMPLES / "answers.csv"])
    expect(page.locator("#csv")).to_be_enabled()


def _failed(page: Page) -> None:
    page.context.set_offline(True)
    draw(page, "3")
    expect(page.locator("#again")).to_be_visible()


def _dotted(page: Page) -> None:
    page.click("#sheet")
    expect(page.locator("#answer")).not_to_have_class("blank")
    expect(page.locator("#answer")).to_have_attribute("aria-busy", "false")


def _by_keys(page: Page) -> None:
    page.focus("#sheet")
    page.keyboard.press("Space")
    expect(page.locator("#cursor")).to_be_visible()


STATES: Mapping[str, Callable[[Page], None]] = {
    "empty": lambda _: None,
    "drawn": _drawn,
    "dotted": _dotted,
    "by keys": _by_keys,
    "corrected": _corrected,
    "explained": _explained,
    "given": _given,
    "tabled": _tabled,
    "failed": _failed,
}


LOOKS = [("en-GB", "light"), ("en-GB", "dark"), ("zh-CN", "light"), ("zh-CN", "dark")]


def check(page: Page) -> None:
    """Holds that axe-core finds nothing."""
    assert AXE.is_file(), "found no axe-core; run 'make browser', which fetches it"
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run().then(({ violations }) => violations)")
    assert found == [], json.dumps(found, indent=1)[:3000]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(
    ("locale", "scheme"), [("en-GB", "light"), ("en-GB", "dark"), ("zh-CN", "light"), ("zh-CN", "dark")]
)
def test_axe_finds_nothing(open_page: Open, state: str, locale: str, scheme: str) -> None:
    page = open_page(locale=locale, color_scheme=scheme)
    STATES[state](page)
    check(page)


def test_axe_finds_nothing_beside_another_model(open_page: Open, address_of_two: str) -> None:
    page = open_page(address_of_two)
    _drawn(page)
    check(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 768, 1280, 2560])
def test_no_width_scrolls_sideways(open_page: Open, width: int, scheme: str, tmp_path: Path) -> None:
    page = open_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    _corrected(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    folder = Path(os.environ.get("INKDIGIT_SCREENSHOTS", tmp_path))
    page.screenshot(path=folder / f"{width}-{scheme}.png", full_page=True)


def test_with_forced_colours_and_less_motion_all_is_told(open_page: Open) -> None:
    page = open_page(forced_colors="active", reduced_motion="reduce")
    _drawn(page)
    fill = page.locator(".fill").first
    assert fill.evaluate("bar => getComputedStyle(bar).backgroundColor") == "rgb(0, 0, 0)"
    assert fill.evaluate("bar => getComputedStyle(bar).transitionDuration") == "0s"


def test_tab_reaches_every_control_in_order(page: Page) -> None:
    _drawn(page)
    page.focus(".skip")
    reached = []
    for _ in range(24):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
    order = ["language", "sheet", "undo", "clear", "choose"]
    found = [name for name in reached if name in order]
    assert found[: len(order)] == order
    assert all(str(value) in reached for value in range(10))
