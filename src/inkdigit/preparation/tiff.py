"""The pages of a TIFF, as scanners and faxes write them → pictures."""

import io
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import PIL.Image

from inkdigit.errors import ImageError
from inkdigit.preparation.load import MAX_PIXELS, QUIET, decode, read_bytes
from inkdigit.preparation.pages import MAX_PAGES, choose_pages


def has_pages(path: Path) -> bool:
    """Whether a TIFF has a second page; what cannot be read has none."""
    try:
        return _count(read_bytes(path), 2) > 1
    except ImageError:
        return False


def read_pages(path: Path, part: str = "") -> Iterator[tuple[str, Callable[[], PIL.Image.Image]]]:
    """Yields the pages of a TIFF as ``page=1`` and so on, each with what decodes it.

    Args:
        path: of a TIFF.
        part: ``page=2`` for that page alone; empty for all.

    Raises:
        ImageError: the file cannot be read, or has no such page or too many; what decodes a page raises it where that
            one is damaged.
    """
    content = read_bytes(path)
    for number in choose_pages(_count(content, MAX_PAGES + 1), part):
        yield f"page={number}", partial(decode, "taken for a TIFF", partial(_open, content, number), MAX_PIXELS)


def _count(content: bytes, most: int) -> int:
    """How many pages a TIFF has, a damaged one included; of a stranger's millions no more are counted than matter."""
    pages = 0
    with QUIET:
        try:
            picture = _open(content, 1)
            for pages in range(1, most):
                picture.seek(pages)
        except EOFError:
            return pages
        except Exception:  # noqa: BLE001 - as many types as there are damages, told when that page is decoded
            return pages + 1
    return most


def _open(content: bytes, number: int) -> PIL.Image.Image:
    picture = PIL.Image.open(io.BytesIO(content), formats=("TIFF",))
    picture.seek(number - 1)
    return picture
