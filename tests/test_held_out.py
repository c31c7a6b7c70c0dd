"""The benchmark that choices are made by."""

from pathlib import Path

import numpy as np
import pytest
from benchmarks import forms, held_out, slashes, strings
from tests.reading.fakes import sees

from inkdigit import Reader
from inkdigit.data.dataset import load_dataset
from inkdigit.images import Grey
from inkdigit.locator import Findings
from inkdigit.preparation.box import Box
from inkdigit.reading.result import Digit, Line, Reading
from inkdigit.synthesis.sheet import Page

BOXES = np.array([[10, 10, 20, 40], [60, 10, 20, 40]], np.float32)


def digit(value: int, x: int, *, refused: bool = False) -> Digit:
    return Digit(value, 0.9, Box(x, 10, 20, 40), not refused, refused, "unsure" if refused else None, ())


def test_what_is_told_is_found_and_what_is_refused_is_not() -> None:
    line = Line("7?", (), (digit(7, 10), digit(3, 60, refused=True)))
    found = held_out.told(Reading("a", 100, 60, "7?", (line,)))
    assert found.boxes.tolist() == [[10, 10, 20, 40]]
    assert found.scores.argmax(1).tolist() == [7]
    assert len(held_out.told(Reading("a", 100, 60, "", ()))) == 0


def test_a_page_is_right_if_nothing_is_missed_and_nothing_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(np.zeros((60, 100), np.uint8), BOXES, np.array([7, 3]), BOXES[:0])
    answers = iter([((7, 10), (3, 60)), ((7, 10),), ((7, 10), (8, 60))])

    def read(_: Reader, grey: Grey) -> Reading:
        assert grey is page.grey
        return Reading("a", 100, 60, "", (Line("", (), tuple(digit(*one) for one in next(answers))),))

    monkeypatch.setattr(Reader, "read", read)
    nothing = Findings(BOXES[:0], np.empty((0, 10), np.float32))
    right, count = held_out.count_pages(Reader(sees(7), locator=lambda _: nothing), iter([page] * 3))
    assert (right, count.right, count.missed, count.extra) == (1, 4, 2, 1)


def test_a_line_for_the_pages_and_for_each_kind_of_string_form_and_sheet(
    digits_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held_out.main(["--pages", "4", "--strings", "2", "--data", str(digits_folder)])
    lines = capsys.readouterr().out.splitlines()
    told = [line.split(" of 2 ")[0].rsplit(maxsplit=1)[0].strip() for line in lines[2:]]
    described = [name for form in forms.KINDS.values() for name in (form.description, "the same digits, no boxes")]
    assert " of 4 " in lines[0]
    assert told == [*strings.KINDS, *described, *slashes.KINDS, "a sheet on a desk", "the same sheet, no desk"]


def test_pages_are_written_with_held_out_digits_and_are_the_same_again(digits_folder: Path) -> None:
    digits = load_dataset(str(digits_folder), "validation")
    first, again = (list(held_out.draw_pages(digits, 2)) for _ in range(2))
    assert {max(page.grey.shape) for page in first} <= {400, 640}
    assert all(np.array_equal(one.grey, other.grey) for one, other in zip(first, again, strict=True))


def test_an_error_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^held_out: .*none"):
        held_out.main(["--data", str(tmp_path / "none")])
