"""Who may fill a folder, and who has to wait; two descriptors of one process stand for two processes."""

import errno
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from inkdigit.lock import locked

fcntl = pytest.importorskip("fcntl")


def test_a_folder_is_one_process_alone(tmp_path: Path) -> None:
    with locked(tmp_path, wait=False) as ours:
        with locked(tmp_path, wait=False) as also:
            assert (ours, also) == (True, False)
        with locked(tmp_path, wait=False) as still:
            assert not still, "who was refused has not opened it"
    with locked(tmp_path, wait=False) as again:
        assert again
    assert not list(tmp_path.iterdir())


def test_those_that_share_are_in_together(tmp_path: Path) -> None:
    with locked(tmp_path, wait=False, shared=True) as one, locked(tmp_path, wait=False, shared=True) as another:
        assert one
        assert another
        with locked(tmp_path, wait=False) as alone:
            assert not alone
    with locked(tmp_path, wait=False), locked(tmp_path, wait=False, shared=True) as late:
        assert not late


def test_it_opens_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), locked(tmp_path, wait=False):
        raise RuntimeError
    with locked(tmp_path, wait=False) as ours:
        assert ours


def test_who_waits_comes_in_afterwards(tmp_path: Path) -> None:
    came: list[str] = []

    def wait() -> None:
        with locked(tmp_path, wait=True) as ours:
            came.append(f"second {ours}")

    thread = threading.Thread(target=wait)
    with locked(tmp_path, wait=True):
        thread.start()
        time.sleep(0.05)
        came.append("first")
    thread.join(10)
    assert came == ["first", "second True"]


def test_without_locks_everybody_comes_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    with locked(tmp_path, wait=False):
        with monkeypatch.context() as disk:
            disk.setattr(fcntl, "flock", refuse)
            with locked(tmp_path, wait=False) as ours:
                assert ours
        with monkeypatch.context() as windows:
            windows.setitem(sys.modules, "fcntl", None)
            with locked(tmp_path, wait=False) as ours:
                assert ours
