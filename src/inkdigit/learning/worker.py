"""A process that trains one run: ``python -m inkdigit.learning.worker OPTIONS``, the options of ``train`` as JSON.

Errors are reported on standard output and by the exit code. The parent process holds this one's standard input open:
when that closes, on purpose or because the parent died, the run is saved as after Ctrl-C.
"""

import json
import os
import signal
import sys
import threading
from contextlib import redirect_stdout, suppress
from typing import Any

from inkdigit.errors import EnvironmentFault, InkdigitError
from inkdigit.learning.recipe import Recipe
from inkdigit.learning.train import train


def work(options: dict[str, Any]) -> int:
    """Trains a run; returns the exit code.

    Args:
        options: arguments of ``train``, the recipe as ``Recipe.to_dict`` gives it.
    """
    # Before and after the steps there is nothing to save; raising an exception leaves no half-written file behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        threading.Thread(target=_stop_with_input, daemon=True).start()
        recipe = Recipe.from_dict(options.pop("recipe"), "the recipe")
        with redirect_stdout(sys.stderr):  # standard output is for errors alone
            train(recipe, **options)
    except InkdigitError as error:
        return _tell(str(error), error.exit_code)
    except OSError as error:
        return _tell(f"{error.filename or 'a file'}: {error.strerror or error}", EnvironmentFault.exit_code)
    except KeyboardInterrupt:
        return _tell("interrupted", 128 + signal.SIGTERM)
    return 0


def _stop_with_input() -> None:
    os.read(0, 1)  # not sys.stdin, whose lock would still be held when the process ends
    os.kill(os.getpid(), signal.SIGTERM)


def _tell(words: str, code: int) -> int:
    with suppress(BrokenPipeError):  # nobody listens any more
        os.write(1, words.encode(errors="surrogateescape"))
    return code


if __name__ == "__main__":
    sys.exit(work(json.loads(sys.argv[1])))
