"""Which file of a part was in work when its process died: Ray gives the part to another one, for ever."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

DEATHS = 2
"""Of a file that so many processes died of, no other is given a try: the first may have been killed for its memory."""

RESUMED = "resumed"


class Journal:
    """The files of a part by their numbers, as they were begun by whatever process, in a file beside the answers."""

    def __init__(self, path: Path) -> None:
        """Goes on with the journal of a process that died, if there is one."""
        self._path = path
        begun = path.read_text(encoding="ascii").split() if path.exists() else []
        if begun:
            self._add(RESUMED)
            begun.append(RESUMED)
        self._deaths = Counter(number for number, after in pairwise(begun) if after == RESUMED)

    def is_deadly(self, number: int) -> bool:
        """Whether processes died of a file."""
        return self._deaths[str(number)] >= DEATHS

    def begin(self, number: int) -> None:
        """Notes that a file is in work."""
        self._add(str(number))

    def _add(self, word: str) -> None:
        with self._path.open("a", encoding="ascii") as file:
            file.write(f"{word}\n")


@contextmanager
def keep(path: Path) -> Iterator[Journal]:
    """A journal, which is gone once the part is done; a process that dies leaves it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    yield Journal(path)
    path.unlink(missing_ok=True)
