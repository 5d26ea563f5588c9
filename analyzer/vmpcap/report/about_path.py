"""What the report tells of the way that a migration's stream took, and of each part of it."""

from collections.abc import Collection, Iterator
from typing import Final

from vmpcap.migration.results import Path
from vmpcap.report.blocks import Block, Fact, Grid
from vmpcap.report.document import Migration
from vmpcap.report.words import figure, frame_list
from vmpcap.terms.units import count_of

_SENDERS: Final = {"to_destination": "the source", "to_source": "the destination"}
"""Who hands packets on in this direction."""


_BETWEEN: Final = {
    "translator": "somebody on the way translates addresses",
    "relay": "a relay on the way ends TCP and begins it anew",
}


def about_path(migration: Migration) -> Iterator[Block]:
    """Which way did the stream take, and what happened on which part of it?"""
    for name in migration.other_names:
        yield Fact("other name", name.words, f"{name.because}: {_BETWEEN[name.by]}")
    yield from _path(migration)
    yield from _segments(migration)


def _path(migration: Migration) -> Iterator[Block]:
    path = migration.path
    hops = [
        f"{count_of(n, 'hop')} {way}"
        for n, way in ((path.hops_source_to_destination, "out"), (path.hops_destination_to_source, "back"))
        if n is not None
    ]
    parts = [path.word, *hops]
    parts += [f"MTU {path.mtu}"] if path.mtu is not None else []
    parts += [f"MSS {path.mss}"] if path.mss is not None else []
    parts += [count_of(path.redirects, "redirect")] if path.redirects else []
    yield Fact("path", ", ".join(parts), path.because)
    if path.asymmetric:
        yield Fact("", "asymmetric: the two directions pass unequally many routers")
    if path.mss_clamped:
        yield Fact("", "MSS clamped on the way", path.mss_clamped_because)
    for hop in path.next_hops:
        yield Fact("", f"{_SENDERS[hop.direction]} hands to {hop.mac}", f"{hop.because} ({hop.point})")
    yield from odd_on_path(path)


def odd_on_path(path: Path, label: str = "", leave_out: Collection[str] = ()) -> Iterator[Block]:
    """Who complained about the stream's packets, and what about their way is often meant otherwise?"""
    for one in path.unreachables:
        said = f"{one.sender} said {count_of(one.count, 'time')}: {one.meaning}"
        size = f", at most {one.mtu} bytes" if one.mtu is not None else ""
        yield Fact(label, f"{said}{size}", f"frames {frame_list(one.frames, files=one.files)} at {one.point}")
    for symptom in path.symptoms:
        if symptom.name not in leave_out:
            where = (
                f" (frames {frame_list(symptom.frames, files=symptom.files)} at {symptom.point})"
                if symptom.frames
                else ""
            )
            yield Fact(label, symptom.name.replace("_", " "), f"{symptom.because}{where}")


def _segments(migration: Migration) -> Iterator[Block]:
    """A row for each two neighbouring points and direction."""
    rows = tuple(
        (
            f"{s.from_point} to {s.to_point}",
            _count(s.lost),
            f"{s.lost_of:,}",
            _count(s.duplicated),
            _count(s.reordered),
            figure(s.delay_min_ms, "ms") if s.delay_min_ms is not None else "",
            f"\u00b1 {figure(s.uncertainty_ms, 'ms')}" if s.uncertainty_ms is not None else "",
            f"+{figure(s.queueing_ms, 'ms')}" if s.queueing_ms is not None else "",
            s.because,
        )
        for s in migration.segments
    )
    if rows:
        columns = ("segment", "lost", "of", "doubled", "reordered", "least delay", "clocks", "p95")
        yield Grid((*columns, "because"), rows, right=columns[1:], sentences=("because",))


def _count(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"
