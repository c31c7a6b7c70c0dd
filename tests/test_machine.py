"""What a measurement ran on."""

import json

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
