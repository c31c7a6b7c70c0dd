"""A file that a mirror holds → a verified file on disk: mirrors in turn, resumed, atomic, bounded."""

import contextlib
import gzip
import hashlib
import http.client
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from inkdigit.errors import DataError, EnvironmentFault

SILENCE_S = 10.0
"""A mirror that sends nothing for so long is given up."""

CHUNK_BYTES = 2**16

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with a file's name, the bytes received so far, and the bytes in all (0: unknown)."""


def no_progress(name: str, received: int, total: int) -> None:
    """Listens to a download without a word."""


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
    if found is not None:
        verify(file, found)
        return found
    target = folder / f"{file.name}.gz"
    part = target.with_name(target.name + ".part")
    reasons = []
    for mirror in mirrors:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _download(f"{mirror}{target.name}", part, file, progress, silence_s)
            verify(file, part)
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            reasons.append(f"{mirror} ({_reason(error)})")
        except DataError as error:
            part.unlink(missing_ok=True)
            reasons.append(f"{mirror} ({error})")
        except OSError as error:
            raise EnvironmentFault(
                f"{folder}: cannot be written ({error.strerror}); make room, or set INKDIGIT_DATA"
            ) from error
        else:
            part.replace(target)
            return target
    raise EnvironmentFault(
        f"{file.name} is not in {folder} and no mirror gave it: {'; '.join(reasons) or 'none is known'}; connect to the "
        "network, or put the file there, or set INKDIGIT_DATA to a folder that has it"
    )


def find(file: RemoteFile, folder: Path) -> Path | None:
    """The file in ``folder``, gzipped or not, if it is there."""
    candidates = (folder / f"{file.name}.gz", folder / file.name)
    return next((path for path in candidates if path.is_file()), None)


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


def _download(url: str, part: Path, file: RemoteFile, progress: Progress, silence_s: float) -> None:
    """Appends to ``part`` what is still missing of it."""
    start = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})  # noqa: S310 - mirrors are ours
    try:
        response = urllib.request.urlopen(request, timeout=silence_s)  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # the part is whole already; verification tells
        raise
    with contextlib.closing(response):
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            start = 0
        total = start + int(response.headers.get("Content-Length") or 0)
        received = start
        with part.open("ab" if start else "wb") as output:
            while chunk := response.read1(CHUNK_BYTES):
                received += len(chunk)
                if received > file.size:  # gzip never makes digits larger: this is another file, or an endless one
                    raise DataError(f"more than {file.size} bytes, so not {file.name}")
                output.write(chunk)
                progress(file.name, received, total)
    if received < total:
        raise ConnectionError(f"broke off after {received} of {total} bytes")


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return "no answer in time" if isinstance(reason, TimeoutError) else str(reason) or type(error).__name__
