"""Strangers' digits read by inkdigit, RapidOCR and Tesseract, side by side: right, refused, sure, and at what cost.

The pictures are those of wild/ in the folder that INKDIGIT_DATA names. Nothing of them is written into the project:
the JSON has figures alone, and the page of misread pictures goes to a temporary folder.

usage: python -m benchmarks.wild [TASK ...] [--readers NAME ...] [--page FILE.html] [--sizes] [--out FILE.json]
"""

import argparse
import csv
import json
import math
import sys
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.figures import add_out, write_figures
from benchmarks.installed import measure_sizes
from benchmarks.readers import ENTRANTS, PROJECT, READERS, Answer, Answers, Entrant, Job, ask_entrants, find_readers
from benchmarks.wild_page import Section, write_page
from benchmarks.wild_scores import Picture, is_quiet, is_right, score_negatives, score_pages, score_singles
from benchmarks.wild_tables import print_table

from inkdigit.data.sources import data_folder
from inkdigit.machine import describe_machine, is_busy

RESULTS = Path(__file__).parent / "results"

START_S = 3
SECONDS = {"inkdigit": (0.04, 0.5), "tutorial": (0.01, 0.02), "rapidocr": (0.06, 1.7), "tesseract": (0.02, 0.4)}
"""What a single digit and a page about take on two cores, to tell beforehand."""


@dataclass(frozen=True)
class Task:
    """Pictures, and how they are asked for and scored.

    Attributes:
        title: of its table.
        folder: in wild/.
        takes: which rows of the manifest.
        is_page: whether a reader must expect several digits.
        score: from pictures and answers to figures.
        entrants: of ``ENTRANTS``.
        is_right: whether an answer is what a picture says.
    """

    title: str
    folder: str
    takes: Callable[[Picture], bool]
    is_page: bool
    score: Callable[[Sequence[Picture], Answers], dict[str, Any]]
    entrants: tuple[str, ...]
    is_right: Callable[[Picture, Answer], bool] = is_right

    @property
    def place(self) -> Path:
        """Where its pictures are."""
        return data_folder() / "wild" / self.folder


_BOTH = ("inkdigit, nothing refused", "inkdigit")
_PEERS = ("RapidOCR", "RapidOCR, letters mapped", "Tesseract")
_TOLD = ("inkdigit --single, nothing refused", "inkdigit --single")
_TUTORIAL = ("a tutorial's LeNet",)
_DETECTED = ("RapidOCR with detector", "RapidOCR with detector, mapped")

TASKS: Mapping[str, Task] = {
    "single": Task("one digit", "single", lambda _: True, False, score_singles, (*_BOTH, *_TOLD, *_TUTORIAL, *_PEERS)),
    "pages": Task(
        "pages, digits only", "multi", lambda page: "operators" not in page.notes, True, score_pages, (*_BOTH, *_PEERS)
    ),
    "signs": Task(
        "pages with signs, which are dropped",
        "multi",
        lambda page: "operators" in page.notes,
        True,
        score_pages,
        (*_BOTH, *_PEERS),
    ),
    "negatives": Task(
        "no digit, those that resemble one left out",
        "negatives",
        lambda thing: "resembles" not in thing.notes,
        False,
        score_negatives,
        (*_BOTH, *_PEERS, *_DETECTED),
        is_quiet,
    ),
}


def load_pictures(task: Task) -> list[Picture]:
    """The rows of the manifest that the task takes."""
    manifest = task.place / "manifest.csv"
    if not manifest.is_file():
        sys.exit(f"found no {manifest}: INKDIGIT_DATA must name a folder that has wild/")
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = [
            Picture(row["file"], row["label"], row["kind"], row["polarity"] == "light-on-dark", row["notes"])
            for row in csv.DictReader(file)
        ]
    return [picture for picture in rows if task.takes(picture)]


def read_all(task: Task, pictures: Sequence[Picture], readers: Collection[str]) -> dict[str, Answers]:
    """The answers of each entrant."""

    def jobs(entrant: Entrant) -> list[Job]:
        return [
            entrant.job(task.place / picture.file, is_page=task.is_page, is_inverted=picture.is_inverted)
            for picture in pictures
        ]

    return ask_entrants(task.entrants, readers, jobs)


def _announce(tasks: Mapping[str, Sequence[Picture]], readers: Collection[str]) -> None:
    """How long it will about take, and whether its seconds will be worth anything."""
    seconds = 0.0
    for name, pictures in tasks.items():
        for entrant in (ENTRANTS[entrant] for entrant in TASKS[name].entrants):
            if entrant.reader in readers and not entrant.is_mapped:
                is_page = TASKS[name].is_page if entrant.is_page is None else entrant.is_page
                seconds += START_S + SECONDS[entrant.reader][is_page] * len(pictures)
    print(f"about {math.ceil(seconds / 60)} min on two cores", file=sys.stderr)
    if is_busy():
        print("other work takes the machine's time: do not believe the seconds", file=sys.stderr)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=f"of {', '.join(TASKS)}; all by default")
    parser.add_argument("--readers", nargs="+", choices=READERS, default=list(READERS))
    parser.add_argument("--page", type=Path, default=Path(tempfile.gettempdir()) / "inkdigit-wild.html",
                        help="where the page of misread pictures goes; never into the project")  # fmt: skip
    parser.add_argument("--sizes", action="store_true", help="also install inkdigit and RapidOCR anew, and weigh them")
    add_out(parser)
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.tasks if name not in TASKS]:
        parser.error(f"found {', '.join(unknown)}, expected some of {', '.join(TASKS)}")
    if arguments.page.resolve().is_relative_to(PROJECT.resolve()):
        parser.error(f"found --page {arguments.page} in the project: no wild picture may be kept there")
    return arguments


def main() -> None:
    """Reads, scores, prints and writes."""
    arguments = _parse()
    readers = find_readers(arguments.readers)
    pictures = {name: load_pictures(TASKS[name]) for name in arguments.tasks or TASKS}
    _announce(pictures, readers)
    busy = is_busy()
    results: dict[str, Any] = {"tasks": {}}
    versions: dict[str, str] = {}
    answers = {}
    for name, shown in pictures.items():
        answers[name] = read_all(TASKS[name], shown, readers)
        versions |= {ENTRANTS[entrant].reader: got.version for entrant, got in answers[name].items()}
        scores = {entrant: TASKS[name].score(shown, got) for entrant, got in answers[name].items()}
        results["tasks"][name] = scores
        print_table(f"{TASKS[name].title} ({len(shown)} pictures)", scores)
    if arguments.sizes:
        results["installed"] = measure_sizes(PROJECT)
        print(json.dumps(results["installed"], indent=2))
    told = {"date": datetime.now(UTC).date().isoformat(), "machine": {**describe_machine(), **versions}, "busy": busy}
    write_figures({**told, **results}, arguments.out)
    write_page(
        arguments.page,
        [
            Section(task.title, task.place, pictures[name], answers[name], task.is_right)
            for name, task in TASKS.items()
            if name in pictures
        ],
    )
    print(f"misread pictures: {arguments.page}", file=sys.stderr)


if __name__ == "__main__":
    main()
