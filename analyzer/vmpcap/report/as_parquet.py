"""The report as frames, one Parquet file each; `migration` joins them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from vmpcap.migration.results import Guest
from vmpcap.report.clean import without_surrogates
from vmpcap.report.document import Migration, Report
from vmpcap.report.words import nanoseconds
from vmpcap.terms.columns import Column, Kind, dtypes, through_gate
from vmpcap.verdicts.findings import Check

if TYPE_CHECKING:
    import polars as pl


class Row(NamedTuple):
    """What one row of a frame is made from: an item, and what it belongs to."""

    item: Any
    migration: Migration | None = None
    guest: Guest | None = None
    check: Check | None = None
    point: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a frame, and its value in a row."""

    column: Column
    of: Callable[[Row], Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of the report."""

    name: str
    meaning: str
    rows: Callable[[Report], Iterator[Row]]
    fields: tuple[Field, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Its columns, in order; an empty frame has them too."""
        return tuple(field.column for field in self.fields)


def _migrations(report: Report) -> Iterator[Row]:
    return (Row(m, m) for m in report.migrations)


def _inputs(report: Report) -> Iterator[Row]:
    return (Row(i) for i in report.inputs)


def _of_migrations(path: str) -> Callable[[Report], Iterator[Row]]:
    """The items of every migration that lie there."""
    items = attrgetter(path)
    return lambda report: (Row(item, m) for m in report.migrations for item in items(m))


def _of_guests(path: str) -> Callable[[Report], Iterator[Row]]:
    """The items of every guest that lie there."""
    items = attrgetter(path)
    return lambda report: (Row(item, m, g) for m in report.migrations for g in m.guests for item in items(g))


def _mechanisms(report: Report) -> Iterator[Row]:
    """Of every guest; of streams whose guest nobody knows; and what is seen where no guest moved."""
    yield from _of_guests("mechanisms")(report)
    yield from (Row(one, m) for m in report.migrations for one in m.mechanisms)
    yield from (Row(one) for one in report.mechanisms)


def _evidence(report: Report) -> Iterator[Row]:
    return (Row(e, m, check=c) for m in report.migrations for c in m.checks for e in c.evidence)


def _guests(report: Report) -> Iterator[Row]:
    return (Row(g, m, g) for m in report.migrations for g in m.guests)


def _sessions(report: Report) -> Iterator[Row]:
    return (Row(g.sessions, m, g) for m in report.migrations for g in m.guests)


def _announcers(report: Report) -> Iterator[Row]:
    return (Row(a) for a in report.announcers)


def _reach(report: Report) -> Iterator[Row]:
    for m in report.migrations:
        for g in m.guests:
            yield from (Row(heard, m, g, point=point) for point, heard in g.announcements.by_point.items())


def _kinds_of_defects(row: Row) -> list[str]:
    return [defect.kind for defect in row.item.defects]


def _first_point(row: Row) -> str | None:
    return row.item.evidence[0].point if row.item.evidence else None


def _first_frames(row: Row) -> list[int]:
    return row.item.evidence[0].frames if row.item.evidence else []


def _field(name: str, kind: Kind, meaning: str, unit: str = "", path: str = "") -> Field:
    """A column that is called as in the item, unless a path says where else its value lies."""
    return Field(Column(name, kind, unit, meaning), attrgetter(path or f"item.{name}"))


MIGRATION: Final = _field("migration", "text", "id of the migration", path="migration.id")
GUEST: Final = _field("guest", "text", "MAC of the guest", path="guest.mac")
ON_THE_WAY: Final = (
    _field("lost", "count", "never seen at the second or further on", "packets"),
    _field("lost_of", "count", "that left the first", "packets"),
    _field("duplicated", "count", "so many more came than left", "packets"),
    _field("reordered", "count", "overtaken by a later one", "packets"),
    _field("delay_min_ms", "float", "least delay, by the middle of the possible clocks", "ms"),
    _field("delay_p95_ms", "float", "its 95th percentile", "ms"),
    _field("uncertainty_ms", "float", "by how much both may be off alike", "ms"),
    _field("queueing_ms", "float", "between the two", "ms"),
    _field("matched", "count", "that both points show", "packets"),
    _field("missed", "count", "that came, though the second does not show them", "packets"),
)
"""What happened to packets between two points, the stream's or the guest's."""

FRAMES: Final = (
    Frame("migrations", "one row per migration", _migrations, (
        MIGRATION,
        _field("verdict", "text", "pass, fail or undecided"),
        _field("hypervisor", "text", "as the stream's first bytes or its port tell"),
        _field("source", "text", "address of the source host"),
        _field("destination", "text", "address of the destination host"),
        _field("connections", "count", "TCP connections of the stream"),
        _field("start_ts", "time", "first packet of the stream"),
        _field("end_ts", "time", "last packet of the stream"),
        _field("duration_s", "float", "between the two", "s"),
        _field("is_cut", "bool", "begin or end is not in view: duration and bytes are at least that"),
        _field("outcome", "text", "completed, aborted, truncated or unknown"),
        _field("point", "text", "capture point whose figures of the stream these are"),
        _field("payload_bytes", "count", "payload seen, resent bytes included", "bytes", "item.bytes.payload"),
        _field("unique_bytes", "count", "each sequence number once", "bytes", "item.bytes.unique"),
        _field("retransmitted_bytes", "count", "seen before at this point", "bytes", "item.bytes.retransmitted"),
        _field("bulk_mbps", "float", "goodput while data flowed", "Mbps", "item.throughput.bulk_mbps"),
        _field("mean_mbps", "float", "goodput, pauses included", "Mbps", "item.throughput.mean_mbps"),
        _field("best_1s_mbps", "float", "goodput of the best second", "Mbps", "item.throughput.best_1s_mbps"),
        _field("limit", "text", "what limited the goodput", path="item.throughput.limit"),
        _field("rtt_samples", "count", "round trips measured", "samples", "item.rtt.samples"),
        _field("rtt_p5_ms", "float", "5th percentile", "ms", "item.rtt.p5_ms"),
        _field("rtt_p50_ms", "float", "median", "ms", "item.rtt.p50_ms"),
        _field("rtt_p95_ms", "float", "95th percentile", "ms", "item.rtt.p95_ms"),
        _field("idle_ms", "float", "path with next to nothing in flight", "ms", "item.rtt.idle_ms"),
        _field("handshake_ms", "float", "smallest handshake", "ms", "item.rtt.handshake_ms"),
        _field("rtt_coverage", "text", "part of the path that the samples cross", path="item.rtt.coverage"),
        _field("retransmissions", "count", "segments", "segments", "item.loss.retransmissions"),
        _field("zero_windows", "count", "segments that offered no window", "segments", "item.loss.zero_windows"),
    )),
    Frame("checks", "one row per check of a migration", _of_migrations("checks"), (
        MIGRATION,
        _field("check", "text", "id of the check", path="item.id"),
        _field("outcome", "text", "pass, fail or undecided"),
        _field("decides", "bool", "false: advice"),
        _field("measured", "float", "figure, in its unit"),
        _field("limit", "float", "what it was held against"),
        _field("unit", "text", "of both"),
        _field("because", "text", "why, in one sentence"),
    )),
    Frame("evidence", "one row per check and capture point", _evidence, (
        MIGRATION,
        _field("check", "text", "id of the check", path="check.id"),
        _field("point", "text", "capture point"),
        _field("frames", "ids", "frame numbers in its file, from 1"),
        _field("filter", "text", "display filter of Wireshark"),
    )),
    Frame("phases", "one row per stretch of a stream", _of_migrations("phases"), (
        MIGRATION,
        _field("kind", "text", "setup, bulk, burst, switchover or resume"),
        _field("n", "count", "which of its kind"),
        _field("start_ts", "time", "first packet"),
        _field("end_ts", "time", "last packet"),
        _field("payload_bytes", "count", "payload", "bytes"),
        _field("mbps", "float", "goodput", "Mbps"),
    )),
    Frame("segments", "a stream between neighbouring points, one row per direction", _of_migrations("segments"), (
        MIGRATION,
        _field("from_point", "text", "capture point that packets left"),
        _field("to_point", "text", "the next one on their way"),
        _field("direction", "text", "to_destination or to_source"),
        *ON_THE_WAY,
        _field("outside", "count", "before the second's first frame or after its last", "packets"),
        _field("unseen", "count", "that the second shows alone", "packets"),
        _field("recut", "bool", "segments were cut or joined between the two"),
        _field("one_in", "count", "of so many packets one was compared", "packets"),
        _field("frames", "ids", "lost ones at the first point, from 1"),
        _field("because", "text", "what was lost, in one sentence"),
        _field("silent", "ids", "points between that recorded nothing then; of these packets alone"),
    )),
    Frame("next_hops", "whom each host hands a stream's packets to", _of_migrations("path.next_hops"), (
        MIGRATION,
        _field("direction", "text", "to_destination or to_source"),
        _field("point", "text", "capture point beside the host that sends"),
        _field("mac", "text", "of the next hop"),
        _field("kind", "text", "peer, router, hsrp1, hsrp2, hsrp6, vrrp, vrrp6, glbp, nsx or unknown"),
        _field("group", "count", "of the gateway protocol"),
        _field("address", "text", "that ARP or neighbour discovery gives for it"),
        _field("arp", "text", "whom the host asked for before: peer, gateway or none"),
        _field("returns_from", "text", "MAC from which the other direction arrives there"),
        _field("because", "text", "why, in a few words"),
    )),
    Frame("unreachables", "ICMP errors about a stream's packets", _of_migrations("path.unreachables"), (
        MIGRATION,
        _field("point", "text", "capture point"),
        _field("sender", "text", "who says so"),
        _field("kind", "count", "ICMP type"),
        _field("code", "count", "ICMP code"),
        _field("meaning", "text", "in words"),
        _field("mtu", "count", "smallest that the next hop takes", "bytes"),
        _field("count", "count", "how often", "packets"),
        _field("frames", "ids", "frame numbers in its file, from 1"),
    )),
    Frame("symptoms", "what about a stream's way is often meant otherwise", _of_migrations("path.symptoms"), (
        MIGRATION,
        _field("name", "text", "proxy_arp_or_wrong_mask, redirected, unanswered_syn, reset_by_another, ..."),
        _field("point", "text", "capture point"),
        _field("frames", "ids", "frame numbers in its file, from 1"),
        _field("because", "text", "why, in one sentence"),
    )),
    Frame("limits", "what limited the stream when, one row per interval", _of_migrations("throughput.limits"), (
        MIGRATION,
        _field("limit", "text", "mtu_black_hole, receiver_window, software_cap, network_plateau, ..., or unknown"),
        _field("start_ts", "time", "begin"),
        _field("end_ts", "time", "end: where the next one begins"),
        _field("payload_bytes", "count", "seen for the first time in it", "bytes"),
        _field("mbps", "float", "goodput, pauses included", "Mbps"),
        _field("flight_bytes", "count", "outstanding: median of what was most in each 10 ms", "bytes"),
        _field("window_bytes", "count", "receive window, scaled: median", "bytes"),
        _field("rtt_ms", "float", "beside the sender, data to ACK, with queues: median of each 10 ms's shortest", "ms"),
        _field("bdp_bytes", "count", "to be outstanding for this goodput over the idle path", "bytes"),
        _field("window_mbps", "float", "what the window allows over this round trip, or else the idle path", "Mbps"),
        _field("loss_events", "count", "times at which data was resent, a round trip apart", "events"),
        _field("mathis_mbps", "float", "what so much loss allows over the idle path", "Mbps"),
        _field("from_frame", "count", "first packet in it, or the last before it"),
        _field("to_frame", "count", "last packet in it, or the first behind it"),
        _field("because", "text", "why, in one sentence"),
    )),
    Frame("throughput", "goodput over time, one row per bin", _of_migrations("series"), (
        MIGRATION,
        _field("at_s", "float", "begin of the bin, from the stream's start", "s"),
        _field("mbps", "float", "goodput in it", "Mbps"),
    )),
    Frame("rtt_histogram", "how round trips spread, one row per bin", _of_migrations("rtt.histogram"), (
        MIGRATION,
        _field("low_ms", "float", "from here on", "ms"),
        _field("high_ms", "float", "to below this", "ms"),
        _field("count", "count", "samples", "samples"),
        _field("idle", "count", "of those, sent with at most two segments in flight", "samples"),
    )),
    Frame("rtt_over_time", "round trips in each part of a stream", _of_migrations("rtt.over_time"), (
        MIGRATION,
        _field("start_ts", "time", "begin"),
        _field("end_ts", "time", "end: where the next one begins"),
        _field("least_ms", "float", "shortest, data to ACK", "ms"),
        _field("median_ms", "float", "median of the shortest of each 10 ms", "ms"),
        _field("most_ms", "float", "longest", "ms"),
        _field("flight_bytes", "count", "outstanding: median of what was most in each 10 ms", "bytes"),
        _field("resent_bytes", "count", "payload sent again in it", "bytes"),
    )),
    Frame("reach", "what each point saw of a guest's announcements", _reach, (
        MIGRATION,
        GUEST,
        _field("point", "text", "capture point", path="point"),
        _field("seen", "bool", "null: the point cannot see them"),
        _field("reached", "text", "reached, not_reached or not_observable"),
        _field("first_ts", "time", "first sighting"),
        _field("delay_ms", "float", "after the first sighting anywhere", "ms"),
        _field("vlan", "ids", "802.1Q tags, outermost first"),
        _field("vni", "count", "id of the overlay"),
        _field("frames", "ids", "frame numbers in its file, from 1"),
        _field("because", "text", "why, in one sentence"),
    )),
    Frame("switchover", "one row per guest", _guests, (
        MIGRATION,
        GUEST,
        _field("bracket_ms", "float", "last burst to first sign of the guest", "ms", "item.switchover.bracket_ms"),
        _field("guest_silence_ms", "float", "between frames of the guest", "ms", "item.switchover.guest_silence_ms"),
        _field("peer_outage_ms", "float", "longest outage of a peer", "ms", "item.switchover.peer_outage_ms"),
        _field("relearn_ms", "float", "first frame to first unicast for it", "ms", "item.switchover.relearn_ms"),
        _field("domain", "text", "reached, not_reached or not_observable", path="item.domain.verdict"),
        _field("peers_left_out", "count", "streams that `peers` does not list, for there are too many", "streams"),
    )),
    Frame("peers", "what each peer of a guest suffered", _of_guests("peers"), (
        MIGRATION,
        GUEST,
        _field("peer", "text", "address"),
        _field("protocol", "text", "and port"),
        _field("point", "text", "capture point"),
        _field("outage_ms", "float", "outage", "ms"),
        _field("outage_low_ms", "float", "at least, by the requests around it", "ms"),
        _field("outage_high_ms", "float", "at most", "ms"),
        _field("interval_ms", "float", "usual time between requests: how sure the outage is", "ms"),
        _field("lost", "count", "requests without an answer"),
        _field("retransmissions", "count", "segments sent again", "segments"),
        _field("survived", "bool", "null: not known"),
        _field("frames", "ids", "frame numbers in its file, from 1"),
        _field("because", "text", "why, in one sentence"),
    )),
    Frame("guest_segments", "a guest's way to its peers between neighbouring points", _of_guests("segments"), (
        MIGRATION,
        GUEST,
        _field("when", "text", "before or after the switchover"),
        _field("from_point", "text", "capture point that packets left"),
        _field("to_point", "text", "the next one on their way"),
        _field("direction", "text", "to_guest or from_guest"),
        *ON_THE_WAY,
        _field("outside", "count", "while the second recorded nothing, or as few as it lacks of others", "packets"),
        _field("unseen", "count", "that the second shows alone", "packets"),
        _field("one_in", "count", "of so many packets one was compared", "packets"),
        _field("frames", "ids", "lost ones at the first point, from 1"),
        _field("because", "text", "what was lost, in one sentence"),
    )),
    Frame("mechanisms", "ways of keeping a guest reachable", _mechanisms, (
        Field(MIGRATION.column, lambda row: row.migration.id if row.migration else None),
        Field(GUEST.column, lambda row: row.guest.mac if row.guest else None),
        _field("name", "text", "of the mechanism"),
        _field("seen", "bool", "whether this capture shows it"),
        _field("worked", "text", "yes, no or undecided"),
        _field("latency_ms", "float", "to the first frame that shows its part done", "ms"),
        _field("latency_is_at_most", "bool", "whether it was done before that frame for sure"),
        _field("because", "text", "why, in one sentence"),
        Field(Column("point", "text", "", "the first point that shows it"), _first_point),
        Field(Column("frames", "ids", "", "frame numbers there, from 1"), _first_frames),
    )),
    Frame("sessions", "what became of a guest's TCP connections", _sessions, (
        MIGRATION,
        GUEST,
        _field("kept", "count", "that went on where they had left off", "connections"),
        _field("denied", "count", "of before, that the guest answered with a reset", "connections"),
        _field("lost", "count", "on which a peer was never answered again", "connections"),
        _field("word", "text", "live, not_live or undecided"),
        _field("from_point", "text", "capture point of the guest's last segment before, of one of them"),
        _field("from_frame", "count", "its frame number, from 1"),
        _field("to_point", "text", "capture point of its first segment after"),
        _field("to_frame", "count", "its frame number, from 1"),
        _field("because", "text", "which connections, in one sentence"),
    )),
    Frame("announcers", "who announced itself beside the migrations", _announcers, (
        _field("mac", "text", "of the machine"),
        _field("point", "text", "capture point that saw most of it"),
        _field("events", "count", "series of announcements"),
        _field("most_in_a_minute", "count", "of one kind for one address within sixty seconds", "packets"),
        _field("schedule", "text", "qemu, esxi or other; null: too few, or several"),
        _field("first_ts", "time", "its first announcement"),
        _field("last_ts", "time", "its last one"),
        _field("storm", "bool", "more than any known schedule gives"),
        _field("because", "text", "how many, in one sentence"),
    )),
    Frame("inputs", "one row per capture file", _inputs, (
        _field("point", "text", "capture point"),
        _field("role", "text", "its role"),
        _field("path", "text", "the file"),
        _field("format", "text", "format and packing"),
        _field("packets", "count", "packets", "packets"),
        _field("wire_bytes", "count", "on the wire, as the file says", "bytes", "item.bytes"),
        _field("first_ts", "time", "first packet"),
        _field("last_ts", "time", "last packet"),
        _field("truncated", "bool", "the file ends inside a record"),
        Field(Column("defects", "texts", "", "kinds of what is odd about it"), _kinds_of_defects),
    )),
)  # fmt: skip
"""Every frame of the report with its columns."""


def report_frames(report: Report) -> dict[str, "pl.DataFrame"]:
    """Which frames does this report hold? By name, each with its declared columns."""
    whole = without_surrogates(report)
    return {frame.name: _filled(frame, whole) for frame in FRAMES}


def _filled(frame: Frame, report: Report) -> "pl.DataFrame":
    import polars as pl

    rows = list(frame.rows(report))
    wanted = dtypes(frame.columns)
    values = {field.column.name: [_value(field, row) for row in rows] for field in frame.fields}
    times = [column.name for column in frame.columns if column.kind == "time"]
    as_numbers = {**wanted, **dict.fromkeys(times, pl.Int64())}
    made = pl.DataFrame(values, schema=as_numbers).with_columns(pl.col(name).cast(wanted[name]) for name in times)
    return through_gate(made, frame.columns, frame.name)


def _value(field: Field, row: Row) -> Any:
    value = field.of(row)
    return nanoseconds(value) if field.column.kind == "time" else value
