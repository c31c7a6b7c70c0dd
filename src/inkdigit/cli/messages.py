"""Words for people."""

import sys

from inkdigit.files import show_name


def tell(message: str) -> None:
    """Prints one line on standard error, whatever is in the names that it tells."""
    print(f"inkdigit: {show_name(' '.join(message.split()))}", file=sys.stderr)
