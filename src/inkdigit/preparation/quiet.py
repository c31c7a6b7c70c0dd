"""Silences decoders, which warn about metadata that nobody asked for."""

import ctypes
import logging
import threading
import warnings
from contextlib import suppress

import PIL.Image

logging.getLogger("PIL").addHandler(logging.NullHandler())  # else what Pillow logs ends on a program's standard error


with suppress(OSError, AttributeError):  # in a Pillow without it
    # libtiff, too, writes there, hundreds of lines about a damaged file; what keeps it from decoding Pillow raises.
    _LIBRARY = ctypes.CDLL(PIL.Image.core.__file__)  # type: ignore[attr-defined]
    _LIBRARY.TIFFSetErrorHandler(None)
    _LIBRARY.TIFFSetWarningHandler(None)


class Quiet:
    """A context without warnings that several threads may be in at once; afterwards, warnings are as before.

    ``warnings.catch_warnings`` restores what it found on entry: if two threads overlap and leave in the order in which
    they entered, the second would turn off all warnings of the process for good.
    """

    def __init__(self) -> None:
        self._lock, self._within = threading.Lock(), 0
        self._caught = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if not self._within:
                self._caught = warnings.catch_warnings()
                self._caught.__enter__()
                warnings.simplefilter("ignore")
            self._within += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._within -= 1
            if not self._within:
                self._caught.__exit__(None, None, None)
