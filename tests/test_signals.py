"""What signals come to."""

import signal
import sys
import threading

import pytest

from inkdigit.errors import Interrupted
from inkdigit.signals import SIGNALS, interruptible


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_interrupted_with_its_code(number: signal.Signals) -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    with pytest.raises(Interrupted, match="kept") as raised, interruptible("kept"):
        signal.raise_signal(number)
    assert raised.value.exit_code == 128 + number
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_a_handler_of_a_library_does_not_end_the_program() -> None:
    def work() -> None:
        with interruptible("kept"):
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(15))
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Interrupted) as raised:
        work()
    assert raised.value.exit_code == 128 + signal.SIGTERM


def test_once_we_listen_anew_signals_are_ours() -> None:
    def work() -> None:
        with interruptible("kept") as listen:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            listen()
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted) as raised:
        work()
    assert raised.value.exit_code == 128 + signal.SIGINT


def test_outside_of_the_main_thread_nothing_is_done() -> None:
    before, during = signal.getsignal(signal.SIGTERM), []

    def look() -> None:
        with interruptible("kept") as listen:
            listen()
            during.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert during == [before]
