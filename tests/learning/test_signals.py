"""The first signal is remembered, the second acts."""

import os
import signal
import threading

import pytest

from inkdigit.learning.signals import Interruption


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_remembered(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with Interruption() as interruption:
        numbers = [interruption.signal_number]
        os.kill(os.getpid(), number)
        numbers.append(interruption.signal_number)
        assert numbers == [None, number]
        assert signal.getsignal(number) == before
    assert signal.getsignal(number) == before


def test_the_second_ctrl_c_stops_at_once() -> None:
    with Interruption():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_in_another_thread_signals_are_left_alone() -> None:
    found = []

    def work() -> None:
        with Interruption() as interruption:
            found.append(interruption.signal_number)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [None]
