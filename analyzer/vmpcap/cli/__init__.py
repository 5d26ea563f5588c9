"""The commands. `main` answers what needs no library at once, and imports the rest only then."""

import sys

from vmpcap import __version__

VERSION_FLAGS = (["--version"], ["-V"])
WRONG_USE = 2
INTERRUPTED = 130
"""Ctrl-C before anything could say so in words."""


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
