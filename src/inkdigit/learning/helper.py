"""A process that trains a run with others: ``python -m inkdigit.learning.helper RUN PLACE RANK``.

It learns from its share of each batch and leaves nothing: the first process of the group, which started it, measures,
logs and saves. When that is no more, it ends.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path

from inkdigit.learning.distributed import END_S, joined
from inkdigit.learning.engine import find_device
from inkdigit.learning.run import Run
from inkdigit.learning.train import fit


def help_train(folder: Path, place: Path, rank: int) -> None:
    """Takes the steps of a run with the group that meets at a place."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a scheduler's signal goes to all; the first process ends us
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_input, daemon=True).start()
    run = Run.open(folder)
    training, watched, _ = run.load_digits()
    with joined(place, rank, run.processes) as group:
        try:
            fit(run, training, watched, (), find_device("cpu"), group=group)
        except RuntimeError:  # of a group that is no more, most likely, and then this process is to end in silence
            time.sleep(END_S)
            raise


def _end_with_input() -> None:
    os.read(0, 1)  # ends with the process that holds the other end
    os._exit(0)


if __name__ == "__main__":
    help_train(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
