"""Files → answers, part by part."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from threading import Timer
from typing import Any, TypeAlias

import pyarrow as pa

from inkdigit.batch.answers import find_answers, write_answers
from inkdigit.batch.engine import start
from inkdigit.batch.job import Job
from inkdigit.batch.journal import Journal, keep
from inkdigit.batch.tally import Tally
from inkdigit.errors import EnvironmentFault, ImageError, UsageError
from inkdigit.files import TEMPORARY, check_folder
from inkdigit.lock import locked
from inkdigit.reading.inputs import open_pictures
from inkdigit.reading.options import Options
from inkdigit.reading.processes import check_processes
from inkdigit.reading.result import Reading
from inkdigit.reading.weights import DEFAULT, LOCATOR

File: TypeAlias = tuple[str, str]
"""A path, and the one part of it that is wanted, or "", as ``inkdigit.reading.inputs.find_files`` gives them."""

PART = 256
"""About how many files are in a part, and pictures in a file of answers; a stop can lose that much work: two seconds of
a core for single digits, half a minute for pages."""

JOURNALS = ".journals"
"""The folder of the journals, in that of the answers; Parquet readers skip names that begin with a dot."""

SHARES = 4
"""The least number of parts per core, if there are enough files, so that no core waits long for the last parts."""


def read_files(
    files: Iterable[File],
    folder: Path,
    *,
    model: str = DEFAULT,
    locator: str = LOCATOR,
    options: Options | None = None,
    again: bool = False,
    processes: int = 0,
    address: str | None = None,
    watch: Callable[[Tally], None] = lambda _: None,
) -> None:
    """Reads files into a folder of Parquet files (``inkdigit.batch.answers.SCHEMA``), part by part.

    Files whose answers are there are not read again, so that the same call goes on after a stop, or with more files. A
    file that two processes die of, or in which they exceed the time limit of a picture, is a row with an error.

    Args:
        files: they must have the same path on every machine, by which they are known.
        folder: likewise.
        model: the name of shipped weights, a run's folder, or an .onnx file; likewise.
        locator: likewise.
        options: of each reading, but its name.
        again: whether files with a picture that could not be read are read again.
        processes: how many read on this machine; 0 takes every core. Not with an address.
        address: of a Ray cluster, as ``auto``; without one, Ray is started here, and ended.
        watch: called with a tally of each file that was read before, and of each part as it is written.

    Raises:
        UsageError: the folder holds answers made with another model or option; else as ``Reader.read``.
        DataError: answers that lie there are damaged; else as ``Reader.read``.
        EnvironmentFault: Ray cannot be started or reached, or gives up; another process fills the folder, or it cannot
            be written to.
        Interrupted: by SIGINT or SIGTERM, where Ray is not at work in this process already.
    """
    check_processes(processes or 1)
    if processes and address is not None:
        raise UsageError("found processes and an address, expected one of them: a cluster knows its cores")
    check_folder(folder)
    job = Job.of(model, locator, options or {}, folder)
    wanted = list(dict.fromkeys((os.path.abspath(path), part) for path, part in files))  # noqa: PTH100 - links stay
    with _ours_alone(job.folder):
        known = find_answers(job.folder, job.made_with, again=again)
        for file in wanted:
            if (name := _name(*file)) in known:
                watch(known[name])
        if waiting := [file for file in wanted if _name(*file) not in known]:
            with start(processes, address) as engine:
                for row in engine.map(read_part, list(share(waiting, engine.cores)), job):
                    watch(Tally(**row))


@contextmanager
def _ours_alone(folder: Path) -> Iterator[None]:
    """Locks a folder of answers and removes leftovers, before and afterwards.

    Raises:
        EnvironmentFault: another process fills it.
    """
    journals = folder / JOURNALS
    journals.mkdir(parents=True, exist_ok=True)
    with locked(folder, wait=False) as is_ours:
        if not is_ours:
            raise EnvironmentFault(f"{folder}: another process fills it, expected one at a time; wait, or stop it")
        with locked(journals, wait=True):  # waits for processes that still read for one that was killed
            for leftover in folder.glob(f"{TEMPORARY}*"):
                leftover.unlink()
            rmtree(journals)
        try:
            yield
        finally:
            rmtree(journals, ignore_errors=True)


def share(files: Sequence[File], cores: int) -> Iterator[pa.Table]:
    """Files in parts, as Ray sends them: names as bytes, which need not be text."""
    size = max(1, min(PART, len(files) // (SHARES * cores)))
    schema = pa.schema({"path": pa.binary(), "part": pa.binary()})
    for first in range(0, len(files), size):
        columns = zip(*files[first : first + size], strict=True)
        yield pa.table([[os.fsencode(word) for word in column] for column in columns], schema)


def read_part(part: pa.Table, job: Job) -> pa.Table:
    """Reads a part and writes its answers, in a process of Ray's; returns a row with the fields of a ``Tally``.

    Where files hold many pictures, answers are written before the part is done.
    """
    files = [(os.fsdecode(row["path"]), os.fsdecode(row["part"])) for row in part.to_pylist()]
    names = [_name(*file) for file in files]
    group: list[str] = []
    rows: list[Mapping[str, Any]] = []
    pictures = failed = 0
    with keep(job.folder / JOURNALS / _digest(names)) as journal, locked(job.folder / JOURNALS, wait=True, shared=True):
        for number, (name, file) in enumerate(zip(names, files, strict=True)):
            group.append(name)
            rows += [{"file": name, **answer.to_dict()} for answer in _read_file(number, file, job, journal)]
            if len(rows) >= PART or number == len(files) - 1:
                write_answers(job.folder / f"{_digest(group)}.parquet", rows, job.made_with)
                pictures, failed = pictures + len(rows), failed + sum("error" in row for row in rows)
                group, rows = [], []
    return pa.table({"files": [len(files)], "pictures": [pictures], "failed": [failed]})


def _digest(names: Sequence[str]) -> str:
    """The name of the answers to some files: if they are read twice, since a machine was lost, they are stored once."""
    return hashlib.sha256("\0".join(names).encode()).hexdigest()[:32]


def _read_file(number: int, file: File, job: Job, journal: Journal) -> Iterator[Reading | ImageError]:
    """The answer to each picture in a file."""
    if journal.is_deadly(number):
        words = f"ended the processes that were to read it, or took longer than {job.limit_s:g} s; save it anew"
        yield ImageError("too_complex", words, _name(*file))
        return
    journal.begin(number)
    pictures = open_pictures(*file)
    while True:
        with limited(job.limit_s):
            found = next(pictures, None)
            if found is None:
                break
            answer = job.read(_to_text(found[0]), found[1])
        yield answer
    journal.end()


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Ends this process if it takes longer: a decoder cannot be stopped otherwise."""
    timer = Timer(seconds, os._exit, [1])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _name(path: str, part: str) -> str:
    """What a file is called in its answers."""
    return _to_text(f"{path}#{part}" if part else path)


def _to_text(name: str) -> str:
    """A name as text; bytes that are not valid text are escaped as in Python."""
    return name.encode(errors="backslashreplace").decode()
