"""The command line: one function per command, no logic. Data go to standard output, words to standard error."""

import codecs
import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from inkdigit import __version__
from inkdigit.cli.batch import batch
from inkdigit.cli.calibrate import calibrate
from inkdigit.cli.command import Command
from inkdigit.cli.compare import compare
from inkdigit.cli.data import data
from inkdigit.cli.doctor import doctor
from inkdigit.cli.evaluate import evaluate
from inkdigit.cli.export import export
from inkdigit.cli.learn_from import learn_from
from inkdigit.cli.messages import tell
from inkdigit.cli.read import read
from inkdigit.cli.serve import serve
from inkdigit.cli.show import show
from inkdigit.cli.tables import tables
from inkdigit.cli.train import train
from inkdigit.errors import EnvironmentFault, InkdigitError, missing_extra

_INTERRUPTED = 128 + signal.SIGINT

app = typer.Typer(
    name="inkdigit",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

EPILOG = """\b
Examples:
  inkdigit read samples/seven.png
  inkdigit train lenet
  inkdigit evaluate reader

Exit codes: 0 all well; 1 a picture could not be read; 2 wrong usage; 3 the machine lacks something;
4 damaged or missing data; 130 and 143 interrupted."""

_COMMANDS: Mapping[str, Callable[..., Any]] = {
    "read": read,
    "batch": batch,
    "serve": serve,
    "train": train,
    "learn-from": learn_from,
    "evaluate": evaluate,
    "show": show,
    "compare": compare,
    "export": export,
    "calibrate": calibrate,
    "data": data,
    "list": tables,
    "doctor": doctor,
}
for _name, _command in _COMMANDS.items():
    app.command(_name, cls=Command)(_command)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"inkdigit {__version__}")
        raise typer.Exit


@app.callback(epilog=EPILOG, invoke_without_command=True)
def inkdigit(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback acts
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Handwritten digits: learn them from MNIST, read them from any picture."""
    if context.invoked_subcommand is None:
        print(context.get_help())


def main() -> None:
    """Runs a command and exits with its code; an error is one line on standard error."""
    _open_streams()
    try:
        code = app(prog_name="inkdigit", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        _end_unheard()
    except SystemExit as error:
        if not _is_unheard(error.__context__):
            raise
        _end_unheard()
    except (KeyboardInterrupt, typer.Abort):
        _fail("interrupted", _INTERRUPTED)
    except InkdigitError as error:
        _fail(str(error), error.exit_code)
    except ModuleNotFoundError as error:  # an extra that is only partly installed
        command = "".join(sys.argv[1:2])
        extra = command if command in ("batch", "serve") else "learn"
        _fail(str(missing_extra(extra, error.name or "a package")), EnvironmentFault.exit_code)
    except ImportError as error:
        _fail(f"{error.name or 'a package'} is damaged ({error}); install inkdigit anew", EnvironmentFault.exit_code)
    except OSError as error:
        _fail(f"{error.filename or 'standard output'}: {error.strerror or error}", EnvironmentFault.exit_code)
    except Exception as error:  # noqa: BLE001 - the parser's errors share no public parent; others go on
        _fail(*_usage(error))
    else:
        if code == _INTERRUPTED:  # typer turns Ctrl-C into an exit code
            _fail("interrupted", _INTERRUPTED)
        sys.exit(code if isinstance(code, int) else 0)


def _is_unheard(reason: BaseException | None) -> bool:
    """Whether whoever reads our output has enough, as ``head`` does: typer makes a ``SystemExit`` of it."""
    return isinstance(reason, OSError) and reason.errno == errno.EPIPE


def _end_unheard() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(0)


def _open_streams() -> None:
    """Makes streams that are closed, as a daemon's may be, empty ones, and lets names of files out as they came in."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115 - until the program ends
    if isinstance(sys.stdout, io.TextIOWrapper):
        codecs.register_error("inkdigit", _encode_name)
        sys.stdout.reconfigure(errors="inkdigit")


def _encode_name(error: UnicodeError) -> tuple[str | bytes, int]:
    """A byte that is no text as it is; a letter that the terminal's charset lacks as Python writes it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    one = UnicodeEncodeError(error.encoding, error.object, error.start, error.start + 1, error.reason)
    is_byte = "\udc80" <= error.object[error.start] <= "\udcff"
    return codecs.lookup_error("surrogateescape" if is_byte else "backslashreplace")(one)


def _usage(error: Exception) -> tuple[str, int]:
    """Message and code of what the parser of the command line raised; anything else is a fault of ours."""
    show: Any = getattr(error, "format_message", None)
    if show is None:
        raise error
    context: Any = getattr(error, "ctx", None)
    path = context.command_path if context else "inkdigit"
    return f"{show().rstrip('.')}; see '{path} --help'", getattr(error, "exit_code", 2)


def _fail(message: str, code: int) -> None:
    tell(message)
    sys.exit(code)
