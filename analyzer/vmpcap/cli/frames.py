"""What the table commands have in common: which format, where to, which exit status."""

import os
import sys
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Final

import click

from vmpcap.cli.completing import files
from vmpcap.cli.exits import STATUS
from vmpcap.cli.output import STDOUT, check_file, emit, emit_bytes, write_file, write_text
from vmpcap.cli.progress import complain, notice
from vmpcap.cli.suffixes import SUFFIXES, end_of, is_refused
from vmpcap.terms.errors import RequestError

if TYPE_CHECKING:
    import polars as pl

    from vmpcap.report.document import Defect, Input
    from vmpcap.report.tables import Format, Shown
    from vmpcap.runs.requests import Request

FORMAT = click.option(
    "--format",
    "format_name",
    type=click.Choice(["table", "csv", "ndjson", "json", "parquet", "arrow"]),
    help="How rows are written. Default: what the end of --output's name says; a table where it has none.",
)
OUTPUT = click.option(
    "-o", "--output", metavar="FILE", shell_complete=files, default=STDOUT, help="Where rows are written; - is stdout."
)


def checked_format(format_name: str | None, output: str) -> "Format":
    """
    Which format is wanted? Asked before any packet is read, so that a wrong wish costs nothing.

    Raises RequestError where binary rows would go to a terminal, the output cannot be written, or its name asks for a
    format that there is not.
    """
    from vmpcap.report.tables import FORMATS, format_named, format_of_file

    by_name = format_of_file(output)
    is_new = not os.path.exists(output) or os.path.isfile(output)
    known = [suffix for one in FORMATS for suffix in one.suffixes]
    if format_name is None and by_name is None and is_new and (is_refused(output, known) or end_of(output) in SUFFIXES):
        ends = ", ".join(known)
        raise RequestError(f"{output!r} says no format that there is; end it with {ends}, or add --format")
    wanted = format_named(format_name) if format_name else by_name or format_named("table")
    check_file(output)
    if wanted.is_binary and output == STDOUT and sys.stdout.isatty():
        raise RequestError(f"--format {wanted.name} is binary and stdout is a terminal; add -o FILE, or pipe it on")
    return wanted


def folded(text: str, width: int) -> str:
    """
    The same lines, none wider than this where there is a space to break at; what goes over stands further in.

    >>> folded("to b  0.025 ms at least, 0 of 76 lost", 24).split("\\n")
    ['to b  0.025 ms at least,', '    0 of 76 lost']
    """
    lines: list[str] = []
    for line in text.split("\n"):
        begin = line[: len(line) - len(line.lstrip())]
        inner = wrap(line, width, subsequent_indent=f"{begin}    ", break_long_words=False, break_on_hyphens=False)
        lines += inner if len(line) > width else [line]
    return "\n".join(lines)


def write_frame(frame: "pl.DataFrame", wanted: "Format", output: str, view: Sequence["Shown"], above: str = "") -> None:
    """Write these rows where they are wanted; above a table for people stands what else there is to see."""
    if wanted.written is not None:
        raw = wanted.written(frame)
        if output == STDOUT:
            emit_bytes(raw)
        else:
            write_file(output, raw)
        return
    from vmpcap.report.clean import to_ascii
    from vmpcap.report.look import Look, look_of
    from vmpcap.report.tables import to_table

    look = look_of(sys.stdout) if output == STDOUT else Look(width=200)
    above = folded(above, look.width)
    text = (to_ascii(above) if look.ascii_only else above) + to_table(frame, view, look)
    if output == STDOUT:
        emit(text)
    else:
        write_text(output, text)


HARMLESS: Final = frozenset(
    {
        "grew_while_read",
        "trailing_bytes",
        "odd_version",
        "odd_header",
        "time_backwards",
        "untimed",
        "captured_over_snaplen",
        "no_bytes",
        "section_length",
        "skipped_block",
        "link_error",
        "dropped",
    }
)
"""Defects of a file that is whole: odd, or poor in what it captured, but not damaged. The report tells them too."""


def damaged(inputs: Sequence["Input"]) -> list[str]:
    """Which inputs are damaged, and how?"""
    words = []
    for given in inputs:
        found = [_damage_words(d) for d in given.defects if d.kind not in HARMLESS]
        if given.truncated or found:
            words.append(f"{given.path}: {', '.join(dict.fromkeys(found)) or 'cut short'}")
    return words


def _damage_words(defect: "Defect") -> str:
    places = [("frame", defect.first_frame), ("byte", defect.offset)]
    where = ", ".join(f"{name} {place}" for name, place in places if place is not None)
    return f"{defect.kind} ({where})" if where else defect.kind


def rows_status(inputs: Sequence["Input"], request: "Request", strict: bool, quiet: bool) -> int:
    """
    Which exit status have rows that were read from these inputs?

    Says on stderr what is damaged, and which captures have nothing in the time asked for: no row can say so.
    """
    say_outside(inputs, request, quiet)
    return damage_status(damaged(inputs), strict, quiet)


def say_outside(inputs: Sequence["Input"], request: "Request", quiet: bool) -> None:
    """Name captures that --since and --until leave nothing of, to whoever reads stderr."""
    if quiet or (request.since_ns is None and request.until_ns is None):
        return
    from vmpcap.runs.outside import IN_UTC, nothing_inside, outside

    for words in [w for w in [nothing_inside(inputs, request)] if w] or outside(inputs, request):
        complain(f"{words}; {IN_UTC}")


def damage_status(faults: Sequence[str], strict: bool, quiet: bool) -> int:
    """Which exit status have rows of captures with these faults? Says them on stderr: the rows themselves cannot."""
    say_damaged(faults, is_heard=strict or not quiet)
    return STATUS["not_readable"] if strict and faults else STATUS["fine"]


def say_damaged(faults: Sequence[str], is_heard: bool, quiet: bool = False) -> None:
    """Name damaged inputs on stderr: to whoever reads it where nothing else tells, otherwise to a person."""
    from vmpcap.report.clean import clean

    for fault in faults:
        if is_heard:
            complain(f"damaged: {clean(fault)}")
        else:
            notice(f"damaged: {clean(fault)}", quiet)
