"""What can go wrong, each with the exit code that the command line ends with.

A message says what was found, what was expected, and what to do, in one line.
"""

from collections.abc import Iterable
from difflib import get_close_matches

IMAGE_ERROR_CODES = (
    "not_found",
    "empty",
    "not_an_image",
    "unsupported_format",
    "truncated",
    "too_large",
    "too_complex",
    "timeout",
    "forbidden",
)


class InkdigitError(Exception):
    """The parent of every error that inkdigit raises on purpose."""

    exit_code = 1


class UsageError(InkdigitError):
    """An unknown name, option or value."""

    exit_code = 2


class EnvironmentFault(InkdigitError):
    """The machine lacks something: an extra, the network, a permission, room on the disk."""

    exit_code = 3


class DataError(InkdigitError):
    """A dataset, run folder, model or recipe that is missing, damaged or not what it says."""

    exit_code = 4


class ImageError(InkdigitError):
    """A picture that cannot be read.

    Attributes:
        code: one of ``IMAGE_ERROR_CODES``.
        message: one line for people.
        source: where the picture came from, filled in by the reader.
    """

    def __init__(self, code: str, message: str, source: str = "") -> None:
        super().__init__(code, message, source)  # all arguments, so that it can be pickled
        self.code = code
        self.message = message
        self.source = source

    def __str__(self) -> str:
        return self.message

    def to_dict(self) -> dict[str, object]:
        """The object that takes the place of the picture's reading in a list of readings."""
        return {"source": self.source, "error": {"code": self.code, "message": self.message}}


class Interrupted(InkdigitError):
    """Stopped by a signal after everything worth keeping was saved."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message, signal_number)
        self.message = message
        self.exit_code = 128 + signal_number

    def __str__(self) -> str:
        return self.message


def first_line(error: BaseException) -> str:
    """The first line of a library's error, cut to fit into our own message; its type if it is empty."""
    return (str(error) or type(error).__name__).splitlines()[0][:120]


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """A usage error for a name that is not in a table, with the nearest that is."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(names) or 'none'}"
    return UsageError(f"unknown {kind} {name!r}; {hint}")


def missing_extra(extra: str, module: str) -> EnvironmentFault:
    """The error for an optional dependency that is not installed."""
    return EnvironmentFault(f"{module} is not installed; it comes with: pip install 'inkdigit[{extra}]'")
