"""The commands. `main` answers what needs no library at once, and imports the rest only then."""

import atexit
import gc
import io
import os
import sys
from contextlib import suppress
from typing import NoReturn

from vmpcap import __version__

VERSION_FLAGS = (["--version"], ["-V"])
WRONG_USE = 2
INTERRUPTED = 130
"""Ctrl-C before anything could say so in words."""
PLAIN_LOCALES = ("C", "POSIX")
FEW_COLLECTIONS = 200_000
"""
New objects between two looks for cycles: hardly any are made. Looking every 700 objects took 0.1 s of a report, every
50,000 still 0.02 s. A report of one point makes 120,000.
"""


def run() -> NoReturn:
    """
    The program `vmpcap`.

    Its last act is to leave everything to the system at once: taking the libraries and their memory down piece by piece
    took 0.15 s of every report. What anybody wanted to do at the end is done by then, as far as it was registered after
    this began: the first to register is the last to run.
    """
    gc.set_threshold(FEW_COLLECTIONS)
    _heed_plain_locale()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # no matrix is multiplied here, and its threads wait by turning
    ended: list[int] = []
    atexit.register(_vanish, ended)
    ended.append(main())
    sys.exit(ended[0])


def _heed_plain_locale() -> None:
    """
    Write ASCII where LC_ALL says C or POSIX: Python takes that for UTF-8 (PEP 540), and who says it means it.

    What else is said of Python's encoding goes before, and results for programs are UTF-8 always.
    """
    said = os.environ
    if said.get("LC_ALL") not in PLAIN_LOCALES or said.get("PYTHONUTF8") or said.get("PYTHONIOENCODING"):
        return
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="ascii", errors="backslashreplace")


def _vanish(ended: list[int]) -> None:
    if not ended:
        return  # main did not come to an end: Python has something to say
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.flush()
    os._exit(ended[0])


def main() -> int:
    """What is the exit status of this command line?"""
    arguments = sys.argv[1:]
    try:
        if arguments in VERSION_FLAGS:
            return _show_version()
        from vmpcap.cli.exits import guarded
        from vmpcap.cli.group import commands

        return guarded(commands, arguments)
    except KeyboardInterrupt:
        return INTERRUPTED


def _show_version() -> int:
    """Without the command line's library: this is asked by scripts, often."""
    from vmpcap.cli.output import emit
    from vmpcap.cli.progress import complain
    from vmpcap.terms.errors import RequestError

    try:
        emit(f"vmpcap {__version__}\n")
    except RequestError as problem:
        complain(str(problem))
        return WRONG_USE
    return 0
