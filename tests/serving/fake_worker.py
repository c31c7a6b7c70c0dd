"""A process that reads nothing: what it does with a job stands in the job's body."""

import os
import sys
import time
from pathlib import Path

from inkdigit.errors import DataError
from inkdigit.serving.frames import Head, encode
from inkdigit.serving.worker import work


def open_nothing(settings: Head) -> tuple[Head, "type[None]"]:
    if settings.get("damaged"):
        raise DataError("model.onnx: damaged")
    if settings.get("silent"):
        time.sleep(60)
    return {"reader": {"outputs": 11}}, answer  # type: ignore[return-value]


def answer(head: Head, body: bytes) -> tuple[str, bytes]:
    order, _, rest = body.decode().partition(" ")
    if order == "sleep":
        time.sleep(60)
    if order == "die":
        os._exit(1)
    if order == "die-once" and not Path(rest).exists():
        Path(rest).touch()
        os._exit(1)
    if order == "grow":
        try:
            bytearray(int(rest))
        except MemoryError:
            return "too_large", b"{}"
    if order == "print":
        os.write(1, b"what a library says")
        os.write(2, b"what a library says")
        print("what python says", file=sys.stderr)  # noqa: T201
    if order == "work":
        time.sleep(float(rest))
    return "", encode({"pid": os.getpid(), "body": body.decode(), "head": dict(head)})


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    work(open_nothing)  # type: ignore[arg-type]
