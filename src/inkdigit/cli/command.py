"""A command as typer knows it, but one that passes over nothing in silence."""

from collections import Counter
from typing import Any

from typer.core import TyperCommand, TyperOption

from inkdigit.errors import UsageError


class Command(TyperCommand):
    """A command that refuses a value given twice, of which the parser would take the last alone."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parses the words of a command line."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for option, times in Counter(order).items():
            if times > 1 and isinstance(option, TyperOption) and not (option.multiple or option.is_flag):
                raise UsageError(f"found {option.opts[-1]} {times} times, expected it once; leave out the others")
        return super().parse_args(ctx, args)
