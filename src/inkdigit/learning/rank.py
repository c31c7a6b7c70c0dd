"""A process that trains a run with others: ``python -m inkdigit.learning.rank RUN PLACE RANK``.

It learns from its share of each batch and writes nothing: the first process of the group, which started it, measures,
logs and saves, and holds this one's standard input open. When that closes, this process ends at once. It reports an
error in one line on standard output.
"""

import os
import signal
import sys
import threading
from pathlib import Path

from inkdigit.errors import first_line
from inkdigit.learning.distributed import Left, join
from inkdigit.learning.engine import find_device
from inkdigit.learning.run import Run
from inkdigit.learning.train import fit


def take_part(folder: Path, place: Path, rank: int) -> None:
    """Trains a run with the group that meets at a place."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a scheduler's signal goes to all; the first process ends us
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_input, daemon=True).start()
    run = Run.open(folder)
    training, watched, _ = run.load_digits()
    fit(run, training, watched, (), find_device("cpu"), group=join(place, rank, run.processes))


def _end_with_input() -> None:
    os.read(0, 1)  # not sys.stdin, whose lock would still be held when the process ends
    os._exit(0)


def _main() -> None:
    try:
        take_part(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
    except Left:  # another process is to blame, and reports it
        pass
    except Exception as error:  # noqa: BLE001 - whatever it is, the first process reports it
        os.write(1, first_line(error).encode(errors="replace"))
        os._exit(1)
    threading.Event().wait()  # for the first process to end: what was sent to it may still be on its way


if __name__ == "__main__":
    _main()
