"""The readers that are measured: inkdigit, a tutorial's network, and their peers.

Each is warm, in a process of its own, and asked in the same way.

RapidOCR lives in an environment of its own, which ``make wild`` makes.

Its other side, in those processes, is openers.py.
"""

import ctypes.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

PROJECT = Path(__file__).parent.parent

READERS = ("inkdigit", "tutorial", "rapidocr", "tesseract")

ENVIRONMENT = Path(__file__).parent / ".venv-peers"

TUTORIAL = PROJECT / "runs" / "tutorial" / "model.onnx"
"""LeNet as its tutorial trains it, which ``make wild`` does."""

LOOK_ALIKES = str.maketrans("OolI|SsZzBqgb", "0011155228996")
"""Letters that look like digits: whoever knows that a picture has digits alone would map them."""


@dataclass(frozen=True)
class Job:
    """A picture and what its reader is told of it.

    Attributes:
        path: of the picture.
        is_page: whether there may be several digits.
        is_inverted: whether the ink is lighter than the paper; only peers are told.
        single: whether inkdigit is told that there is one digit.
        min_confidence: inkdigit's threshold of refusal; None takes its default.
    """

    path: str
    is_page: bool
    is_inverted: bool = False
    single: bool = False
    min_confidence: float | None = None


@dataclass(frozen=True)
class Answer:
    """What was read.

    Attributes:
        text: line by line; "?" is a digit that was refused.
        confidence: that all of it is right, 0..1, as the reader has it; 0 where nothing was read.
        seconds: from the file to the text.
    """

    text: str
    confidence: float
    seconds: float


@dataclass(frozen=True)
class Answers:
    """What a reader read, and its process.

    Attributes:
        answers: one a job, in order.
        peak_mb: the most memory that the process held, in MB.
        version: of the reader.
    """

    answers: tuple[Answer, ...]
    peak_mb: float
    version: str


@dataclass(frozen=True)
class Entrant:
    """A reader with its settings: a row of the tables.

    Attributes:
        reader: of ``READERS``.
        single: whether it is told that a picture has one digit.
        min_confidence: inkdigit's threshold of refusal; None takes its default.
        is_mapped: whether letters that look like digits become these.
        is_page: whether it must expect several digits; None leaves that to the task.
    """

    reader: str
    single: bool = False
    min_confidence: float | None = None
    is_mapped: bool = False
    is_page: bool | None = None

    def job(self, path: Path, *, is_page: bool, is_inverted: bool = False) -> Job:
        """What its reader is asked."""
        page = is_page if self.is_page is None else self.is_page
        return Job(str(path.resolve()), page, is_inverted, self.single, self.min_confidence)

    def clean(self, answers: Answers) -> Answers:
        """With letters mapped, if they are to be; a peer's question mark is a misread character, not a refusal."""
        if self.reader == "inkdigit":
            return answers
        table = {**(LOOK_ALIKES if self.is_mapped else {}), ord("?"): None}
        cleaned = (replace(answer, text=answer.text.translate(table)) for answer in answers.answers)
        return replace(answers, answers=tuple(cleaned))


ENTRANTS: Mapping[str, Entrant] = {
    "inkdigit, nothing refused": Entrant("inkdigit", min_confidence=0.0),
    "inkdigit": Entrant("inkdigit"),
    "inkdigit --single, nothing refused": Entrant("inkdigit", single=True, min_confidence=0.0),
    "inkdigit --single": Entrant("inkdigit", single=True),
    "a tutorial's LeNet": Entrant("tutorial"),
    "RapidOCR": Entrant("rapidocr"),
    "RapidOCR, letters mapped": Entrant("rapidocr", is_mapped=True),
    "RapidOCR with detector": Entrant("rapidocr", is_page=True),
    "RapidOCR with detector, mapped": Entrant("rapidocr", is_page=True, is_mapped=True),
    "Tesseract": Entrant("tesseract"),
}


def explain_missing(reader: str) -> str:
    """How to install a reader that is not there, in one line; nothing where it is."""
    if reader == "rapidocr" and not (ENVIRONMENT / "installed").exists():
        return f"found no {ENVIRONMENT.name}: `make wild` installs RapidOCR there"
    if reader == "tutorial" and not TUTORIAL.exists():
        return f"found no {TUTORIAL.relative_to(PROJECT)}: `make wild` trains it"
    if reader == "tesseract" and not ctypes.util.find_library("tesseract"):
        return "found no Tesseract: `apt-get install tesseract-ocr` installs it"
    return ""


def find_readers(names: Collection[str]) -> list[str]:
    """The readers that are installed; of the others, one line how to install them."""
    missing = {name: explain_missing(name) for name in names}
    for name, reason in missing.items():
        if reason:
            print(f"{name} is left out: {reason}", file=sys.stderr)
    return [name for name, reason in missing.items() if not reason]


def ask_entrants(
    names: Sequence[str], readers: Collection[str], jobs: Callable[[Entrant], Sequence[Job]]
) -> dict[str, Answers]:
    """The answers of each entrant whose reader is there; those that differ in their letters alone are asked once."""
    asked: dict[Entrant, Answers] = {}
    answers = {}
    for name in names:
        entrant = ENTRANTS[name]
        if entrant.reader in readers:
            same = replace(entrant, is_mapped=False)
            if same not in asked:
                asked[same] = ask(entrant.reader, jobs(entrant))
            answers[name] = entrant.clean(asked[same])
    return answers


def ask(reader: str, jobs: Sequence[Job]) -> Answers:
    """Reads all pictures in one new process; the first of them once more before, to warm up."""
    python = ENVIRONMENT / "bin" / "python" if reader == "rapidocr" else Path(sys.executable)
    lines = "".join(json.dumps(asdict(job)) + "\n" for job in jobs)
    # Tesseract's threads wait for each other longer than they work; its own documentation says to allow one.
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"} if reader == "tesseract" else dict(os.environ)
    command = [str(python), "-m", "benchmarks.openers", reader]
    ended = subprocess.run(  # noqa: S603
        command, input=lines, env=environment, cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise SystemExit(f"{reader} failed:\n{ended.stderr[-2000:]}")
    *answers, process = (json.loads(line) for line in ended.stdout.splitlines())
    return Answers(tuple(Answer(**answer) for answer in answers), **process)
