"""Readings as plain values: the names that other programs rely upon."""

import json
from collections.abc import Callable
from dataclasses import FrozenInstanceError

import pytest

from inkdigit.preparation.box import Box
from inkdigit.reading.explain import Explanation
from inkdigit.reading.result import Candidate, Digit, Guess, Line, Reading

DIGIT = Digit(7, 0.75, Box(1, 2, 3, 4), True, False, None, (Guess(7, 0.75), Guess(1, 0.2)))
DOUBTFUL = Digit(0, 0.5, Box(5, 6, 7, 8), False, True, "unsure", (Guess(0, 0.5), Guess(6, 0.3)))
READING = Reading(
    "a.png",
    40,
    30,
    "7?\n7",
    (
        Line("7?", (Candidate("70", 0.375), Candidate("76", 0.225)), (DIGIT, DOUBTFUL)),
        Line("7", (Candidate("7", 0.75),), (DIGIT,)),
    ),
)


def test_plain_values_have_the_names_that_are_relied_upon() -> None:
    assert READING.to_dict() | {"lines": ()} == {
        "source": "a.png",
        "width": 40,
        "height": 30,
        "text": "7?\n7",
        "lines": (),
    }
    assert json.loads(json.dumps(READING.to_dict()["lines"][0])) == {
        "text": "7?",
        "alternatives": [{"text": "70", "probability": 0.375}, {"text": "76", "probability": 0.225}],
        "digits": [
            {
                "value": 7,
                "confidence": 0.75,
                "box": {"x": 1, "y": 2, "width": 3, "height": 4},
                "sure": True,
                "refused": False,
                "reason": None,
                "alternatives": [{"value": 7, "confidence": 0.75}, {"value": 1, "confidence": 0.2}],
            },
            {
                "value": 0,
                "confidence": 0.5,
                "box": {"x": 5, "y": 6, "width": 7, "height": 8},
                "sure": False,
                "refused": True,
                "reason": "unsure",
                "alternatives": [{"value": 0, "confidence": 0.5}, {"value": 6, "confidence": 0.3}],
            },
        ],
    }


def test_names_stand_in_the_order_of_the_documentation() -> None:
    values = READING.to_dict()
    line, digit = values["lines"][0], values["lines"][0]["digits"][0]
    assert list(values) == ["source", "width", "height", "text", "lines"]
    assert list(line) == ["text", "alternatives", "digits"]
    assert list(digit) == ["value", "confidence", "box", "sure", "refused", "reason", "alternatives"]
    assert list(digit["box"]) == ["x", "y", "width", "height"]


def test_round_trip() -> None:
    assert Reading.from_dict(json.loads(json.dumps(READING.to_dict()))) == READING
    nothing = Reading("b.png", 1, 1, "", ())
    assert Reading.from_dict(nothing.to_dict()) == nothing


def test_keys_of_a_later_version_are_left_out() -> None:
    values = READING.to_dict()
    values["pages"] = 1
    values["lines"][0]["slant"] = values["lines"][0]["digits"][0]["box"]["angle"] = 0.5
    assert Reading.from_dict(values) == READING


def test_digits_are_those_of_all_lines() -> None:
    assert READING.digits == (DIGIT, DOUBTFUL, DIGIT)


def test_a_refused_digit_keeps_its_best_guess(make_explanation: Callable[..., Explanation]) -> None:
    assert (DOUBTFUL.text, DOUBTFUL.value) == ("?", 0)
    assert (DIGIT.text, DIGIT.value) == ("7", 7)
    assert make_explanation([DIGIT, DOUBTFUL]).reading.text == "7?"


def test_readings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        READING.text = "8"  # type: ignore[misc]
