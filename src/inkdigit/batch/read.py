"""Files → answers, part by part."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from threading import Timer
from typing import TypeAlias

import pyarrow as pa

from inkdigit.batch.answers import find_answers, write_answers
from inkdigit.batch.engine import start
from inkdigit.batch.job import Job
from inkdigit.batch.journal import Journal, keep
from inkdigit.batch.tally import Tally
from inkdigit.errors import EnvironmentFault, ImageError, UsageError
from inkdigit.files import check_folder
from inkdigit.lock import locked
from inkdigit.machine import count_cores
from inkdigit.reading.inputs import open_file
from inkdigit.reading.options import Options, check_processes
from inkdigit.reading.result import Reading
from inkdigit.reading.weights import DEFAULT, LOCATOR

File: TypeAlias = tuple[str, str]
"""A path, and the one part of it that is wanted, or "", as ``inkdigit.reading.inputs.find_files`` gives them."""

PART = 256
"""Files in a part, at most: of single digits two seconds of a core, of pages half a minute, which a stop can lose."""

JOURNALS = ".journals"
"""The folder of those of parts in work, in that of the answers; who reads Parquet passes over names that begin so."""

SHARES = 4
"""Parts for each core, at least, where there are files enough, so that none waits long for the others' last."""


def read_files(
    files: Sequence[File],
    folder: Path,
    *,
    model: str = DEFAULT,
    locator: str = LOCATOR,
    options: Options | None = None,
    processes: int = 0,
    address: str | None = None,
    watch: Callable[[Tally], None] = lambda _: None,
) -> None:
    """Reads files into a folder of Parquet files (``inkdigit.batch.answers.SCHEMA``), part by part.

    Those whose answers lie there are not read again, so that the same call goes on after a stop, or with more files. A
    file that two processes die of, or do not finish with in time, is a row with an error.

    Args:
        files: they must lie at the same place on every machine.
        folder: likewise.
        model: the name of shipped weights, a run's folder, or an .onnx file.
        locator: likewise.
        options: of each reading, but its name.
        processes: how many read on this machine; 0 takes every core. Not with an address.
        address: of a Ray cluster, as ``auto``; without one, Ray is started here, and ended.
        watch: hears what became of the files that were read before, and of each part as it is written.

    Raises:
        UsageError: the folder holds answers made with another model or option; else as ``Reader.read``.
        DataError: as ``Reader.read``.
        EnvironmentFault: Ray cannot be started or reached, or gives up; another process fills the folder, or it cannot
            be written to.
        Interrupted: by SIGINT or SIGTERM.
    """
    check_processes(processes or 1)
    if processes and address is not None:
        raise UsageError("found processes and an address, expected one of them: a cluster knows its cores")
    check_folder(folder)
    job = Job.of(model, locator, options or {}, folder)
    job.folder.mkdir(parents=True, exist_ok=True)
    with locked(job.folder, wait=False) as is_ours:
        if not is_ours:
            raise EnvironmentFault(f"{folder}: another process fills it, expected one at a time; wait, or stop it")
        rmtree(job.folder / JOURNALS, ignore_errors=True)  # of a run that was killed
        _read_waiting(files, job, processes, address, watch)
        rmtree(job.folder / JOURNALS, ignore_errors=True)


def _read_waiting(
    files: Sequence[File], job: Job, processes: int, address: str | None, watch: Callable[[Tally], None]
) -> None:
    """Reads the files that have no answers yet."""
    known = find_answers(job.folder, job.made_with)
    waiting: list[File] = []
    for file in files:
        if (name := _name(*file)) in known:
            watch(known[name])
        else:
            waiting.append(file)
    if waiting:
        with start(processes or count_cores(), address) as engine:
            for row in engine.map(read_part, list(share(waiting, engine.cores)), job):
                watch(Tally(**row))


def share(files: Sequence[File], cores: int) -> Iterator[pa.Table]:
    """Files in parts, as Ray sends them: their names are any bytes."""
    size = max(1, min(PART, len(files) // (SHARES * cores)))
    schema = pa.schema({"path": pa.binary(), "part": pa.binary()})
    for first in range(0, len(files), size):
        columns = zip(*files[first : first + size], strict=True)
        yield pa.table([[os.fsencode(word) for word in column] for column in columns], schema)


def read_part(part: pa.Table, job: Job) -> pa.Table:
    """Reads a part and writes its answers, in a process of Ray's; gives a row with what a ``Tally`` tells.

    Its name is made of the names of its files: whoever reads them twice, since a machine was lost meanwhile, writes
    their answers twice, and they are there once.
    """
    files = [(os.fsdecode(row["path"]), os.fsdecode(row["part"])) for row in part.to_pylist()]
    names = [_name(*file) for file in files]
    digest = hashlib.sha256("\0".join(names).encode()).hexdigest()[:32]
    with keep(job.folder / JOURNALS / digest) as journal:
        rows = [
            {"file": names[number], **answer.to_dict()}
            for number, file in enumerate(files)
            for answer in _read_file(number, file, job, journal)
        ]
        write_answers(job.folder / f"{digest}.parquet", rows, job.made_with)
    failed = sum("error" in row for row in rows)
    return pa.table({"files": [len(files)], "pictures": [len(rows)], "failed": [failed]})


def _read_file(number: int, file: File, job: Job, journal: Journal) -> Iterator[Reading | ImageError]:
    if journal.is_deadly(number):
        yield ImageError("too_complex", "ended the processes that were to read it; save it anew", _name(*file))
        return
    journal.begin(number)
    pictures = open_file(*file)
    while True:
        with _limited(job.limit_s):
            found = next(pictures, None)
            if found is None:
                return
            answer = job.read(_to_text(found[0]), found[1])
        yield answer


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
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
    """A name whose bytes may be no text, those that are none as Python escapes them."""
    return name.encode(errors="backslashreplace").decode()
