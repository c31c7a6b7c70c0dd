import re

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Open, wait_for_answer
from tests.browser.hand import draw


def test_the_browser_s_language_is_spoken(open_page: Open) -> None:
    page = open_page(locale="zh-CN")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.locator("#clear")).to_have_text("清空")


def test_the_switch_turns_everything_and_is_remembered(page: Page) -> None:
    draw(page, "3")
    wait_for_answer(page, "3")
    page.click("#language")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.locator("#verdict")).to_have_text(re.compile("把握"))
    expect(page.locator("#sheet")).to_have_attribute("aria-label", "画板")
    page.reload()
    expect(page.locator("#clear")).to_have_text("清空")
    page.click("#language")
    expect(page.locator("#clear")).to_have_text("Clear")


def test_both_languages_have_the_same_words(page: Page) -> None:
    words = page.evaluate(
        """async () => {
          const { WORDS } = await import("/static/words.js");
          const kinds = (words) => Object.entries(words).map(([key, word]) => [key, typeof word]);
          return { names: Object.keys(WORDS), kinds: Object.values(WORDS).map(kinds) };
        }"""
    )
    assert words["names"] == ["en", "zh"]
    assert words["kinds"][0] == words["kinds"][1]


def test_every_word_of_the_document_is_known(page: Page) -> None:
    keys = "[...document.querySelectorAll('[data-word]')].map((element) => element.textContent)"
    for _ in range(2):
        assert all(word and word != "undefined" for word in page.evaluate(keys))
        page.click("#language")


@pytest.mark.parametrize(("share", "words"), [(0.9858, "98%"), (0.976916, "97%"), (0.9967, "99.6%"), (0.004, "<1%")])
def test_what_nothing_lies_below_is_not_rounded_up(share: float, words: str, page: Page) -> None:
    told = page.evaluate("async (share) => (await import('/static/words.js')).least(share)", share)
    assert told == words
