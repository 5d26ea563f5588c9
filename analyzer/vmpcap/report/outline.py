"""The body of the report as blocks, in order. Nothing is computed here."""

from collections.abc import Iterator

from vmpcap.report.about_captures import MOST_ANNOUNCERS, about_announcers, about_captures
from vmpcap.report.about_checks import about_checks
from vmpcap.report.about_guest import about_guest, about_mechanisms
from vmpcap.report.about_stream import about_stream
from vmpcap.report.about_what_if import about_what_if
from vmpcap.report.away import STARTS
from vmpcap.report.blocks import Block, Commands, Fact, Heading
from vmpcap.report.chart import Glyphs
from vmpcap.report.document import Migration, Report
from vmpcap.report.input_words import asked_line, try_next, without_rows
from vmpcap.report.words import hosts


def outline(report: Report, width: int, glyphs: Glyphs) -> Iterator[Block]:
    """What stands in the body of this report, in order?"""
    if not report.migrations:
        yield from about_nothing(report)
    for migration in report.migrations:
        yield from about_migration(migration, report, width, glyphs)
    if report.migrations:
        yield from about_mechanisms(report.mechanisms)
    yield from about_captures(report, glyphs)


def about_nothing(report: Report, most_announcers: int = MOST_ANNOUNCERS) -> Iterator[Block]:
    """Why was no migration found, and what helps?"""
    yield Heading("Why no migration was recognised", 1)
    yield Fact("looked for", "one-way bulk TCP on a migration port, confirmed by its shape or its first bytes")
    if asked := asked_line(report):
        yield Fact("asked for", asked)
    for note in without_rows(report):
        yield Fact("passed over", note)
    if not any(i.packets for i in report.inputs):
        yield Fact("packets", "none: were the captures stopped before the first packet, or filtered?")
    if most_announcers:
        yield from about_mechanisms(report.mechanisms)
    elif report.mechanisms:
        for one in (m for m in report.mechanisms if m.name in STARTS):
            yield Fact("started", f"{one.name} (worked: {one.worked})", one.because)
        at_rest = [m.name for m in report.mechanisms if m.name not in STARTS]
        if at_rest:
            yield Fact("seen", f"{', '.join(at_rest)}; no switchover in view")
    if report.announcers and most_announcers:
        yield Heading("Who announced itself")
    yield from about_announcers(report, most_announcers)
    yield Heading("What to try")
    yield Commands(tuple(try_next(report)))


def about_migration(migration: Migration, report: Report, width: int, glyphs: Glyphs) -> Iterator[Block]:
    """All that is told of this migration, in order."""
    yield Heading(f"{migration.id}  {hosts(migration, glyphs.arrow)}", 1)
    yield from about_stream(migration, report, width, glyphs)
    yield from about_what_if(migration)
    yield from about_mechanisms(migration.mechanisms)
    for guest in migration.guests:
        yield from about_guest(guest, glyphs)
    yield from about_checks(migration.checks)
