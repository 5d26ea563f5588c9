"""What the report tells of the captures it rests on: files, defects, clocks, and the profile it judged by."""

import os
from collections.abc import Iterator, Sequence
from typing import Final

from vmpcap.report.blocks import Block, Fact, Grid, Heading, Source
from vmpcap.report.chart import Glyphs
from vmpcap.report.document import Clock, Input, Report
from vmpcap.report.input_words import asked_line, guess_words, odd_words, without_rows
from vmpcap.report.words import figure, of_file, profile_line, seconds_between, size, span, stamp
from vmpcap.terms.units import count_of

MOST_HOLES: Final = 4
"""So many holes of a capture are told one by one."""


MOST_ANNOUNCERS: Final = 8
"""So many machines beside the migrations are told one by one."""

ANNOUNCERS: Final = {
    "storm": "a loop, a link that comes and goes, a mirror of several ports, or a fault of the host",
    "usual": "power-on, a link or port group that changed, a host that came back to vCenter give as many",
}
"""What it means that a machine announced itself so often."""


def about_captures(report: Report, glyphs: Glyphs) -> Iterator[Block]:
    """What was read, and what was it judged by?"""
    yield Heading("What was read", 1)
    yield from _files(report.inputs)
    for given in report.inputs:
        for words in odd_words(given):
            yield Fact("defects", f"{given.point}: {words}")
        if given.control:
            frames = ", ".join(f"{count:,} {name}" for name, count in given.control.items())
            yield Fact("control", f"{given.point}: frames of routers and switches: {frames}")
        for words in guess_words(given):
            yield Fact("guessed", f"{given.point}: {words}")
        for hole in given.holes[:MOST_HOLES]:
            sure = "" if hole.sure else ", perhaps"
            frames = f"from {stamp(hole.from_ts)}, between frames {hole.from_frame:,}{of_file(hole.from_file)}"
            frames += f" and {hole.to_frame:,}{of_file(hole.to_file)}"
            yield Fact("hole", f"{given.point}: {figure(hole.ms, 'ms')}{sure}, {frames}", hole.because)
        if len(given.holes) > MOST_HOLES:
            yield Fact("", f"{given.point}: {count_of(len(given.holes) - MOST_HOLES, 'more hole')}")
    for point, because in {i.point: i.role_because for i in report.inputs if i.role_because}.items():
        yield Fact("role", f"{point}: {because}")
    when = [asked_line(report)] if report.migrations else []
    for told in (*filter(None, when), *(f"--decode-as {rule}" for rule in report.decode_as)):
        yield Fact("told", told)
    yield from _clocks(report.clocks, glyphs)
    if report.other_announcements:
        made = count_of(report.other_announcements, "announcement event")
        yield Fact("also seen", f"{made} of guests that did not migrate in these captures")
    yield from about_announcers(report)
    if report.migrations:
        for note in without_rows(report):
            yield Fact("note", note)
    yield Heading("Judged by")
    name, _, asked = profile_line(report.profile).partition(": ")
    yield Fact(name.removeprefix("profile "), asked)
    for source in report.profile.sources:
        yield _source(source)


def about_announcers(report: Report, most: int = MOST_ANNOUNCERS) -> Iterator[Block]:
    """Which machines announced themselves beside the migrations, and is that a storm? With no room, in a line."""
    if report.announcers and not most:
        storms = sum(one.storm for one in report.announcers)
        whom = "itself" if len(report.announcers) == 1 else "themselves"
        counted = f"{count_of(len(report.announcers), 'machine')} announced {whom}"
        yield Fact("announced", f"{counted}, {storms} of them a storm" if storms else f"{counted}: no storm")
        return
    rows = tuple(
        (
            one.mac,
            one.point,
            ", ".join(f"{n:,} {kind}" for kind, n in one.kinds.items()),
            "storm" if one.storm else "usual",
            stamp(one.first_ts).removesuffix(" UTC"),
            span(seconds_between(one.first_ts, one.last_ts)),
            one.because,
        )
        for one in report.announcers[:most]
    )
    if rows:
        names = ("announced itself", "point", "frames", "that is", "first (UTC)", "for", "because")
        yield Grid(names, rows, right=("for",), sentences=("because",))
    if len(report.announcers) > most:
        yield Fact("", f"and {count_of(len(report.announcers) - most, 'further machine')}")
    for word, meaning in ANNOUNCERS.items():
        if any(one.storm == (word == "storm") for one in report.announcers[:most]):
            yield Fact(word, meaning)


def _files(inputs: Sequence[Input]) -> Iterator[Block]:
    """A row per file; what all of them share is said once."""
    folder, formats = _common_folder(inputs), list(dict.fromkeys(map(_format, inputs)))
    days = sorted({day for i in inputs for ts in (i.first_ts, i.last_ts) if (day := stamp(ts)[:10]) != stamp(None)})
    named = any(i.role is not None and i.role != i.point for i in inputs)
    rows = tuple(
        (
            i.point,
            _role(i) if named else "",
            f"{i.packets:,}",
            size(i.bytes),
            _time(i.first_ts, len(days) > 1),
            span(seconds_between(i.first_ts, i.last_ts)),
            i.path[len(folder) :],
            _format(i) if len(formats) > 1 else "",
        )
        for i in inputs
    )
    if not rows:
        return
    names = ("point", "role", "packets", "on the wire", "from (UTC)", "for", "file", "format")
    yield Grid(names, rows, right=("packets", "on the wire", "for"), sentences=("format",))
    if len(days) == 1:
        yield Fact("day", f"{days[0]} UTC")
    if folder:
        yield Fact("folder", folder)
    if len(formats) == 1:
        yield Fact("format", formats[0])


def _role(given: Input) -> str:
    return f"{given.role} (proposed)" if given.role and given.role_because else given.role or ""


def _common_folder(inputs: Sequence[Input]) -> str:
    """The folder that all files lie in, where there are several; it is said once."""
    folders = {os.path.dirname(i.path) for i in inputs}
    only = folders.pop() if len(folders) == 1 and len(inputs) > 1 else ""
    return f"{only}/" if only.strip("/") else ""


def _time(ts: str | None, with_day: bool) -> str:
    return stamp(ts).removesuffix(" UTC")[0 if with_day or not ts else 11 :]


def _format(given: Input) -> str:
    order = f"{given.byte_order} endian" if given.byte_order else ""
    return ", ".join(w for w in (given.format, order, given.time_resolution, *given.linktypes) if w)


def _clocks(clocks: Sequence[Clock], glyphs: Glyphs) -> Iterator[Block]:
    """Clocks that say the same of themselves share a line."""
    shared: dict[tuple[str, str], list[Clock]] = {}
    for clock in clocks:
        shared.setdefault((clock.reference, clock.because), []).append(clock)
    for (reference, because), together in shared.items():
        yield Fact("clock", f"{', '.join(_offset(clock, glyphs) for clock in together)}, against {reference}", because)


def _offset(clock: Clock, glyphs: Glyphs) -> str:
    if clock.offset_ms is None:
        return f"{clock.point} unknown"
    doubt = f" {glyphs.doubt} {figure(clock.uncertainty_ms, 'ms')}" if clock.uncertainty_ms is not None else ""
    if clock.bound_ms is not None and clock.bound_ms != clock.uncertainty_ms:
        doubt += f" if both ways are alike, {glyphs.doubt} {figure(clock.bound_ms, 'ms')} in any case"
    drift = f", drift {figure(clock.drift_ppm)} ppm" if clock.drift_ppm is not None else ""
    matched = count_of(clock.matched_packets, "matched packet")
    when = f" at {clock.offset_at_ts[11:23]} UTC" if clock.drift_ppm is not None and clock.offset_at_ts else ""
    return f"{clock.point} {clock.offset_ms:+.3f} ms{doubt}{when}{drift} ({matched})"


def _source(line: str) -> Source:
    """A source whose last word is an address has it apart, so that it can be opened."""
    head, _, last = line.rpartition(" ")
    return Source(head, last) if head and last.startswith(("http://", "https://")) else Source(line, "")
