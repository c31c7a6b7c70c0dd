"""A process that trains a run, as seen by the process that started it; its own side is ``worker``."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from inkdigit.errors import DataError, EnvironmentFault, InkdigitError, Interrupted, UsageError

COMMAND = (sys.executable, "-P", "-m", "inkdigit.learning.worker")

ERRORS = {kind.exit_code: kind for kind in (UsageError, EnvironmentFault, DataError)}


class Trainer:
    """A process that trains a run, and saves it when it is stopped or this process dies."""

    def __init__(self, title: str, options: Mapping[str, Any], goes_on: str) -> None:
        """Starts it.

        Args:
            title: the run's name in messages.
            options: arguments of ``train``, the recipe as ``Recipe.to_dict`` gives it.
            goes_on: how to go on after a stop, for messages.
        """
        self._title, self._goes_on = title, goes_on
        command = [*COMMAND, json.dumps(options)]
        pipe = subprocess.PIPE
        # In a session of its own: Ctrl-C goes to a terminal's whole session, and a second signal would stop it saving.
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, bufsize=0, start_new_session=True)  # noqa: S603 - our own

    def has_ended(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def check(self) -> None:
        """Waits until it has ended, and raises its error if it failed.

        Raises:
            InkdigitError: what ``train`` raised in it; an ``EnvironmentFault`` where it was killed.
        """
        code = self._process.wait()
        words = self._hear() if code >= 0 else ""
        self.close()
        if code < 0:
            raise EnvironmentFault(
                f"{self._title}: its process was killed by signal {-code}, as where memory is short; {self._goes_on}"
            )
        if code > 128:
            raise Interrupted(f"stopped in {self._title}, saved; {self._goes_on}", code - 128)
        if code:
            raise ERRORS.get(code, InkdigitError)(words or f"{self._title}: its process failed, see above")

    def ask_to_stop(self) -> None:
        """Asks it to save and end, without waiting for it."""
        if self._process.stdin:
            self._process.stdin.close()

    def wait(self) -> None:
        """Waits until it has ended."""
        self._process.wait()

    def close(self) -> None:
        """Ends at once whatever is left of it and of the processes that it started."""
        with suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:  # no groups of processes on Windows
                self._process.kill()
        with self._process:  # waits, and closes its pipes
            pass

    def _hear(self) -> str:
        return self._process.stdout.read().decode(errors="surrogateescape") if self._process.stdout else ""


def save(trainers: Collection[Trainer]) -> None:
    """Asks them all to save and end, and waits until they have.

    Raises:
        InkdigitError: that of the first one that did not save.
    """
    for trainer in trainers:
        trainer.ask_to_stop()
    for trainer in trainers:
        trainer.wait()
    for trainer in trainers:
        with suppress(Interrupted):
            trainer.check()


def stop(trainers: Collection[Trainer]) -> None:
    """Asks them all to save and end, and waits until they have; Ctrl-C meanwhile ends them at once."""
    try:
        for trainer in trainers:
            trainer.ask_to_stop()
        for trainer in trainers:
            trainer.wait()
    finally:
        for trainer in trainers:
            trainer.close()
