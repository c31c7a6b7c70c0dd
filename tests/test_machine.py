"""What a measurement ran on."""

import json
from pathlib import Path

import pytest

from inkdigit import machine


def test_it_names_processor_cores_and_versions_as_plain_values() -> None:
    described = machine.describe_machine()
    assert described["processor"]
    assert int(described["cores"]) >= 1
    assert described["python"].count(".") == 2  # type: ignore[union-attr]
    assert described["torch"]
    assert json.loads(json.dumps(described)) == described


def test_what_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PACKAGES", ("numpy", "no-such-package"))
    assert "no-such-package" not in machine.describe_machine()


@pytest.mark.parametrize(
    ("later", "busy"), [((100, 1100), False), ((240, 1200), False), ((400, 1200), True), ((0, 0), False)]
)
def test_it_is_busy_where_others_take_its_time(
    later: tuple[int, int], busy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([(100, 200) if later[1] else (0, 0), later])
    monkeypatch.setattr(machine, "WATCHED_S", 0)
    monkeypatch.setattr(machine, "_times", lambda: next(times))
    assert machine.is_busy() is busy


def test_time_passes_on_this_machine() -> None:
    busy, total = machine._times()
    assert 0 <= busy <= total


@pytest.mark.parametrize(
    ("told", "cores"), [("200000 100000\n", 2), ("150000 100000\n", 2), ("50000 100000\n", 1), ("max 100000\n", 8),
                        ("900000 100000\n", 8), ("", 8), ("1 0", 8), (None, 8)]
)  # fmt: skip
def test_a_container_has_no_more_cores_than_it_is_granted(
    told: str | None, cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if told is not None:
        (tmp_path / "cpu.max").write_text(told)
    monkeypatch.setattr(machine, "CPU_MAX", tmp_path / "cpu.max")
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(8))
    assert machine.count_cores() == cores
