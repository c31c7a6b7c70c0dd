"""``inkdigit data``, and the bar while it fetches."""

import io
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from rich.console import Console

from inkdigit.cli import downloads
from inkdigit.data.sources import DATASETS, Source, load_idx_folder

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_optdigits(invoke: Run) -> None:
    ended = invoke("data", "optdigits")
    folder, heading, *rows = ended.stdout.splitlines()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert Path(folder).is_dir()
    assert heading.split() == ["split", *map(str, range(10)), "all"]
    assert [(row.split()[0], int(row.split()[-1])) for row in rows] == [
        ("train", 1189),
        ("validation", 108),
        ("test", 500),
    ]
    for row in rows:
        counts = [int(cell) for cell in row.split()[1:]]
        assert sum(counts[:-1]) == counts[-1]


def test_no_network_and_nothing_cached(
    fails: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("INKDIGIT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr("inkdigit.data.sources.MNIST_MIRRORS", ("http://127.0.0.1:9/", "http://localhost:9/"))
    line = fails(3, "data", "mnist")
    assert "127.0.0.1" in line
    assert "localhost" in line


def test_a_cached_file_that_is_not_what_it_should_be(
    fails: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, digits_folder: Path
) -> None:
    (tmp_path / "mnist").symlink_to(digits_folder)
    monkeypatch.setenv("INKDIGIT_DATA", str(tmp_path))
    assert "found SHA-256" in fails(4, "data", "mnist")


def test_a_bar_moves_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch, digits_folder: Path) -> None:
    def fetch(progress: Callable[[str, int, int], None]) -> Path:
        for received in (0, 50, 100):
            progress("train-images", received, 100)
        progress("of unknown length", 5, 0)
        return digits_folder

    source = Source("small", "none", fetch, lambda split: load_idx_folder(digits_folder, split))
    monkeypatch.setitem(cast(dict[str, Source], DATASETS), "mnist", source)
    for is_terminal in (True, False):
        written = io.StringIO()
        console = Console(file=written, force_terminal=is_terminal, width=80)
        monkeypatch.setattr(downloads, "Console", lambda *, stderr, console=console: console)
        downloads.fetch("mnist")
        assert ("train-images" in written.getvalue()) is is_terminal
        assert ("100/100 bytes" in written.getvalue()) is is_terminal
        assert bool(written.getvalue()) is is_terminal


def test_a_folder_is_not_fetched(digits_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    downloads.fetch(str(digits_folder))
    assert capsys.readouterr() == ("", "")
