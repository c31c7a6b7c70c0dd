"""The benchmark of generated strings."""

from pathlib import Path

import pytest
from benchmarks import strings

from inkdigit import load_dataset
from inkdigit.errors import EnvironmentFault


def test_strings_of_each_kind_are_drawn_where_they_are_to_be_shown(
    digits_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strings, "load_dataset", lambda _, split: load_dataset(str(digits_folder), split))
    monkeypatch.setattr("sys.argv", ["strings", "--show", str(tmp_path), "--n", "2"])
    strings.main()
    assert len(list(tmp_path.glob("*.png"))) == 2 * len(strings.KINDS)


def test_without_its_digits_it_ends_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: str) -> None:
        raise EnvironmentFault("no network")

    monkeypatch.setattr(strings, "load_dataset", load)
    monkeypatch.setattr("sys.argv", ["strings"])
    with pytest.raises(SystemExit, match=r"^strings: no network$"):
        strings.main()
