"""A file that a mirror holds → a verified file on disk: mirrors in turn, resumed, atomic, bounded."""

import contextlib
import gzip
import hashlib
import http.client
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from inkdigit.errors import DataError, EnvironmentFault
from inkdigit.lock import locked

SILENCE_S = 10.0
"""A mirror that sends nothing, or next to nothing, for this long is given up."""

DRIP_BYTES = 2**14
"""Next to nothing: a mirror that sends less within ``SILENCE_S`` would keep us for hours."""

CHUNK_BYTES = 2**16

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with a file's name, the bytes received so far, and the bytes in all (0: unknown)."""


def no_progress(name: str, received: int, total: int) -> None:
    """Ignores the progress of a download."""


@dataclass(frozen=True)
class RemoteFile:
    """A file that mirrors hold as gzip.

    Attributes:
        name: without ``.gz``.
        sha256: of the decompressed bytes, so that recompressed copies count as the same.
        size: of the decompressed bytes.
    """

    name: str
    sha256: str
    size: int


class _MirrorFault(Exception):
    """A mirror did not answer, or broke off; what it sent so far is kept."""


def fetch(
    file: RemoteFile,
    mirrors: Sequence[str],
    folder: Path,
    *,
    progress: Progress = no_progress,
    silence_s: float = SILENCE_S,
) -> Path:
    """Returns the verified file in ``folder``, downloading it only if it is not there.

    A download that breaks off leaves a ``.part`` file, and the next call goes on where it ended.

    Raises:
        DataError: the file in ``folder`` is not what it should be.
        EnvironmentFault: no mirror answered with the right bytes, or the folder cannot be written.
    """
    found = find(file, folder)
    if found is None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with locked(folder, wait=True):
                found = find(file, folder)  # another process may have fetched it while we waited
                if found is None:
                    return _ask(file, mirrors, folder, progress, silence_s)
        except OSError as error:
            raise EnvironmentFault(
                f"{folder}: cannot be written ({error.strerror}); make room, or set INKDIGIT_DATA"
            ) from error
    verify(file, found)
    return found


def find(file: RemoteFile, folder: Path) -> Path | None:
    """The file in ``folder``, gzipped or not, if it is there."""
    candidates = (folder / f"{file.name}.gz", folder / file.name)
    with contextlib.suppress(PermissionError):
        return next((path for path in candidates if path.is_file()), None)
    return None


def verify(file: RemoteFile, path: Path) -> None:
    """Checks size and SHA-256 of the decompressed bytes, without ever holding more than a chunk of them.

    Raises:
        DataError: they differ, or the gzip data are damaged.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as raw:
            is_gzip = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path) if is_gzip else path.open("rb") as content:
            while size <= file.size and (chunk := content.read(2**20)):
                digest.update(chunk)
                size += len(chunk)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: damaged gzip data ({error}); remove the file and fetch it again") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    if digest.hexdigest() != file.sha256:
        raise DataError(
            f"{path}: found SHA-256 {digest.hexdigest()[:16]}… of {size} bytes, expected {file.sha256[:16]}… of "
            f"{file.size}; remove the file and fetch it again"
        )


def _ask(file: RemoteFile, mirrors: Sequence[str], folder: Path, progress: Progress, silence_s: float) -> Path:
    """Fetches a file from the first mirror that gives it."""
    target = folder / f"{file.name}.gz"
    part = target.with_name(target.name + ".part")
    reasons = []
    for mirror in mirrors:
        try:
            _obtain(f"{mirror}{target.name}", part, file, progress, silence_s)
        except (_MirrorFault, DataError) as error:
            reasons.append(f"{mirror} ({error})")
        else:
            return part.replace(target)
    raise EnvironmentFault(
        f"{file.name} is not in {folder} and no mirror gave it: {'; '.join(reasons) or 'none is known'}; connect to "
        "the network, or put the file there, or set INKDIGIT_DATA to a folder that has it"
    )


def _obtain(url: str, part: Path, file: RemoteFile, progress: Progress, silence_s: float) -> None:
    """Completes and verifies ``part``, or removes it; one that began with other bytes is downloaded anew."""
    is_resumed = part.exists()
    try:
        _download(url, part, file, progress, silence_s)
        verify(file, part)
    except DataError:
        part.unlink(missing_ok=True)
        if not is_resumed:
            raise
        _obtain(url, part, file, progress, silence_s)


def _download(url: str, part: Path, file: RemoteFile, progress: Progress, silence_s: float) -> None:
    """Appends to ``part`` what is still missing of it."""
    start = part.stat().st_size if part.exists() else 0
    with _blaming_the_mirror():
        response = _open(url, start, silence_s)
    if response is None:
        return
    with contextlib.closing(response):
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            start = 0
        total = 0 if response.length is None else start + response.length
        received = start
        with part.open("ab" if start else "wb") as output:
            for chunk in _chunks(response, silence_s):
                received += len(chunk)
                if received > file.size:  # gzip never makes digits larger: this is another file, or an endless one
                    raise DataError(f"more than {file.size} bytes, so not {file.name}")
                output.write(chunk)
                progress(file.name, received, total)
    if received < total:
        raise _MirrorFault(f"broke off after {received} of {total} bytes")


def _open(url: str, start: int, silence_s: float) -> http.client.HTTPResponse | None:
    """The response from byte ``start`` on, or None if nothing follows, which verification then checks."""
    headers = {"Range": f"bytes={start}-"} if start else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - mirrors are ours
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=silence_s)  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
        if not start or error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        return None
    return response


def _chunks(response: http.client.HTTPResponse, silence_s: float) -> Iterator[bytes]:
    since, received = time.monotonic(), 0
    while True:
        with _blaming_the_mirror():
            chunk = response.read1(CHUNK_BYTES)
        if not chunk:
            return
        received += len(chunk)
        if time.monotonic() - since > silence_s:
            if received < DRIP_BYTES:
                raise _MirrorFault(f"sent {received} bytes in {silence_s:g} s")
            since, received = time.monotonic(), 0
        yield chunk


@contextlib.contextmanager
def _blaming_the_mirror() -> Iterator[None]:
    """Separates the network's faults from the disk's: both are OSErrors."""
    try:
        yield
    except TimeoutError as error:
        raise _MirrorFault("no answer in time") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        words = "no answer in time" if isinstance(reason, TimeoutError) else " ".join(str(reason).split())
        raise _MirrorFault(words or type(error).__name__) from error
