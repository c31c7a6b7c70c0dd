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


def test_a_machine_that_tells_no_load_is_taken_as_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> tuple[float, float, float]:
        raise OSError

    monkeypatch.setattr("os.getloadavg", lambda: (1.5, 0.0, 0.0))
    assert machine.other_load() == 1.5
    monkeypatch.setattr("os.getloadavg", refuse)
    assert machine.other_load() == 0
