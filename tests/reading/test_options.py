"""What one may ask of a reading."""

import pytest

from inkdigit.errors import UsageError
from inkdigit.reading.options import build_rules, check_confidence
from inkdigit.reading.rules import Rules


@pytest.mark.parametrize("rules", ["luhn", ["luhn"], ("luhn",), iter(["luhn"]), Rules("luhn")])
def test_rules_may_be_given_in_many_ways(rules: object) -> None:
    assert build_rules(rules).name == "luhn"  # type: ignore[arg-type]


def test_rules_that_are_built_are_taken_as_they_are() -> None:
    rules = Rules(["length=4"])
    assert build_rules(rules) is rules


def test_no_rules_are_rules_too() -> None:
    assert build_rules(()).name == ""


def test_a_wrong_rule_is_told() -> None:
    with pytest.raises(UsageError):
        build_rules("lunh")


@pytest.mark.parametrize("least", [0, 0.5, 1])
def test_a_share_is_a_least_confidence(least: float) -> None:
    check_confidence(least)


@pytest.mark.parametrize("least", [-0.1, 1.1, float("nan"), float("inf")])
def test_anything_else_is_told(least: float) -> None:
    with pytest.raises(UsageError, match="expected 0, which refuses nothing, to 1"):
        check_confidence(least)
