"""Which file of a part was being read when its process died: Ray would give the part to another process, forever."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from inkdigit.errors import EnvironmentFault

DEATHS = 2
"""A file that this many processes died of is given up; the first may have died for lack of memory."""

MOST_CHANCES = 8
"""The most files of a part that one process each died of, or deaths between files: more are not the files' fault."""

RESUMED, DONE = "resumed", "done"


class Journal:
    """A record of the files of a part, by number, that any process has begun, in a file beside the answers."""

    def __init__(self, path: Path) -> None:
        """Continues the journal of a process that died, if there is one.

        Raises:
            EnvironmentFault: processes die of whatever they read.
        """
        self._path = path
        begun = path.read_text(encoding="ascii").split() if path.exists() else []
        if begun:
            self._add(RESUMED)
            begun.append(RESUMED)
        deaths = Counter(word for word, after in pairwise(begun) if after == RESUMED)
        between = deaths.pop(RESUMED, 0) + deaths.pop(DONE, 0)
        if max(between, sum(times == 1 for times in deaths.values())) > MOST_CHANCES:
            raise EnvironmentFault("processes that read die one after the other; give the machine more memory")
        self._deadly = {word for word, times in deaths.items() if times >= DEATHS}

    def is_deadly(self, number: int) -> bool:
        """Whether processes died of a file."""
        return str(number) in self._deadly

    def begin(self, number: int) -> None:
        """Notes that a file is in work."""
        self._add(str(number))

    def end(self) -> None:
        """Notes that none is."""
        self._add(DONE)

    def _add(self, word: str) -> None:
        with self._path.open("a", encoding="ascii") as file:
            file.write(f"{word}\n")


@contextmanager
def keep(path: Path) -> Iterator[Journal]:
    """A journal, which is deleted once the part is done; a process that dies leaves it behind.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    yield Journal(path)
    path.unlink(missing_ok=True)
