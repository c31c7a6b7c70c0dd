"""The pages of a PDF → pictures, by PDFium, which the extra ``pdf`` installs.

PDFium is Chrome's renderer, a large program in C++, and it runs in this process, in one thread at a time. The pixels of
a page are bounded before it is rendered, but not what lies on the page: a hostile one may take minutes or gigabytes,
or end the process. PDFs of strangers belong into a process that can be killed.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import PIL.Image

from inkdigit.errors import ImageError, missing_extra
from inkdigit.preparation.load import open_file
from inkdigit.preparation.pages import choose_pages

SIDE = 2500
"""Pixels of a page's longer side, whatever size the page says it has: for A4, 214 to the inch, as scans have."""

START_BYTES = 1024  # within which readers look for the first words of a PDF


def is_pdf_name(path: Path) -> bool:
    """Whether a file in a folder is taken for a PDF, by its name; hidden ones are not."""
    return path.suffix.lower() == ".pdf" and not path.name.startswith(".")


def can_render() -> bool:
    """Whether PDFium is installed, told without loading it."""
    return find_spec("pypdfium2") is not None


def render_pages(path: Path, part: str = "") -> Iterator[tuple[str, Callable[[], PIL.Image.Image]]]:
    """Yields the pages of a PDF as ``page=1`` and so on, each with what renders it before the next is asked for.

    Args:
        path: of a PDF.
        part: ``page=2`` for that page alone; empty for all.

    Raises:
        ImageError: the file is no PDF, is encrypted or damaged, or has no such page, none or too many; what renders a
            page raises it where that one cannot be rendered. Or PDFium is missing, and with it this PDF alone.
    """
    with open_file(path) as file, closing(_open(file)) as document:
        if not len(document):
            raise ImageError("empty", "found a PDF without pages, expected at least one")
        for number in choose_pages(len(document), part):
            yield f"page={number}", partial(_render, document, number)


def _open(file: BinaryIO) -> Any:
    """A document of pypdfium2, which reads the file as it needs it."""
    start = file.read(START_BYTES)
    if not start:
        raise ImageError("empty", "the file is empty")
    if b"%PDF" not in start:
        raise ImageError("not_an_image", "found no PDF, expected one by its name")
    try:
        import pypdfium2  # noqa: PLC0415 - slow, and an extra
    except ImportError:
        raise ImageError("unsupported_format", f"found PDF, but {missing_extra('pdf', 'pypdfium2')}") from None
    try:
        return pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise ImageError("unsupported_format", "the PDF is encrypted; save it without a password") from None
        raise ImageError("truncated", f"begins as PDF, but it is cut off or damaged ({error})") from error


def _render(document: Any, number: int) -> PIL.Image.Image:
    try:
        with closing(document[number - 1]) as page:
            side = max(page.get_size())
            if not 0 < side < math.inf:
                raise ImageError("empty", f"found a page {side} points wide, expected at least one")
            with closing(page.render(scale=SIDE / side)) as bitmap:
                picture: PIL.Image.Image = bitmap.to_pil()
                return picture.convert("RGB")  # pixels of its own, which outlive the bitmap
    except MemoryError:
        raise ImageError("too_large", "needs more memory than there is") from None
    except RuntimeError as error:  # the parent of pypdfium2's
        raise ImageError("not_an_image", f"the page is damaged ({error})") from error
