"""Errors: their exit codes, their words, and how they travel."""

import pickle

import pytest

from inkdigit.errors import (
    IMAGE_ERROR_CODES,
    DataError,
    EnvironmentFault,
    ImageError,
    InkdigitError,
    Interrupted,
    UsageError,
    missing_extra,
    unknown,
)


@pytest.mark.parametrize(
    ("kind", "exit_code"),
    [(InkdigitError, 1), (UsageError, 2), (EnvironmentFault, 3), (DataError, 4)],
)
def test_each_kind_has_its_exit_code(kind: type[InkdigitError], exit_code: int) -> None:
    assert kind("words").exit_code == exit_code
    assert issubclass(kind, InkdigitError)


def test_an_interruption_exits_as_shells_expect() -> None:
    error = Interrupted("stopped", 15)
    assert error.exit_code == 143
    assert str(error) == "stopped"


def test_an_image_error_becomes_an_object() -> None:
    error = ImageError("empty", "the file is empty", "a.png")
    assert error.to_dict() == {"source": "a.png", "error": {"code": "empty", "message": "the file is empty"}}
    assert str(error) == "the file is empty"
    assert error.code in IMAGE_ERROR_CODES
    assert error.exit_code == 1


@pytest.mark.parametrize(
    "error",
    [ImageError("truncated", "ends early", "a.png"), Interrupted("stopped", 2), DataError("damaged"), UsageError("no")],
)
def test_errors_pass_between_processes(error: InkdigitError) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_an_unknown_name_is_told_the_nearest() -> None:
    error = unknown("recipe", "lenett", ["lenet", "mlp"])
    assert isinstance(error, UsageError)
    assert str(error) == "unknown recipe 'lenett'; did you mean 'lenet'?"


def test_an_unknown_name_near_none_is_told_all_in_order() -> None:
    assert str(unknown("recipe", "xyz", iter(["mlp", "lenet"]))) == "unknown recipe 'xyz'; known: lenet, mlp"


def test_a_name_with_a_line_break_keeps_the_message_on_one_line() -> None:
    assert "\n" not in str(unknown("recipe", "two\nlines", ["lenet"]))


def test_a_missing_extra_tells_the_command_that_mends_it() -> None:
    error = missing_extra("learn", "torch")
    assert isinstance(error, EnvironmentFault)
    assert str(error) == "torch is not installed; it comes with: pip install 'inkdigit[learn]'"
