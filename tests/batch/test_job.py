"""How files are to be read, checked before anything begins."""

from pathlib import Path
from typing import Any, cast

import pytest

from inkdigit import Box
from inkdigit.batch import Job
from inkdigit.errors import DataError, UsageError
from inkdigit.reading.options import Options


def job(**options: Any) -> Job:
    return Job.of("reader", "locator", cast(Options, options), Path("answers"))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"signle": True}, "did you mean 'single'"),
        ({"min_confidence": 2}, "expected 0, which refuses nothing, to 1"),
        ({"rules": ["length=0"]}, "expected how many digits"),
        ({"region": (1, 2, 3, 4)}, "expected inkdigit.Box"),
    ],
)
def test_a_wrong_option_is_told(options: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        job(**options)


def test_a_damaged_model_is_told(tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").write_bytes(b"no model")
    with pytest.raises(DataError):
        Job.of(str(tmp_path / "mine.onnx"), "locator", {}, tmp_path)


def test_a_region_of_larger_pictures_is_none_of_its_concern() -> None:
    assert job(region=Box(500, 500, 10, 10)).options["region"] == Box(500, 500, 10, 10)


def test_what_is_asked_alike_was_made_alike() -> None:
    assert job().made_with == job(single=False, region=None, rules=(), min_confidence=None, name="x").made_with
    assert job(min_confidence=0).made_with == job(min_confidence=0.0).made_with
    for options in ({"single": True}, {"min_confidence": 0.5}, {"rules": "luhn"}, {"region": Box(1, 2, 3, 4)}):
        (name,) = options
        others = {key for key, value in job(**options).made_with.items() if value != job().made_with[key]}
        assert others == {name}
