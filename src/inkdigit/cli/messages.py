"""Words for people."""

import re
import sys

from inkdigit.files import show_name

NO_TEXT = re.compile("[\ud800-\udfff]")
"""Bytes of a name that no encoding of standard error may be able to write."""


def tell(message: str) -> None:
    """Prints one line on standard error, whatever is in the names that it tells."""
    line = NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", show_name(" ".join(message.split())))
    print(f"inkdigit: {line}", file=sys.stderr)
