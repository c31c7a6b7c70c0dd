"""Warnings come back, however threads leave."""

import io
import threading
import warnings

import numpy as np
import PIL.Image
import pytest

from inkdigit.errors import ImageError
from inkdigit.preparation.load import load
from inkdigit.preparation.quiet import Quiet


def test_nothing_warns_within_and_all_does_afterwards() -> None:
    quiet, before = Quiet(), list(warnings.filters)
    with quiet:
        warnings.warn("nothing that anybody asked for", stacklevel=1)
    assert list(warnings.filters) == before
    with pytest.warns(UserWarning, match="asked for"):
        warnings.warn("something that was asked for", stacklevel=1)


def test_threads_that_leave_as_they_came_leave_no_trace() -> None:
    quiet, before = Quiet(), list(warnings.filters)
    first_is_in, second_is_in, first_is_out = threading.Event(), threading.Event(), threading.Event()
    warned: list[BaseException] = []

    def second() -> None:
        first_is_in.wait(10)
        with quiet:
            second_is_in.set()
            first_is_out.wait(10)
            try:
                warnings.warn("while another one has left", stacklevel=1)
            except UserWarning as error:
                warned.append(error)

    thread = threading.Thread(target=second)
    thread.start()
    with quiet:
        first_is_in.set()
        assert second_is_in.wait(10)
    first_is_out.set()
    thread.join(10)
    assert warned == []
    assert list(warnings.filters) == before


def test_an_error_passes_and_leaves_no_trace() -> None:
    before = list(warnings.filters)
    with pytest.raises(ZeroDivisionError), Quiet():
        raise ZeroDivisionError
    assert list(warnings.filters) == before


def test_libtiff_writes_nothing_about_a_damaged_file(capfd: pytest.CaptureFixture[str]) -> None:
    buffer = io.BytesIO()
    PIL.Image.fromarray(np.tile(np.arange(64, dtype=np.uint8), (64, 1))).save(buffer, "TIFF", compression="tiff_lzw")
    content = bytearray(buffer.getvalue())
    content[8:200] = b"\xff" * 192
    with pytest.raises(ImageError, match="damaged"):
        load(bytes(content))
    assert capfd.readouterr().err == ""
