"""The table on the terminal."""

import pytest

from inkdigit.cli.comparison import print_rows
from inkdigit.comparison import Row


def row(name: str, changed: str) -> Row:
    numbers = (1, (0.9,), 0.9, None, (0.8, 1.0), None, 1, 0, 0, 0, None, 0.5, 1, 1, 1, 1, 1, 1)
    return Row(name, "all", "test 98 %", changed, *numbers)


def test_what_was_changed_stands_beside_the_name(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([row("lenet", "epochs=1"), row("cnn", "")])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["recipe", "lenet (epochs=1)", "cnn"]


@pytest.mark.parametrize("name", ["runs/lenet[v2]", "y[/b]", "a [red]b"])
def test_brackets_in_a_name_are_no_markup(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([row(name, "")])
    heading, line = capsys.readouterr().out.splitlines()
    assert heading.split()[:2] == ["recipe", "accuracy"]
    assert line.startswith(name)
    assert "90.00" in line
    assert "test 98 %" in line
