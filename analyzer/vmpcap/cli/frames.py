"""What the table commands have in common: which format, where to, which exit status."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import click

from vmpcap.cli.exits import STATUS
from vmpcap.cli.output import STDOUT, check_file, emit, emit_bytes, write_file, write_text
from vmpcap.cli.progress import complain, notice
from vmpcap.terms.errors import RequestError

if TYPE_CHECKING:
    import polars as pl

    from vmpcap.report.document import Input
    from vmpcap.report.tables import Format, Shown

FORMAT = click.option(
    "--format",
    "format_name",
    type=click.Choice(["table", "csv", "ndjson", "json", "parquet", "arrow"]),
    help="How rows are written. Default: what the name of --output says, else table.",
)
OUTPUT = click.option("-o", "--output", metavar="FILE", default=STDOUT, help="Where rows are written; - is stdout.")


def checked_format(format_name: str | None, output: str) -> "Format":
    """
    Which format is wanted? Asked before any packet is read, so that a wrong wish costs nothing.

    Raises RequestError where binary rows would go to a terminal, or the output cannot be written.
    """
    from vmpcap.report.tables import format_named, format_of_file

    wanted = format_named(format_name) if format_name else format_of_file(output) or format_named("table")
    check_file(output)
    if wanted.is_binary and output == STDOUT and sys.stdout.isatty():
        raise RequestError(f"--format {wanted.name} is binary and stdout is a terminal; add -o FILE, or pipe it on")
    return wanted


def write_frame(frame: "pl.DataFrame", wanted: "Format", output: str, view: Sequence["Shown"]) -> None:
    """Write these rows where they are wanted."""
    if wanted.written is not None:
        raw = wanted.written(frame)
        if output == STDOUT:
            emit_bytes(raw)
        else:
            write_file(output, raw)
        return
    from vmpcap.report.look import Look, look_of
    from vmpcap.report.tables import to_table

    if output == STDOUT:
        emit(to_table(frame, view, look_of(sys.stdout)))
    else:
        write_text(output, to_table(frame, view, Look(width=200)))


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
        kinds = [d.kind for d in given.defects if d.kind not in HARMLESS]
        if given.truncated or kinds:
            words.append(f"{given.path}: {', '.join(dict.fromkeys(kinds)) or 'cut short'}")
    return words


def rows_status(inputs: Sequence["Input"], strict: bool, quiet: bool) -> int:
    """Which exit status have rows that were read from these inputs? Says on stderr what is damaged."""
    return damage_status(damaged(inputs), strict, quiet)


def damage_status(faults: Sequence[str], strict: bool, quiet: bool) -> int:
    """Which exit status have rows of captures with these faults? Says them on stderr."""
    say_damaged(faults, strict, quiet)
    return STATUS["not_readable"] if strict and faults else STATUS["fine"]


def say_damaged(faults: Sequence[str], strict: bool, quiet: bool) -> None:
    """Name damaged inputs on stderr: always where it costs the exit status, else to a person."""
    from vmpcap.report.clean import clean

    for fault in faults:
        if strict:
            complain(f"damaged: {clean(fault)}")
        else:
            notice(f"damaged: {clean(fault)}", quiet)
