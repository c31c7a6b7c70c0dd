"""Which file was in work when a process died."""

from pathlib import Path

import pytest

from inkdigit.batch.journal import MOST_CHANCES, Journal, keep
from inkdigit.errors import EnvironmentFault


def test_what_two_processes_died_of_is_deadly(tmp_path: Path) -> None:
    for _ in range(2):
        journal = Journal(tmp_path / "part")
        assert not any(map(journal.is_deadly, range(3)))
        journal.begin(0)
        journal.begin(1)
    journal = Journal(tmp_path / "part")
    assert [journal.is_deadly(number) for number in range(3)] == [False, True, False]
    journal.begin(0)
    journal.begin(2)
    journal = Journal(tmp_path / "part")
    assert [journal.is_deadly(number) for number in range(3)] == [False, True, False], "2 was in work only once"


def test_nothing_is_blamed_for_a_death_between_two_files(tmp_path: Path) -> None:
    for _ in range(3):
        journal = Journal(tmp_path / "part")
        journal.begin(0)
        journal.end()
    assert not Journal(tmp_path / "part").is_deadly(0)


def test_processes_that_die_of_whatever_they_read_are_told(tmp_path: Path) -> None:
    for number in range(MOST_CHANCES + 1):
        Journal(tmp_path / "part").begin(number)
    with pytest.raises(EnvironmentFault, match="die one after the other; give the machine more memory"):
        Journal(tmp_path / "part")


def test_it_is_gone_once_the_part_is_done(tmp_path: Path) -> None:
    with keep(tmp_path / "journals" / "part") as journal:
        journal.begin(0)
        assert (tmp_path / "journals" / "part").exists()
    assert not (tmp_path / "journals" / "part").exists()


def test_processes_that_die_between_files_are_told(tmp_path: Path) -> None:
    """As where the answers cannot be written: Ray would give the part to another one, for ever."""
    for _ in range(MOST_CHANCES + 1):
        journal = Journal(tmp_path / "part")
        journal.begin(0)
        journal.end()
    with pytest.raises(EnvironmentFault, match="die one after the other"):
        Journal(tmp_path / "part")
