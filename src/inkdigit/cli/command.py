"""A command as typer knows it, but one that drops no rule or region in silence."""

from collections import Counter
from typing import Any

from typer.core import TyperCommand, TyperOption

from inkdigit.errors import UsageError

ONCE = frozenset({"region", "regions", "length", "pattern", "among", "check"})
"""Options of which two could be meant to hold together. Of all others the last one counts, as after an alias."""


class Command(TyperCommand):
    """A command that refuses some options where they are given twice; the parser would keep the last alone."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parses the words of a command line."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for option, times in Counter(order).items():
            if times > 1 and isinstance(option, TyperOption) and option.name in ONCE:
                raise UsageError(f"found {option.opts[-1]} {times} times, expected it once; leave out the others")
        return super().parse_args(ctx, args)
