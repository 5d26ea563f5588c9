"""
Man pages from the commands' own help: `make man` writes vmpcap.1 and one for each command to build/man.

    python docs/man.py FOLDER

Nothing is written here that --help does not say, so that the two cannot part.
"""

import inspect
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from vmpcap import __version__
from vmpcap.cli.exits import EXITS
from vmpcap.cli.group import COMMANDS, commands
from vmpcap.cli.settings import settable, variables

OUT: Final = Path(__file__).resolve().parent.parent / "build" / "man"


def pages() -> dict[str, str]:
    """Every page by its file's name."""
    context = click.Context(commands, info_name="vmpcap")
    made = {"vmpcap.1": "\n".join(_of_all(context)) + "\n"}
    for row in COMMANDS:
        command = commands.get_command(context, row.name)
        assert command is not None
        inner = click.Context(command, info_name=row.name, parent=context)
        made[f"vmpcap-{row.name}.1"] = "\n".join(_of_one(inner, row.short_help)) + "\n"
    return made


def _of_all(context: click.Context) -> Iterator[str]:
    yield from _head("vmpcap", "was the link fit for the live migration, and did the guest stay reachable?")
    yield from (".SH SYNOPSIS", _bold("vmpcap") + " " + text(" ".join(commands.collect_usage_pieces(context))))
    yield from (".SH DESCRIPTION", *paragraphs(commands.help or ""))
    yield from (".SH OPTIONS", *_options(context))
    yield ".SH COMMANDS"
    for row in COMMANDS:
        yield from (".TP", f"{_bold(f'vmpcap-{row.name}')}(1)", text(row.short_help))
    yield ".SH EXIT STATUS"
    for one in EXITS:
        yield from (".TP", _bold(str(one.status)), text(one.meaning))


def _of_one(context: click.Context, short_help: str) -> Iterator[str]:
    command = context.command
    yield from _head(f"vmpcap-{command.name}", short_help.rstrip("."))
    usage = " ".join(command.collect_usage_pieces(context))
    yield from (".SH SYNOPSIS", _bold(f"vmpcap {command.name}") + " " + text(usage))
    yield from (".SH DESCRIPTION", *paragraphs(command.help or ""))
    yield from (".SH OPTIONS", *_options(context))
    names = settable(command)
    if names:
        yield ".SH ENVIRONMENT"
        yield text("Each option is set by a variable, too, where the command line is silent:")
        for name in names:
            own, shared = variables(command.name or "", name)
            yield from (".TP", f"{_bold(own)}, {_bold(shared)}", text(f"--{name}"))
    yield from (".SH SEE ALSO", f"{_bold('vmpcap')}(1)")


def _head(name: str, what: str) -> Sequence[str]:
    title = f'.TH "{name.upper()}" "1" "" "vmpcap {__version__}" "User Commands"'
    return title, ".nh", ".ad l", ".SH NAME", f"{text(name)} \\- {text(what)}"


def _options(context: click.Context) -> Iterator[str]:
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and isinstance(parameter, click.Option):
            names, words = record
            yield from (".TP", _bold(text(names)), text(words))


def paragraphs(help_text: str) -> Iterator[str]:
    """A command's help: paragraphs are filled, what stands behind \\b stays in its lines."""
    for number, block in enumerate(inspect.cleandoc(help_text).split("\n\n")):
        if block.startswith("\b"):
            yield from (".PP", ".nf", *map(text, block.lstrip("\b").strip("\n").split("\n")), ".fi")
        else:
            yield from (*([".PP"] if number else []), text(" ".join(block.split())))


def text(words: str) -> str:
    r"""
    Words as roff shows them: no escape, no request, and hyphens that can be copied.

    >>> text(".pcap \\ --json 'x'")
    "\\&.pcap \\e \\-\\-json 'x'"
    """
    safe = words.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{safe}" if safe.startswith((".", "'")) else safe


def _bold(words: str) -> str:
    safe = words if "\\" in words else text(words)
    return f"\\fB{safe}\\fR"


def main() -> int:
    """Write them all."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in pages().items():
        (folder / name).write_text(page, encoding="utf-8")
    print(f"{folder}: {len(pages())} pages; man -l {folder / 'vmpcap.1'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
