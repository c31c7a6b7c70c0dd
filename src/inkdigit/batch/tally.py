"""What became of files."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tally:
    """What became of some files.

    Attributes:
        files: how many.
        pictures: that lie in them.
        failed: pictures that could not be read.
    """

    files: int
    pictures: int
    failed: int
