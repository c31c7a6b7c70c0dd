"""Files of several pages: which of them are asked for, as ``#page=2``."""

import re

from inkdigit.errors import ImageError

MAX_PAGES = 1000

_PART = re.compile(r"page=([0-9]{1,9})")


def choose_pages(pages: int, part: str) -> range:
    """The numbers, from 1, of the pages that are asked for: that of ``page=2``, or all where nothing is asked.

    Raises:
        ImageError: there is no such page, or too many for all.
    """
    if not part:
        if pages > MAX_PAGES:
            raise ImageError(
                "too_large", f"found {pages} pages, at most {MAX_PAGES} are read at once; name them, as #page=1"
            )
        return range(1, pages + 1)
    match = _PART.fullmatch(part)
    if match is None or not 1 <= int(match[1]) <= pages:
        raise ImageError("not_found", f"no such page, expected #page=1 to #page={pages}")
    return range(int(match[1]), int(match[1]) + 1)
