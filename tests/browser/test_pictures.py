import base64
import csv
import io
import re
from pathlib import Path

from playwright.sync_api import FilePayload, Page, expect
from tests.browser.conftest import wait_for_answer
from tests.browser.hand import draw

SAMPLES = Path(__file__).parents[2] / "samples"
GIVE = """([kind, name, type, content]) => {
  const transfer = new DataTransfer();
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  transfer.items.add(new File([bytes], name, { type }));
  const event = kind === "paste" ? new ClipboardEvent(kind, { clipboardData: transfer })
                                 : new DragEvent(kind, { dataTransfer: transfer, cancelable: true });
  document.dispatchEvent(event);
}"""


def give(page: Page, kind: str, path: Path) -> None:
    """Pastes or drops a file."""
    page.evaluate(GIVE, [kind, path.name, "image/png", base64.b64encode(path.read_bytes()).decode()])


def hold(name: str, path: Path = SAMPLES / "seven.png") -> FilePayload:
    """A picture under another name, to be chosen."""
    return {"name": name, "mimeType": "image/png", "buffer": path.read_bytes()}


def test_a_chosen_picture_is_read_with_its_boxes_in_place(page: Page) -> None:
    page.set_input_files("#files", SAMPLES / "page.png")
    wait_for_answer(page, "2026\n314159\n80")
    expect(page.locator("#picture-name")).to_have_text("page.png")
    picture, box = page.locator("#picture").bounding_box(), page.locator(".box").first.bounding_box()
    assert picture is not None
    assert box is not None
    assert abs((box["x"] - picture["x"]) / picture["width"] - 108 / 760) < 0.01  # of page.png's first digit
    page.locator(".box").nth(3).click()
    expect(page.locator("#digit-title")).to_have_text("Digit 4 of 12")


def test_the_button_opens_the_choice_of_files(page: Page) -> None:
    with page.expect_file_chooser() as chooser:
        page.locator("#choose").press("Enter")
    assert chooser.value.is_multiple()


def test_a_pasted_and_a_dropped_picture_are_read(page: Page) -> None:
    give(page, "paste", SAMPLES / "seven.png")
    wait_for_answer(page, "7")
    give(page, "drop", SAMPLES / "transparent.png")
    wait_for_answer(page, "5")


def test_the_drawing_is_still_there_after_a_picture(page: Page) -> None:
    draw(page, "3")
    wait_for_answer(page, "3")
    page.set_input_files("#files", SAMPLES / "seven.png")
    wait_for_answer(page, "7")
    page.click("#back")
    wait_for_answer(page, "3")
    assert page.evaluate("document.activeElement.id") == "sheet"


def test_a_file_that_is_no_picture_is_told_in_words(page: Page) -> None:
    page.set_input_files("#files", SAMPLES / "answers.csv")
    expect(page.get_by_role("alert")).to_have_text("This is not a picture.")


def test_a_dropped_folder_is_told_in_words(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    dragged = {"items": [], "files": [str(SAMPLES)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 600, "y": 400, "data": dragged})
    expect(page.get_by_role("alert")).to_have_text(re.compile("^This is a folder"))


def test_several_pictures_give_a_table_and_a_csv_that_no_spreadsheet_runs(page: Page) -> None:
    hostile = '<img src=x onerror=alert(1)>, "x".png'
    page.set_input_files("#files", [hold("=1+1.png"), hold(hostile), hold("page.png", SAMPLES / "page.png")])
    expect(page.locator("#progress")).to_have_text("3 pictures read.")
    told = page.locator("#picture-rows td:nth-child(2)").all_inner_texts()
    assert told == ["7", "7", "2026\n314159\n80"]
    assert page.locator("#picture-rows img").count() == 0
    with page.expect_download() as download:
        page.click("#csv")
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert [rows[0]["source"], rows[1]["source"]] == ["'=1+1.png", hostile]
    assert "".join(row["value"] for row in rows) == "77202631415980"


def test_a_picture_of_the_table_opens_in_full(page: Page) -> None:
    page.set_input_files("#files", [hold("one.png"), hold("two.png")])
    expect(page.locator("#progress")).to_have_text("2 pictures read.")
    page.get_by_role("button", name="two.png").press("Enter")
    wait_for_answer(page, "7")
    expect(page.locator("#picture-name")).to_have_text("two.png")
    page.click("#close-pictures")
    expect(page.locator("#pictures")).to_be_hidden()
