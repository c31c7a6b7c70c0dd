"""The pages of a PDF become pictures of a bounded size, whatever the file says."""

import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from inkdigit.errors import IMAGE_ERROR_CODES, ImageError
from inkdigit.images import Grey
from inkdigit.preparation import pages
from inkdigit.preparation.load import load, load_picture
from inkdigit.preparation.pdf import SIDE, can_render, is_pdf_name, render_pages


def draw(grey: int, width: int = 200, height: int = 100) -> PIL.Image.Image:
    """A page with a dark square in its upper left quarter."""
    image = PIL.Image.new("L", (width, height), grey)
    image.paste(0, (width // 8, height // 8, width // 4, height // 4))
    return image


def save(path: Path, *pages: PIL.Image.Image) -> Path:
    pages[0].save(path, "PDF", save_all=True, append_images=pages[1:], resolution=100)
    return path


def write(path: Path, page: bytes = b"/MediaBox [0 0 300 100]", content: bytes = b"", trailer: bytes = b"") -> Path:
    """A PDF of one page that is written by hand."""
    objects = [
        b"<</Type /Catalog /Pages 2 0 R>>",
        b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
        b"<</Type /Page /Parent 2 0 R /Contents 4 0 R " + page + b">>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
    ]
    text, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(text))
        text += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    root = b"<</Size 5 /Root 1 0 R " + trailer + b">>"
    path.write_bytes(text + b"xref\n0 5\n" + table + b"trailer\n" + root + b"\nstartxref\n%d\n%%%%EOF\n" % len(text))
    return path


def render(path: Path, part: str = "") -> dict[str, PIL.Image.Image]:
    return {name: give() for name, give in render_pages(path, part)}


def refused(path: Path, part: str = "") -> ImageError:
    with pytest.raises(ImageError) as caught:
        render(path, part)
    assert caught.value.code in IMAGE_ERROR_CODES
    assert "\n" not in caught.value.message
    return caught.value


def shrink(picture: PIL.Image.Image, width: int = 200, height: int = 100) -> Grey:
    return load(picture.resize((width, height), PIL.Image.Resampling.BOX))


# --- what is rendered ------------------------------------------------------------------------------------------------


def test_pages_come_in_order_as_they_were_drawn(tmp_path: Path) -> None:
    pages = [draw(grey) for grey in (250, 200, 150)]
    found = render(save(tmp_path / "a.pdf", *pages))
    assert list(found) == ["page=1", "page=2", "page=3"]
    for picture, page in zip(found.values(), pages, strict=True):
        assert picture.size == (SIDE, SIDE // 2)
        assert load_picture(picture).mode == "RGB"
        assert np.abs(shrink(picture).astype(int) - np.asarray(page)).mean() < 2


def test_one_page_alone(tmp_path: Path) -> None:
    path = save(tmp_path / "a.pdf", *(draw(grey) for grey in (250, 200, 150)))
    found = render(path, "page=2")
    assert list(found) == ["page=2"]
    assert abs(int(shrink(found["page=2"])[-1, -1]) - 200) < 4


def test_colours_are_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf", content=b"1 0 0 rg 0 0 300 100 re f")
    assert render(path)["page=1"].getpixel((99, 99)) == (255, 0, 0)


def test_a_page_that_is_turned_is_set_upright(tmp_path: Path) -> None:
    """The square at the lower left of the sheet is seen at the upper left when the sheet is turned to the right."""
    path = write(tmp_path / "a.pdf", b"/MediaBox [0 0 300 100] /Rotate 90", b"0 0 50 50 re f")
    picture = render(path)["page=1"]
    assert picture.size == (834, SIDE)
    assert (picture.getpixel((100, 100)), picture.getpixel((700, 100))) == ((0, 0, 0), (255, 255, 255))


def test_pages_outlive_their_file(tmp_path: Path) -> None:
    first, second = render(save(tmp_path / "a.pdf", draw(250), draw(150))).values()
    assert (shrink(first)[-1, -1] > 240, shrink(second)[-1, -1] < 160) == (True, True)


def test_pages_are_rendered_one_at_a_time(tmp_path: Path) -> None:
    pages = render_pages(save(tmp_path / "a.pdf", *[draw(250)] * 300))
    name, give = next(pages)
    assert (name, give().size) == ("page=1", (SIDE, SIDE // 2))
    pages.close()  # type: ignore[attr-defined]


# --- sizes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("box", "size"),
    [
        (b"[0 0 595 842]", (1767, SIDE)),
        (b"[0 0 1000000 1000000]", (SIDE, SIDE)),
        (b"[0 0 30000000 3]", (SIDE, 1)),
        (b"[0 0 3 30000000]", (1, SIDE)),
        (b"[0 0 .01 .01]", (SIDE, SIDE)),
        (b"[-100 -50 100 50]", (SIDE, SIDE // 2)),
        (b"[200 100 0 0]", (SIDE, SIDE // 2)),
        (b"[0 0 99999999999999999999.0 99999999999999999999.0]", (SIDE, SIDE)),
    ],
)
def test_a_page_of_any_size_is_of_a_bounded_one(tmp_path: Path, box: bytes, size: tuple[int, int]) -> None:
    picture = render(write(tmp_path / "a.pdf", b"/MediaBox " + box))["page=1"]
    assert np.abs(np.subtract(picture.size, size)).max() <= 1


@pytest.mark.parametrize(
    "box",
    [
        b"",
        b"/MediaBox [0 0 0 0]",
        b"/MediaBox [5 5 5 9]",
        b"/MediaBox [nan 0 inf]",
        b"/MediaBox [0 0 99999999999999999999 99999999999999999999]",  # integers that PDFium cannot hold are 0 to it
    ],
)
def test_a_page_without_a_size_is_as_paper_is(tmp_path: Path, box: bytes) -> None:
    assert max(render(write(tmp_path / "a.pdf", box))["page=1"].size) == pytest.approx(SIDE, abs=1)


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["page=0", "page=4", "page=999999999", "page=-1", "page=", "page=1.5", "2", "a.png"])
def test_a_page_that_is_not_there(tmp_path: Path, part: str) -> None:
    error = refused(save(tmp_path / "a.pdf", draw(250), draw(200), draw(150)), part)
    assert (error.code, error.message) == ("not_found", "no such page, expected #page=1 to #page=3")


def test_too_many_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "a.pdf", draw(250), draw(200), draw(150))
    monkeypatch.setattr(pages, "MAX_PAGES", 2)
    error = refused(path)
    assert error.code == "too_large"
    assert error.message == "found 3 pages, at most 2 are read at once; name them, as #page=1"
    assert list(render(path, "page=3")) == ["page=3"]
    monkeypatch.setattr(pages, "MAX_PAGES", 3)
    assert len(render(path)) == 3


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"Dear Sir or Madam", "not_an_image"),
        (b"\x89PNG\r\n\x1a\n", "not_an_image"),
        (b"%PDF-1.7\n", "truncated"),
        (b"%PDF-1.7\n" + bytes(1000), "truncated"),
    ],
)
def test_what_is_no_pdf(tmp_path: Path, content: bytes, code: str) -> None:
    (tmp_path / "a.pdf").write_bytes(content)
    assert refused(tmp_path / "a.pdf").code == code


def test_a_file_that_is_not_there_and_a_folder(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.pdf").code == "not_found"
    assert refused(tmp_path).code == "not_an_image"


def test_a_pdf_without_pages(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pdf")
    path.write_bytes(path.read_bytes().replace(b"/Kids [3 0 R] /Count 1", b"/Kids []      /Count 0"))
    assert refused(path).code in ("empty", "truncated")


def test_a_pdf_with_a_password(tmp_path: Path) -> None:
    keys = (b"5a" * 32, b"a5" * 32)
    encrypt = b"/Encrypt <</Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4>> /ID [<00> <00>]" % keys
    error = refused(write(tmp_path / "a.pdf", trailer=encrypt))
    assert (error.code, error.message) == (
        "unsupported_format",
        "the PDF is encrypted; save it without a password",
    )


def test_damaged_pdfs_are_rendered_or_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.pdf", draw(250), draw(200))
    original = path.read_bytes()
    random = np.random.default_rng(0)
    codes = set()
    for cut in np.linspace(20, len(original), 20):
        content = bytearray(original[: int(cut)])
        content[random.integers(9, len(content))] = random.integers(0, 256)
        path.write_bytes(content)
        try:
            pages = list(render_pages(path))
        except ImageError as error:
            codes.add(error.code)
        else:
            assert len(pages) <= 2
    assert codes <= set(IMAGE_ERROR_CODES)


def test_a_page_that_cannot_be_rendered_is_one_error_among_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pypdfium2

    original = pypdfium2.PdfDocument.__getitem__

    def fail(document: pypdfium2.PdfDocument, index: int) -> object:
        if index == 1:
            raise pypdfium2.PdfiumError("Failed to load page.")
        return original(document, index)

    monkeypatch.setattr(pypdfium2.PdfDocument, "__getitem__", fail)
    codes = []
    for _, give in render_pages(save(tmp_path / "a.pdf", draw(250), draw(200), draw(150))):
        try:
            codes.append(give().mode)
        except ImageError as error:
            codes.append(f"{error.code}: {error.message}")
    assert codes == ["RGB", "not_an_image: the page is damaged (Failed to load page.)", "RGB"]


def test_without_its_extra_the_pdf_alone_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "a.pdf", draw(250))
    assert can_render()
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    assert not can_render()
    error = refused(path)
    assert error.code == "unsupported_format"
    assert error.message == "found PDF, but pypdfium2 is not installed; it comes with: pip install 'inkdigit[pdf]'"
    assert refused(tmp_path / "none.pdf").code == "not_found"


def test_names_of_pdfs() -> None:
    assert [name for name in ("a.pdf", "A.PDF", "a.png", "pdf", "._a.pdf", ".pdf") if is_pdf_name(Path(name))] == [
        "a.pdf",
        "A.PDF",
    ]
