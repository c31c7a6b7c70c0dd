"""How examples stand under a command's help."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

Command = TypeVar("Command", bound=Callable[..., Any])


def with_examples(*examples: str) -> Callable[[Command], Command]:
    """Appends command lines to a command's help, each on a line of its own; the tests run them."""

    def decorate(command: Command) -> Command:
        command.__doc__ = f"{inspect.getdoc(command)}\n\n\b\n{_block(examples)}"
        return command

    return decorate


def _block(examples: Sequence[str]) -> str:
    return "\n".join(["Examples:", *(f"  {example}" for example in examples)])
