"""Words for people."""

import sys


def tell(message: str) -> None:
    """Prints one line on standard error, whatever is in the names that it tells."""
    line = " ".join(message.split())
    harmless = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line)
    print(f"inkdigit: {harmless}", file=sys.stderr)
