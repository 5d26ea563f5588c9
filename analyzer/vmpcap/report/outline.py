"""The body of the report as blocks that every look draws in its own way. Nothing is computed here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from vmpcap.measures.results import Coverage, Rtt, Throughput
from vmpcap.migration.results import Bracket, Guest
from vmpcap.report.chart import Glyphs, Line, draw, histogram_line
from vmpcap.report.document import Clock, Input, Migration, Report
from vmpcap.report.words import (
    between,
    count,
    figure,
    frame_list,
    hypervisor,
    is_odd,
    odd_words,
    ports,
    seconds_between,
    size,
    span,
    stamp,
    try_next,
    vlans,
)
from vmpcap.verdicts.findings import Check, Outcome


@dataclass(frozen=True, slots=True)
class Heading:
    """A title. Level 1 is a migration, 2 a part of it."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled statement, with why it is so."""

    label: str
    text: str
    because: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows under column names. Columns in `right` hold figures."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """Lines of characters that must stand under each other."""

    lines: tuple[Line, ...]
    caption: str


@dataclass(frozen=True, slots=True)
class Proof:
    """A check with everything it rests on."""

    check: Check


@dataclass(frozen=True, slots=True)
class Commands:
    """What to try next."""

    rows: tuple[tuple[str, str], ...]


COVERAGES: Final[dict[Coverage | None, str]] = {
    "full": "of the full path",
    "source_half": "of the source's half of the path: a lower bound",
    "destination_half": "of the destination's half of the path: a lower bound",
    None: "it is not known of which part of the path",
}
"""What a round trip measured at a capture point is of."""

Block = Heading | Fact | Grid | Picture | Proof | Commands


def outline(report: Report, width: int, glyphs: Glyphs) -> Iterator[Block]:
    """What stands in the body of this report, in order?"""
    if not report.migrations:
        yield from _nothing_found(report)
    for migration in report.migrations:
        yield from _migration(migration, report, width, glyphs)
    yield from _inputs(report)
    yield from _rest(report)


def _nothing_found(report: Report) -> Iterator[Block]:
    yield Heading("Why no migration was recognised", 1)
    yield Fact("looked for", "one-way bulk TCP on a migration port, confirmed by its shape or its first bytes")
    for note in report.notes:
        yield Fact("passed over", note)
    if not any(i.packets for i in report.inputs):
        yield Fact("packets", "none: were the captures stopped before the first packet, or filtered?")
    yield Heading("What to try")
    yield Commands(tuple(try_next(report)))


def _migration(migration: Migration, report: Report, width: int, glyphs: Glyphs) -> Iterator[Block]:
    title = f"{migration.id}  {migration.source} {glyphs.arrow} {migration.destination}"
    yield Heading(title, 1)
    yield from _picture(migration, report, width, glyphs)
    yield from _figures(migration, width, glyphs)
    for guest in migration.guests:
        yield from _guest(guest, report)
    yield Heading("Evidence")
    for check in sorted(migration.checks, key=_weight):
        yield Proof(check)


def _weight(check: Check) -> tuple[bool, int]:
    """Deciding checks first, failures before doubts before what is in order."""
    order: tuple[Outcome, ...] = ("fail", "undecided", "pass")
    return not check.decides, order.index(check.outcome)


def _picture(migration: Migration, report: Report, width: int, glyphs: Glyphs) -> Iterator[Block]:
    limit = report.profile.throughput_mbps_min
    lines = draw(migration, limit, width, glyphs)
    if not lines:
        return
    yield Heading("Goodput over time")
    kinds = {line.kind for line in lines}
    words = ["each column is a mean, from the stream's start"]
    if any(glyphs.level in line.text for line in lines if line.kind == "bars"):
        words.append(f"{glyphs.level * 2} is the limit of {figure(limit, 'Mbps')}")
    if "switchover" in kinds:
        words.append("[=] last burst of the source to first sign of the guest at the destination")
    if "announced" in kinds:
        words.append("A first announcement at a point")
    unsure = [c.point for c in report.clocks if c.offset_ms is None]
    if unsure and kinds & {"switchover", "announced"}:
        words.append(f"marks of {', '.join(unsure)} by their own clocks")
    yield Picture(tuple(lines), "; ".join(words))


def _figures(migration: Migration, width: int, glyphs: Glyphs) -> Iterator[Block]:
    yield Heading("Figures")
    stream = [f"{hypervisor(migration)}, {ports(migration)}, {count(migration.connections, 'connection')}"]
    stream += [f"inside {', '.join(inner)}" for inner in [[e for e in migration.encapsulation if e != "eth"]] if inner]
    stream += [{True: "encrypted", False: "not encrypted", None: ""}[migration.encrypted]]
    yield Fact("stream", ", ".join(s for s in stream if s), f"seen at {migration.point}")
    yield Fact("outcome", migration.outcome, migration.outcome_because)
    yield Fact("time", f"{between(migration.start_ts, migration.end_ts)}, {span(migration.duration_s)}")
    yield from _transfer(migration)
    yield from _round_trip(migration.rtt, width, glyphs)
    yield from _path(migration)
    if migration.phases:
        rows = tuple(
            (
                f"{p.kind} {p.n}",
                stamp(p.start_ts)[11:-4],
                stamp(p.end_ts)[11:-4],
                size(p.payload_bytes),
                figure(p.mbps, "Mbps"),
            )
            for p in migration.phases
        )
        yield Grid(("phase", "from", "to", "payload", "goodput"), rows, right=("payload", "goodput"))


def _transfer(migration: Migration) -> Iterator[Block]:
    moved, rate, loss = migration.bytes, migration.throughput, migration.loss
    again = f"{size(moved.retransmitted)} again ({size(moved.payload)} in all)"
    yield Fact("payload", f"{size(moved.unique)} once, {again}")
    yield Fact("goodput", _rates(rate), "acknowledged payload, 10^6 bit/s")
    yield Fact("limited by", rate.limit.replace("_", " "), rate.limit_because)
    counted = (
        ("resent", loss.retransmissions),
        ("fast", loss.fast_retransmissions),
        ("spurious", loss.spurious_retransmissions),
        ("out of order", loss.out_of_order),
        ("duplicate ACKs", loss.duplicate_acks),
        ("lost", loss.lost_segments),
        ("zero windows", loss.zero_windows),
        ("full windows", loss.window_fulls),
    )
    known = [f"{n:,} {name}" for name, n in counted if n is not None]
    if loss.retransmitted_share is not None:
        known.append(f"{figure(loss.retransmitted_share, 'share')} of the payload resent")
    yield Fact("loss", ", ".join(known) or "not measured")


def _rates(rate: Throughput) -> str:
    named = (
        ("bulk", rate.bulk_mbps),
        ("mean", rate.mean_mbps),
        ("best 1 s", rate.best_1s_mbps),
        ("median", rate.p50_mbps),
        ("p5", rate.p5_mbps),
    )
    known = [f"{name} {figure(value)}" for name, value in named if value is not None]
    words = f"{', '.join(known)} Mbps" if known else "unknown"
    return f"{words}, up to {rate.max_concurrent} connections at once" if rate.max_concurrent > 1 else words


def _round_trip(rtt: Rtt, width: int, glyphs: Glyphs) -> Iterator[Block]:
    named = (
        ("min", rtt.min_ms),
        ("p5", rtt.p5_ms),
        ("median", rtt.p50_ms),
        ("p90", rtt.p90_ms),
        ("p95", rtt.p95_ms),
        ("p99", rtt.p99_ms),
        ("max", rtt.max_ms),
    )
    known = [f"{name} {figure(value)}" for name, value in named if value is not None]
    if not known:
        yield Fact("round trip", "unknown", rtt.coverage_because)
    else:
        yield Fact("round trip", f"{', '.join(known)} ms ({count(rtt.samples, 'sample')})")
        yield Fact("", COVERAGES[rtt.coverage], rtt.coverage_because)
    idle = []
    if rtt.idle_ms is not None:
        idle.append(f"idle path {figure(rtt.idle_ms, 'ms')} ({count(rtt.idle_samples, 'sample')})")
    if rtt.handshake_ms is not None:
        idle.append(f"handshake {figure(rtt.handshake_ms, 'ms')}")
    if idle:
        yield Fact("", ", ".join(idle))
    spread = histogram_line(rtt.histogram, max(width - 40, 20), glyphs)
    if spread:
        yield Fact("", spread, "how the samples spread")


def _path(migration: Migration) -> Iterator[Block]:
    path = migration.path
    hops = [
        f"{count(n, 'hop')} {way}"
        for n, way in ((path.hops_source_to_destination, "out"), (path.hops_destination_to_source, "back"))
        if n is not None
    ]
    parts = [path.word, *hops]
    parts += [f"MTU {path.mtu}"] if path.mtu is not None else []
    parts += [f"MSS {path.mss}"] if path.mss is not None else []
    parts += [count(path.redirects, "redirect")] if path.redirects else []
    parts += [f"next hop {', '.join(path.next_hop_macs[:4])}"] if path.next_hop_macs else []
    yield Fact("path", ", ".join(parts), path.because)


def _guest(guest: Guest, report: Report) -> Iterator[Block]:
    who = ", ".join(w for w in (guest.mac, *guest.ips[:4], vlans(guest.vlan, guest.vni)) if w)
    yield Heading(f"Guest {who}")
    yield Fact("joined", f"{guest.confidence} confidence", guest.confidence_because)
    heard = guest.announcements
    kinds = ", ".join(f"{n} {kind}" for kind, n in heard.kinds.items())
    schedule = f"schedule of {heard.schedule}" if heard.schedule else "schedule not recognised"
    if heard.count:
        said = f"{kinds or count(heard.count, 'announcement')}, first {stamp(heard.first_ts)}"
        yield Fact("announced", said, schedule)
    else:
        yield Fact("announced", "not seen")
    yield Fact("domain", f"{guest.domain.verdict}, {guest.domain.word}", guest.domain.because)
    yield from _reach(guest, report)
    yield from _interruption(guest)
    yield from _peers(guest)
    mechanisms = tuple((m.name, _yes(m.seen), m.worked, m.because) for m in guest.mechanisms)
    if mechanisms:
        yield Grid(("mechanism", "seen", "worked", "because"), mechanisms)


def _reach(guest: Guest, report: Report) -> Iterator[Block]:
    roles = {i.point: i.role for i in report.inputs}
    rows = []
    for point, heard in guest.announcements.by_point.items():
        seen = {True: "yes", False: "no", None: "cannot see"}[heard.seen]
        delay = "" if heard.delay_ms is None else f"+{figure(heard.delay_ms)} ms"
        where = " ".join(w for w in (frame_list(heard.frames, 4), vlans(heard.vlan, heard.vni)) if w)
        rows.append((point, roles.get(point) or "", seen, heard.reached, delay, where, heard.because))
    if rows:
        yield Grid(("point", "role", "seen", "reached", "delay", "frames", "because"), tuple(rows), right=("delay",))


def _interruption(guest: Guest) -> Iterator[Block]:
    s = guest.switchover
    rows = [
        ("switchover", s.bracket_ms, s.bracket),
        ("guest silent", s.guest_silence_ms, s.guest_silence),
        ("peers cut off", s.peer_outage_ms, s.peer_outage),
        ("relearned", s.relearn_ms, s.relearn),
    ]
    for label, value, bracket in rows:
        if value is None and not bracket.because:
            continue
        yield Fact(label, figure(value, "ms") + _bounds(bracket), bracket.because)
    if s.method:
        yield Fact("method", s.method)


def _bounds(bracket: Bracket) -> str:
    """Which frames bound it, and how sure are they?"""
    doubt = f" {chr(177)} {figure(bracket.uncertainty_ms)}" if bracket.uncertainty_ms else ""
    ends = [
        f"{point or ''} frame {frame}"
        for point, frame in ((bracket.from_point, bracket.from_frame), (bracket.to_point, bracket.to_frame))
        if frame is not None
    ]
    return doubt + (f" ({' to '.join(ends)})" if ends else "")


def _peers(guest: Guest) -> Iterator[Block]:
    rows = []
    for peer in guest.peers:
        out = "never back" if peer.survived is False and peer.outage_ms is None else figure(peer.outage_ms, "ms")
        lost = "" if peer.lost is None else f"{peer.lost:,}"
        resent = "" if peer.retransmissions is None else f"{peer.retransmissions:,}"
        asks = "" if peer.interval_ms is None else figure(peer.interval_ms, "ms")
        survived = {True: "yes", False: "no", None: ""}[peer.survived]
        frames = frame_list(peer.frames, 3)
        rows.append((peer.peer, peer.protocol, peer.point, out, asks, lost, resent, survived, frames))
    if rows:
        names = ("peer", "protocol", "point", "cut off", "asks every", "lost", "resent", "survived", "frames")
        yield Grid(names, tuple(rows), right=("cut off", "asks every", "lost", "resent"))
    for peer in guest.peers:
        if peer.because:
            yield Fact(peer.peer, peer.because)


def _inputs(report: Report) -> Iterator[Block]:
    yield Heading("What was read", 1)
    rows = tuple(
        (i.point, i.role or "", f"{i.packets:,}", size(i.bytes), _length(i), f"from {stamp(i.first_ts)}, {i.path}")
        for i in report.inputs
    )
    if rows:
        names = ("point", "role", "packets", "on the wire", "for", "file")
        yield Grid(names, rows, right=("packets", "on the wire", "for"))
    for given in report.inputs:
        if is_odd(given):
            yield Fact("defects", f"{given.point}: {odd_words(given)}", _details(given))
    for kind in dict.fromkeys(_format(i) for i in report.inputs):
        yield Fact("format", kind)


def _length(given: Input) -> str:
    seconds = seconds_between(given.first_ts, given.last_ts)
    return "unknown" if seconds is None else span(seconds)


def _format(given: Input) -> str:
    order = f"{given.byte_order} endian" if given.byte_order else ""
    return ", ".join(w for w in (given.format, order, given.time_resolution, *given.linktypes) if w)


def _details(given: Input) -> str:
    return "; ".join(d.detail for d in given.defects if d.detail)


def _rest(report: Report) -> Iterator[Block]:
    for clock in report.clocks:
        yield Fact("clock", _clock_words(clock), clock.because)
    if report.other_announcements:
        made = count(report.other_announcements, "announcement")
        yield Fact("also seen", f"{made} of guests that did not migrate in these captures")
    if report.migrations:
        for note in report.notes:
            yield Fact("note", note)
    for source in report.profile.sources:
        yield Fact("profile", source)


def _clock_words(clock: Clock) -> str:
    if clock.offset_ms is None:
        return f"{clock.point} against {clock.reference}: not known"
    doubt = f" {chr(177)} {figure(clock.uncertainty_ms)}" if clock.uncertainty_ms is not None else ""
    drift = f", drift {figure(clock.drift_ppm)} ppm" if clock.drift_ppm is not None else ""
    matched = count(clock.matched_packets, "matched packet")
    return f"{clock.point} against {clock.reference}: {clock.offset_ms:+.3f}{doubt} ms{drift} ({matched})"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def proof_lines(check: Check) -> list[tuple[str, str]]:
    """Where does this check's evidence lie? Per point: its frames in words, and a display filter."""
    lines = []
    for shown in check.evidence:
        frames = f"frames {frame_list(shown.frames)}" if shown.frames else ""
        lines.append((" ".join(w for w in (shown.point, frames) if w), shown.filter))
    return [line for line in lines if any(line)]
