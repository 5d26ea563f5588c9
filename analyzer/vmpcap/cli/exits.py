"""The exit statuses, and the one place where errors become messages."""

import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import click
from click.core import ParameterSource

from vmpcap.cli.interrupts import leaves_nothing_behind
from vmpcap.cli.output import let_go_of_stdout
from vmpcap.cli.progress import complain
from vmpcap.report.clean import clean
from vmpcap.terms.errors import CaptureError, EngineError, RequestError, VmpcapError


@dataclass(frozen=True, slots=True)
class Exit:
    """One exit status."""

    status: int
    name: str
    meaning: str


EXITS: Final = (
    Exit(0, "fine", "every deciding check passed or is undecided; the table or file was written"),
    Exit(1, "failed", "a deciding check failed; of `verify`: tshark says something else"),
    Exit(2, "wrong_use", "an option, a name or a file of the command line is wrong"),
    Exit(3, "undecided", "a deciding check is undecided, or no migration was found (only with --strict)"),
    Exit(4, "not_readable", "an input is not readable as a capture, or is damaged (the latter only with --strict)"),
    Exit(5, "engine_missing", "a needed engine, such as tshark or a packing's library, is missing or failed"),
    Exit(70, "internal", "a fault of vmpcap itself; -v shows where"),
    Exit(130, "interrupted", "stopped by Ctrl-C"),
)
"""Every exit status of every command."""

STATUS: Final = {exit.name: exit.status for exit in EXITS}

ERRORS: Final = (
    (CaptureError, "not_readable"),
    (EngineError, "engine_missing"),
    (RequestError, "wrong_use"),
    (VmpcapError, "wrong_use"),
)
"""Which error ends with which status; the first row that fits."""

INTERNAL_HINT: Final = "this is a fault of vmpcap; run again with -v to see where, and please report it"


def guarded(command: click.Command, arguments: Sequence[str]) -> int:
    """
    What is the exit status of these arguments?

    Every error is caught here, once. A reader that went away (`| head`) is no error: what could be written was.
    """
    try:
        with leaves_nothing_behind():
            status = command.main(args=list(arguments), prog_name="vmpcap", standalone_mode=False)
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        let_go_of_stdout()
        return STATUS["fine"]
    except (KeyboardInterrupt, click.Abort):
        return _say("interrupted", "interrupted")
    except click.UsageError as problem:
        return _wrong_use(problem)
    except click.ClickException as problem:
        return _say(problem.format_message(), "wrong_use")
    except VmpcapError as problem:
        return _say(str(problem), _status_of(problem))
    except OSError as problem:
        let_go_of_stdout()
        return _say(_system_words(problem), "wrong_use", problem, arguments)
    except MemoryError as problem:
        return _say("out of memory; narrow the captures with --since and --until", "internal", problem, arguments)
    except Exception as problem:  # the last resort: a user sees a sentence, never a traceback
        words = f"{type(problem).__name__}: {problem}; {INTERNAL_HINT}"
        return _say(words, "internal", problem, arguments)
    return status if isinstance(status, int) else STATUS["fine"]


def _status_of(problem: Exception) -> str:
    """Which status does the first fitting row of ERRORS name?"""
    for kind, name in ERRORS:
        if isinstance(problem, kind):
            return name
    return "internal"


def _wrong_use(problem: click.UsageError) -> int:
    if problem.ctx is not None and isinstance(problem, click.exceptions.NoArgsIsHelpError):
        problem.show()
        return STATUS["wrong_use"]
    where = f"; see `{problem.ctx.command_path} --help`" if problem.ctx is not None else ""
    where = f"{_set_by(problem)}{where}"
    return _say(f"{_in_one_line(problem).rstrip('.')}{where}", "wrong_use")


def _in_one_line(problem: click.UsageError) -> str:
    """What click says; it lists choices below each other."""
    return problem.format_message().replace("\n\t", " ")


def _set_by(problem: click.UsageError) -> str:
    """Where did a value come from that is not on the command line? The variable of the environment that holds it."""
    option = problem.param if isinstance(problem, click.BadParameter) else None
    if option is None or problem.ctx is None or isinstance(option.envvar, str | None):
        return ""
    if problem.ctx.get_parameter_source(option.name or "") != ParameterSource.ENVIRONMENT:
        return ""
    return f" (set by {next((name for name in option.envvar if os.environ.get(name)), '')})"


def _system_words(problem: OSError) -> str:
    name = f" {problem.filename!r}" if problem.filename else ""
    return f"the system refused{name}: {problem.strerror or problem}"


def _say(words: str, name: str, problem: BaseException | None = None, arguments: Sequence[str] = ()) -> int:
    """Write the message to stderr; with -v, where the fault is as well."""
    if problem is not None and _is_verbose(arguments):
        with suppress(OSError, ValueError):
            traceback.print_exception(problem)
    complain(clean(words))
    return STATUS[name]


def _is_verbose(arguments: Sequence[str]) -> bool:
    return any(a == "--verbose" or (a.startswith("-v") and set(a[1:]) == {"v"}) for a in arguments)
