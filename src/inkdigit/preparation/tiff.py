"""The pages of a TIFF, as scanners and faxes write them → pictures."""

import io
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import BinaryIO

import PIL.Image

from inkdigit.errors import ImageError
from inkdigit.preparation.load import MAX_PIXELS, QUIET, decode, open_file, read_bytes
from inkdigit.preparation.pages import MAX_PAGES, choose_pages

_KIND, _NO_PAGE = 254, 0b101
"""The tag that tells what a picture of a TIFF is, and its bits for a smaller copy and for a mask."""


def has_pages(path: Path) -> bool:
    """Whether a TIFF has a second page; what cannot be read has none."""
    try:
        with open_file(path) as file:
            return _Scan(file).count(2) > 1
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
    scan = _Scan(io.BytesIO(read_bytes(path)))
    for number in choose_pages(scan.count(MAX_PAGES + 1), part):
        yield f"page={number}", partial(decode, "taken for a TIFF", partial(scan.turn_to, number), MAX_PIXELS)


class _Scan:
    """A TIFF that stays open: reopened for each page, it would walk through all pages before it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._frames: list[int] = []  # of its pages, as far as they were counted

    @cached_property
    def _picture(self) -> PIL.Image.Image:
        return PIL.Image.open(self._file, formats=("TIFF",))

    def turn_to(self, number: int) -> PIL.Image.Image:
        """The picture, at a page that was counted."""
        self._picture.seek(self._frames[number - 1])
        return self._picture

    def count(self, most: int) -> int:
        """How many pages there are, damaged ones too, up to ``most``; a stranger's millions are not looked at.

        Smaller copies of a page and masks are none.
        """
        self._frames = []
        with QUIET:
            for frame in range(MAX_PAGES + 1):
                try:
                    self._picture.seek(frame)
                except EOFError:
                    break
                except Exception:  # noqa: BLE001 - as many types as there are damages, told when that page is decoded
                    self._frames.append(frame)
                    break
                kind = self._picture.tag_v2.get(_KIND, 0)  # type: ignore[attr-defined] # a stranger's may be a text
                if not (isinstance(kind, int) and kind & _NO_PAGE):
                    self._frames.append(frame)
                if len(self._frames) == most:
                    break
        self._frames = self._frames or [0]
        return len(self._frames)
