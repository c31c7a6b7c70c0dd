"""Which file was in work when a process died."""

from pathlib import Path

from inkdigit.batch.journal import Journal, keep


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


def test_it_is_gone_once_the_part_is_done(tmp_path: Path) -> None:
    with keep(tmp_path / "journals" / "part") as journal:
        journal.begin(0)
        assert (tmp_path / "journals" / "part").exists()
    assert not (tmp_path / "journals" / "part").exists()
