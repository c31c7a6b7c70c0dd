"""Words for people."""

import pytest

from inkdigit.cli.messages import tell


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("all well", "all well"),
        ("two\n\nlines\tand  gaps ", "two lines and gaps"),
        ("数字.png", "数字.png"),
        ("\x1b[2Jgone.png", "�[2Jgone.png"),
        ("\udcff.png", "�.png"),
    ],
)
def test_one_line_that_does_nothing_to_a_terminal(message: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    tell(message)
    assert capsys.readouterr() == ("", f"inkdigit: {line}\n")
