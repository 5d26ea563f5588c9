"""What the report tells of a migration's stream: its picture, its figures, its path, its phases."""

from collections.abc import Iterator, Mapping
from typing import Final

from vmpcap.measures.results import Counted, Coverage, LimitClass, LimitInterval, Loss, Rtt, Throughput
from vmpcap.report.about_path import about_path
from vmpcap.report.blocks import Block, Fact, Grid, Heading, Picture
from vmpcap.report.chart import HEIGHT, LIMITS, Glyphs, draw, histogram_line
from vmpcap.report.document import Migration, Report
from vmpcap.report.words import (
    HYPERVISORS,
    between,
    carried,
    figure,
    hypervisor,
    is_guessed,
    lasted,
    not_in_view,
    of_file,
    ports,
    size,
    stamp,
    tunnels,
)
from vmpcap.terms.units import count_of

COVERAGES: Final[dict[Coverage | None, str]] = {
    "full": "of the full path",
    "source_half": "of the source's half of the path: a lower bound",
    "destination_half": "of the destination's half of the path: a lower bound",
    None: "it is not known of which part of the path",
}
"""What a round trip measured at a capture point is of."""


def about_stream(migration: Migration, report: Report, width: int, glyphs: Glyphs) -> Iterator[Block]:
    """How did the stream of this migration run?"""
    yield from about_picture(migration, report, width, glyphs)
    yield Heading("Figures")
    if not migration.connections:
        yield Fact("stream", "not in view", migration.outcome_because)
        return
    yield Fact("stream", _stream(migration), f"seen at {migration.point}{_told_by(migration)}")
    yield Fact("outcome", migration.outcome, migration.outcome_because)
    yield Fact("time", f"{between(migration.start_ts, migration.end_ts)}, {lasted(migration)}", not_in_view(migration))
    yield from _transfer(migration)
    yield from _round_trip(migration.rtt, width, glyphs)
    yield from about_path(migration)
    yield from _phases(migration)
    yield from _limits(migration.throughput)


ANNOUNCES_AS: Final = {"qemu": "qemu", "esxi": "vmware"}
"""Whose the schedules of announcements are."""


def _told_by(migration: Migration) -> str:
    """What says whose stream it is, where that is less than its first bytes, and what speaks against it?"""
    if "begin" not in migration.cut_at and not is_guessed(migration):
        return ""
    heard = {ANNOUNCES_AS.get(guest.announcements.schedule or "") for guest in migration.guests} - {None}
    others = sorted(HYPERVISORS[name] for name in heard if name and name != migration.hypervisor)
    against = f"; but its guest was announced as {' and '.join(others)} does it" if others else ""
    return f"; its hypervisor by {migration.hypervisor_because}{against if is_guessed(migration) else ''}"


def about_picture(
    migration: Migration, report: Report, width: int, glyphs: Glyphs, height: int = HEIGHT
) -> Iterator[Block]:
    """How did it run over time, in a picture of so many rows of bars?"""
    limit = report.profile.throughput_mbps_min
    lines = draw(migration, limit, width, glyphs, height)
    if not lines:
        return
    yield Heading("Goodput over time")
    kinds = {line.kind for line in lines}
    words = ["each column is a mean"]
    if any(glyphs.level in line.text for line in lines if line.kind == "bars"):
        words.append(f"{glyphs.level * 2} the limit")
    elif limit is not None and limit > max(point.mbps for point in migration.series):
        words.append(f"the limit, {figure(limit, 'Mbps')}, lies above the picture")
    if "rtt" in kinds:
        words.append("RTT the median of each part of the stream")
    if "switchover" in kinds:
        words.append("[=] from the source's last burst to the guest's first sign at the destination")
    if "limits" in kinds:
        words.append(", ".join(f"{LIMITS[n]} {n.replace('_', ' ')}" for n in migration.throughput.limit_shares))
    if "announced" in kinds:
        words.append("A first announced at a point")
    held = {c.point for c in report.clocks}
    unsure = [c.point for c in report.clocks if c.offset_ms is None or c.reference in held]
    if unsure and kinds & {"switchover", "announced"}:
        words.append(f"marks of {', '.join(unsure)} by their own clocks")
    yield Picture(tuple(lines), "; ".join(words))


def _stream(migration: Migration) -> str:
    words = [hypervisor(migration), ports(migration), count_of(migration.connections, "connection")]
    words += [f"inside {', '.join(inside)}" for inside in [tunnels(migration.encapsulation)] if inside]
    words += [{True: "encrypted", False: "not encrypted", None: "whether encrypted is not known"}[migration.encrypted]]
    return ", ".join(w for w in words if w)


COUNTED: Final[Mapping[Counted, str]] = {
    "acknowledged": "acknowledged payload",
    "received": "payload that came to the destination's own point (no acknowledgement is in view)",
    "sent": "payload that was sent: no acknowledgement is in view, so less may have been delivered",
}


def _transfer(migration: Migration) -> Iterator[Block]:
    moved, rate, loss = migration.bytes, migration.throughput, migration.loss
    again = f"{size(moved.retransmitted)} again ({size(moved.payload)} in all)"
    yield Fact("payload", f"{carried(migration)} once, {again}")
    yield Fact("goodput", _rates(rate), f"{COUNTED[rate.counted]}, 10^6 bit/s")
    yield Fact("limited by", rate.limit.replace("_", " "), rate.limit_because)
    if rate.limit_shares:
        yield Fact("", _over_time(rate), "of the time from the first data to the last")
    yield Fact("loss", ", ".join(_resent(loss)) or "not measured")
    marked = [f"{n:,} {name}" for name, n in _marks(loss) if n]
    if marked:
        yield Fact("", f"in Wireshark: {', '.join(marked)}")


def _over_time(rate: Throughput) -> str:
    """What limited the stream in which share of the time?"""
    ordered = sorted(rate.limit_shares.items(), key=lambda item: -item[1])
    return ", ".join(f"{name.replace('_', ' ')} {figure(share, 'share')}" for name, share in ordered)


def _resent(loss: Loss) -> Iterator[str]:
    """What was sent again or came late, by our own count."""
    if loss.retransmissions is not None:
        yield f"{loss.retransmissions:,} resent{_in_vain(loss)}"
    if loss.lost_before_point:
        yield f"{loss.lost_before_point:,} more lost before this point"
    why = [
        f"{n:,} {words}"
        for n, words in (
            (loss.resent_reported, "as reported"),
            (loss.resent_timeout, "by timeout"),
            (loss.resent_tail, "of a tail"),
        )
        if n
    ]
    if why:
        yield f"sent again {', '.join(why)}"
    if loss.reordered:
        yield f"{loss.reordered:,} reordered{_extent(loss)}"
    if loss.zero_windows is not None:
        yield count_of(loss.zero_windows, "zero window")
    if loss.retransmitted_share is not None:
        yield f"{figure(loss.retransmitted_share, 'share')} of the payload resent"


def _in_vain(loss: Loss) -> str:
    """How many of those for nothing? No more than there are: what else came twice had not been sent twice here."""
    if loss.needless and loss.needless > (loss.retransmissions or 0):
        return f" ({loss.needless:,} came twice at the receiver: copied on the way, or sent again unseen)"
    if loss.needless:
        return f" ({loss.needless:,} in vain)"
    return " (whether in vain was cut off)" if loss.retransmissions and loss.needless_because else ""


def _extent(loss: Loss) -> str:
    """How far were they reordered at most?"""
    if loss.reordered_most_segments is None or loss.reordered_most_ms is None:
        return ""
    most = count_of(loss.reordered_most_segments, "segment")
    return f" (behind {most} or {figure(loss.reordered_most_ms, 'ms')} at most)"


def _marks(loss: Loss) -> tuple[tuple[str, int | None], ...]:
    """What Wireshark calls it: filters of the same names find the frames."""
    return (
        ("fast", loss.fast_retransmissions),
        ("spurious", loss.spurious_retransmissions),
        ("out of order", loss.out_of_order),
        ("duplicate ACKs", loss.duplicate_acks),
        ("behind lost segments", loss.lost_segments),
        ("full windows", loss.window_fulls),
    )


def _rates(rate: Throughput) -> str:
    named = (
        ("bulk", rate.bulk_mbps),
        ("mean", rate.mean_mbps),
        ("best 1 s", rate.best_1s_mbps),
        ("median", rate.p50_mbps),
        ("p5", rate.p5_mbps),
    )
    known = [f"{name} {figure(value, 'Mbps')}" for name, value in named if value is not None] or ["unknown"]
    if (rate.max_concurrent or 0) > 1:
        known.append(f"up to {rate.max_concurrent} connections at once")
    return ", ".join(known)


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
    known = [f"{name} {figure(value, 'ms')}" for name, value in named if value is not None]
    if not known:
        yield Fact("round trip", "unknown", rtt.coverage_because)
    else:
        yield Fact("round trip", f"{', '.join(known)} ({count_of(rtt.samples, 'sample')})")
        yield Fact("", COVERAGES[rtt.coverage], rtt.coverage_because)
    idle = []
    if rtt.idle_ms is not None:
        idle.append(f"idle path {figure(rtt.idle_ms, 'ms')} ({count_of(rtt.idle_samples, 'sample')})")
    if rtt.handshake_ms is not None:
        idle.append(f"handshake {figure(rtt.handshake_ms, 'ms')}")
    if idle:
        yield Fact("", ", ".join(idle))
    if rtt.delayed_acks:
        held = f"{count_of(rtt.delayed_acks, 'sample')} by an ACK that was held back"
        yield Fact("", held, "the receiver's wait is in them: so many of the highest are too high")
    told = _spans(rtt)
    if told:
        yield Fact("", told, "over time")
    spread = histogram_line(rtt.histogram, width, glyphs)
    if spread:
        yield Fact("", spread, "how the samples spread")


def _spans(rtt: Rtt) -> str:
    """Between what did the median move, and when was the longest round trip?"""
    known = [s for s in rtt.over_time if s.median_ms is not None and s.most_ms is not None]
    if len(known) < 2:
        return ""
    medians = sorted(s.median_ms for s in known if s.median_ms is not None)
    worst = max(known, key=lambda s: s.most_ms or 0.0)
    flying = f" with {size(worst.flight_bytes)} in flight" if worst.flight_bytes is not None else ""
    moved = f"medians from {figure(medians[0], 'ms')} to {figure(medians[-1], 'ms')}"
    return f"{moved}, longest {figure(worst.most_ms, 'ms')} after {stamp(worst.start_ts)[11:]}{flying}"


def _limits(rate: Throughput) -> Iterator[Block]:
    """For each class the interval of it that carried most: its figures, and where to look."""
    chief: dict[LimitClass, LimitInterval] = {}
    for one in rate.limits:
        if one.limit not in chief or one.payload_bytes > chief[one.limit].payload_bytes:
            chief[one.limit] = one
    rows = tuple(
        (
            name.replace("_", " "),
            figure(rate.limit_shares.get(name), "share"),
            figure(one.mbps, "Mbps") if one.mbps is not None else "",
            size(one.flight_bytes) if one.flight_bytes is not None else "",
            size(one.window_bytes) if one.window_bytes is not None else "",
            figure(one.window_mbps, "Mbps") if one.window_mbps is not None else "",
            figure(one.mathis_mbps, "Mbps") if one.mathis_mbps is not None else "",
            _frames(one),
            one.because,
        )
        for name, one in sorted(chief.items(), key=lambda item: -rate.limit_shares.get(item[0], 0.0))
    )
    if rows:
        columns = ("limited by", "share", "goodput", "in flight", "window", "it allows", "loss allows", "frames")
        yield Grid((*columns, "because"), rows, right=columns[1:-1], sentences=("because",))


def _frames(one: LimitInterval) -> str:
    """The first and the last frame of it."""
    if one.from_frame is None:
        return ""
    if one.from_file == one.to_file:
        return f"{one.from_frame}-{one.to_frame}{of_file(one.to_file)}"
    return f"{one.from_frame}{of_file(one.from_file)} to {one.to_frame}{of_file(one.to_file)}"


def _phases(migration: Migration) -> Iterator[Block]:
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
    if rows:
        yield Grid(("phase", "from (UTC)", "to", "payload", "goodput"), rows, right=("payload", "goodput"))
        if migration.phases_because:
            yield Fact("phases", "without the switchover", migration.phases_because)
