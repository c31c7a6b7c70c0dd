"""SIGINT and SIGTERM, which end what runs without losing what was done."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from inkdigit.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible(words: str) -> Iterator[Callable[[], None]]:
    """Turns signals into ``Interrupted`` with these words; does nothing outside the main thread, which alone gets any.

    Yields a function that reinstalls our handlers after a library has replaced them with its own.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    told: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        told.append(number)
        raise KeyboardInterrupt  # which nothing on the way mistakes for an error of the work

    def listen() -> None:
        for number in SIGNALS:
            signal.signal(number, stop)

    before = {number: signal.getsignal(number) for number in SIGNALS}
    listen()
    try:
        yield listen
    except KeyboardInterrupt:
        raise Interrupted(words, told[-1] if told else signal.SIGINT) from None
    except SystemExit:  # raised by the library's handler, before ours was reinstalled
        raise Interrupted(words, signal.SIGTERM) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
