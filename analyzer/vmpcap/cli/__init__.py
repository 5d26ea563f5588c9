"""The commands. `main` answers what needs no library at once, and imports the rest only then."""

import sys

from vmpcap import __version__

VERSION_FLAGS = (["--version"], ["-V"])


def main() -> int:
    """What is the exit status of this command line?"""
    arguments = sys.argv[1:]
    if arguments in VERSION_FLAGS:
        sys.stdout.write(f"vmpcap {__version__}\n")
        return 0
    from vmpcap.cli.exits import guarded
    from vmpcap.cli.group import commands

    return guarded(commands, arguments)
