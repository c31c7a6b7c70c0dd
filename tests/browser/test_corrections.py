import zipfile
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import wait_for_answer
from tests.browser.hand import draw

from inkdigit.images import is_digit_image
from inkdigit.preparation.prepare import prepare_single


@pytest.fixture
def corrected(page: Page) -> Page:
    """A 3 that was called a 5."""
    draw(page, "3")
    wait_for_answer(page, "3")
    page.get_by_role("button", name="It was a 5").click()
    expect(page.locator("#album li")).to_have_count(1)
    return page


def test_a_correction_downloads_as_labelled_data_that_training_takes(corrected: Page, tmp_path: Path) -> None:
    expect(corrected.locator("#kept")).to_have_text("Kept as a 5, in this browser only.")
    with corrected.expect_download() as download:
        corrected.click("#download")
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    (picture,) = tmp_path.glob("5/*.png")
    pixels = np.asarray(PIL.Image.open(picture))
    assert is_digit_image(pixels)
    assert (prepare_single(pixels) == pixels).all()  # learned from as the network saw it


def test_corrections_outlast_the_page(corrected: Page) -> None:
    corrected.reload()
    expect(corrected.locator("#album li")).to_have_count(1)
    expect(corrected.locator("#album img")).to_have_attribute("alt", "A 5, read as 3")


def test_a_second_thought_replaces_the_first(corrected: Page) -> None:
    corrected.get_by_role("button", name="It was a 8").press("Enter")
    expect(corrected.locator("#album b")).to_have_text(["8"])
    expect(corrected.get_by_role("button", name="It was a 8")).to_be_focused()


def test_two_thoughts_at_once_keep_the_last(page: Page) -> None:
    draw(page, "3")
    wait_for_answer(page, "3")
    page.evaluate("[5, 8].forEach((value) => document.getElementById('was').children[value].click())")
    expect(page.locator("#album b")).to_have_text(["8"])
    page.reload()
    expect(page.locator("#album b")).to_have_text(["8"])


def test_one_is_deleted(corrected: Page) -> None:
    corrected.get_by_role("button", name="Delete this 5").click()
    expect(corrected.locator("#corrections")).to_be_hidden()
    expect(corrected.locator("#status")).to_have_text("Deleted.")
    corrected.reload()
    expect(corrected.locator("#corrections")).to_be_hidden()


def test_of_two_the_deleted_one_alone_is_no_longer_told(page: Page) -> None:
    draw(page, "13", share=0.6)
    wait_for_answer(page, "13")
    for place, value in enumerate("45"):
        page.locator("#lines button").nth(place).click()
        page.get_by_role("button", name=f"It was a {value}").click()
    expect(page.locator("#album b")).to_have_text(["4", "5"])
    page.get_by_role("button", name="Delete this 4").click()
    expect(page.locator("#status")).to_have_text("Deleted.")
    expect(page.locator("#kept")).to_have_text("Kept as a 5, in this browser only.")
    page.locator("#lines button").first.click()
    expect(page.locator("#kept")).to_have_text("")
    expect(page.locator("#was [aria-pressed=true]")).to_have_count(0)
    page.get_by_role("button", name="It was a 4").click()
    expect(page.locator("#album b")).to_have_text(["5", "4"])  # a new one, the old one's number is not given again


def test_all_are_deleted_after_a_question(corrected: Page) -> None:
    corrected.once("dialog", lambda dialog: dialog.dismiss())
    corrected.click("#forget")
    expect(corrected.locator("#album li")).to_have_count(1)
    corrected.once("dialog", lambda dialog: dialog.accept())
    corrected.click("#forget")
    expect(corrected.locator("#corrections")).to_be_hidden()
    expect(corrected.locator("#kept")).to_have_text("")
