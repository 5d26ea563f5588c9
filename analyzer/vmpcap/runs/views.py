"""From what was read at each point to what the migration floor works with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from vmpcap.announcements.context import find_boots
from vmpcap.announcements.repeated import without_copies, without_doubled
from vmpcap.announcements.rows import AnnouncementRows
from vmpcap.announcements.series import Boot, gather_series, mark_boots
from vmpcap.decode.paths import path_text
from vmpcap.measures.connections import Connection
from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.mirrors import fold_mirrors
from vmpcap.migration.views import PointView
from vmpcap.points.chain import Standing
from vmpcap.points.clock import Exchange, Offset
from vmpcap.points.islands import on_its_hosts_clock, on_the_hosts_clocks
from vmpcap.points.jumps import how_often
from vmpcap.points.one_sided import UNFIT
from vmpcap.points.symmetry import UNLIKE
from vmpcap.points.timeline import Timeline
from vmpcap.points.unsteady import scattered_by
from vmpcap.report.document import Clock
from vmpcap.runs.between import clocks_of, group_points
from vmpcap.runs.inputs import dropped, missing_of_mirrors
from vmpcap.runs.point import PointRead
from vmpcap.runs.services import services_of
from vmpcap.terms.units import NO_TIME, count_of, iso_utc, ms
from vmpcap.terms.wire import ICMP_ECHO_REPLY, ICMP_ECHO_REQUEST, IP_ICMP, IP_UDP

WITHOUT_ETHERNET: Final = frozenset({12, 14, 101, 228, 229, 0, 108})
"""Link types that carry bare IP: no RARP, no ARP can be in them."""

DHCP_CLIENT: Final = 68
DHCP_SERVER: Final = 67
NOT_COMPARED: Final = "no two ends whose packets both points saw in both directions: the clocks are taken as given"
BY_HOSTS: Final = (
    "no two ends whose packets both points saw in both directions; the points of the stream and those of the guest show"
    " the same difference between the two hosts' clocks: each host is taken to have one, to find what belongs together,"
    " and nothing is measured by that"
)
BY_ONE_HOST: Final = (
    "no two ends whose packets both points saw in both directions; by the clock of the other point at its host it"
    " captured beside that one, by those of the others beside none: the host is taken to have one clock, to find what"
    " belongs together, and nothing is measured by that"
)
CONTRADICTED: Final = (
    "another chain of points says another offset of one of these: something on the way is not as taken"
)
ALIKE: Final = (
    f"uncertainty_ms takes both ways for alike, but for {UNLIKE:.0%} of the time there and back; bound_ms holds"
    " whatever they are"
)
NOT_ALIKE: Final = "nothing shows that both ways are alike: uncertainty_ms is bound_ms"
MOST_DOUBT: Final = 20e-6
"""A drift that may be wrong by more, whatever the ways do, is not told."""
LEAST_COPIES: Final = 0.05
"""Share of packets beside the streams that are there more than once: less may be chance."""
MOST_EXCHANGES: Final = 20_000
MOST_STREAMS: Final = 2048
"""Connections on migration ports that are looked at one by one, those that carried most: as many as get a series."""


def as_views(points: Sequence[PointRead]) -> list[PointView]:
    """Each point as a view, with its clock beside that of the point with which most others share packets."""
    streams = [streams_of(point) for point in points]
    if len(points) < 2:
        return [
            _as_view(point, own, Offset(0, 0, 0), None, Timeline(0)) for point, own in zip(points, streams, strict=True)
        ]
    exchanges = [_exchanges(point, own) for point, own in zip(points, streams, strict=True)]
    found = clocks_of(points, exchanges)
    groups = group_points(points, found.clocks, found.floods, found.blurs)
    spans = [(point.first_ts or 0, point.last_ts or 0) for point in points]
    roles = [point.files.role for point in points]
    moved = on_the_hosts_clocks(groups.lines, roles, [(first + last) // 2 for first, last in spans])
    by_hosts = BY_HOSTS if moved else BY_ONE_HOST
    moved = moved or on_its_hosts_clock(groups.lines, roles, spans)
    lines = {**groups.lines, **moved}
    views = []
    for number, point in enumerate(points):
        standing, line = groups.standings.get(number), lines[number]
        views.append(_as_view(point, streams[number], _offset(line, standing), standing, line))
    odd = {place for pair in groups.contradictions for place in pair}
    notes = [CONTRADICTED if n in odd else found.note(points, groups.references[0], n) for n in range(len(points))]
    notes = [by_hosts if n in moved and n in groups.references else note for n, note in enumerate(notes)]
    named = {one: {views[b].name: clock for (a, b), clock in found.clocks.items() if a == one} for one in lines}
    return [
        replace(view, clock_note=note, clocks=named[n]) for n, (view, note) in enumerate(zip(views, notes, strict=True))
    ]


def _offset(line: Timeline, standing: Standing | None) -> Offset | None:
    """The clock against the main reference's, over the whole time; None where nothing compares the two."""
    if line.group:
        return None
    return Offset(0, 0, 0) if standing is None else Offset(*standing.span_ns, max(standing.packets // 2, 1))


def streams_of(point: PointRead) -> list[Connection]:
    """Every connection whose ports nominate it; one that the capture shows in two VLANs or overlays counts once."""
    connections = point.follower.connections(nominated_only=True, most=MOST_STREAMS, path_text=path_text)
    return fold_mirrors([c for c in connections if any(side.packets for side in c.sides)])


def _as_view(
    point: PointRead,
    streams: Sequence[Connection],
    offset: Offset | None,
    standing: Standing | None,
    timeline: Timeline,
) -> PointView:
    rows, journal = _announcements(point), point.journal.columns()
    link_types = {number for read in point.reads for number in read.facts.link_types}
    return PointView(
        name=point.files.name,
        role=point.files.role,
        streams=tuple(streams),
        series=tuple(mark_boots(gather_series(rows), _boots(rows, journal))),
        arps=rows,
        control=point.control,
        complaints=point.complaints,
        carriers=point.carriers,
        tunnelled=tuple(point.tunnelled.rows()),
        tunnelled_left_out=point.tunnelled.left_out,
        tunnels=tuple(point.tunnels.tunnels()),
        journal=journal,
        journal_complete=not point.journal.overflowed,
        first_ts=point.first_ts if point.first_ts is not None else NO_TIME,
        last_ts=point.last_ts if point.last_ts is not None else NO_TIME,
        link_carries_announcements=not link_types or not link_types <= WITHOUT_ETHERNET,
        truncated=any(read.facts.truncated for read in point.reads),
        stopped=any(defect.kind == "stopped" for read in point.reads for defect in read.defects),
        drops=sum(dropped(read.drops) for read in point.reads),
        left_out=tuple(_left_out(point)),
        missing=missing_of_mirrors(point),
        offset=offset,
        standing=standing,
        services=tuple(services_of(point)),
        packets=point.sightings if point.sightings.budget else None,
        timeline=timeline,
        gaps=point.gaps.rows(),
        set_backs=point.set_backs.rows(),
    )


def _announcements(point: PointRead) -> AnnouncementRows:
    """
    Each body once, where the capture holds other packets more than once too: merged files, mirrors of ports.

    In others each RARP once where it holds all of a machine's so.
    """
    rows = point.announcements.rows()
    rare, is_stream = point.follower.rare, point.flows.flows["nominated"] != 0
    copies = int(rare["duplicates"][~is_stream].sum())
    packets = int(point.follower.sides["packets"][~is_stream].sum()) + copies
    return without_copies(rows) if copies and copies >= LEAST_COPIES * packets else without_doubled(rows)


def _left_out(point: PointRead) -> Iterator[str]:
    """What says that this point may have seen more than it shows?"""
    for text in dict.fromkeys(text for read in point.reads for text in read.filters):
        yield f"the capture states a filter, {text!r}: what it left out is not known"
    if point.was_told_data:
        yield "--decode-as says of some packets that nobody is to look inside"
    if point.incomplete:
        yield f"{count_of(point.incomplete, 'packet')} in parts never became whole there: nobody knows what was in them"


def _boots(rows: AnnouncementRows, journal: JournalColumns) -> dict[int, Boot]:
    """Which MACs announce themselves because they start?"""
    rows_of = np.flatnonzero(np.isin(journal.eth_src, np.unique(rows.target_mac)) & (journal.ip_version != 0))
    is_udp, source, target = (getattr(journal, n)[rows_of] for n in ("ip_protocol", "src_port", "dst_port"))
    is_dhcp = (is_udp == IP_UDP) & (source == DHCP_CLIENT) & (target == DHCP_SERVER)
    return find_boots(rows, journal.eth_src[rows_of], journal.ts_ns[rows_of], is_dhcp)


def _exchanges(point: PointRead, streams: Sequence[Connection]) -> Mapping[object, Exchange]:
    """Requests and replies that other points may have seen too: handshakes of streams, ICMP echoes."""
    found: dict[object, Exchange] = {}
    for connection in streams:
        a, b = connection.sides
        if a.syn_ts is not None and b.syn_ts is not None:
            key = ("handshake", connection.a_ip, connection.a_port, connection.b_ip, connection.b_port)
            found[key] = Exchange(a.syn_ts, b.syn_ts)
    journal = point.journal.columns()
    echo = np.flatnonzero((journal.ip_protocol == IP_ICMP) & (journal.ip_version == 4))[: 2 * MOST_EXCHANGES]
    requests: dict[object, int] = {}
    for row in echo:
        kind = int(journal.icmp_type[row])
        here, there = int(journal.src_low[row]), int(journal.dst_low[row])
        number = (int(journal.icmp_id[row]), int(journal.icmp_seq[row]))
        if kind == ICMP_ECHO_REQUEST:
            requests.setdefault((here, there, *number), int(journal.ts_ns[row]))
        elif kind == ICMP_ECHO_REPLY:
            asked = requests.get((there, here, *number))
            if asked is not None:
                found.setdefault(("echo", there, here, *number), Exchange(asked, int(journal.ts_ns[row])))
    return found


def describe_clocks(views: Sequence[PointView]) -> list[Clock]:
    """How does each clock stand to that of its group's reference? Empty for a single point."""
    if len(views) < 2:
        return []
    references = {view.line.group: view for view in views if view.standing is None}
    main = references[0]
    names = {view.line.place: view.name for view in views}
    return [_clock(view, references[view.line.group], main, names) for view in views if view is not main]


def _clock(view: PointView, reference: PointView, main: PointView, names: Mapping[int, str]) -> Clock:
    stands = view.standing
    if stands is None:
        because = f"{NOT_COMPARED}; {view.clock_note}" if view.clock_note else NOT_COMPARED
        because = f"{UNFIT}; the clocks are taken as given" if view.clock_note == UNFIT else because
        because = BY_HOSTS if view.clock_note == BY_HOSTS else because
        return Clock(point=view.name, reference=main.name, because=because)
    if view.line.is_given:
        because = "the packets seen at both allow the clocks to be one; they are taken as given"
    else:
        because = "the clocks disagree; figures across the two points are corrected, their uncertainty tells the rest"
    if reference is not main:
        because += f"; how {reference.name} stands to {main.name} is not known"
    if stands.steps:
        because += (
            f"; a clock {how_often(jump for _, _, jump in stands.jumps)}: the offset is that of the longest piece"
        )
        because += "".join(
            f"; {names[other]} against {names[one]} {jump.words(names[one])}" for one, other, jump in stands.jumps
        )
    for scattered in (one for one in (view, reference) if one.line.unsteady_ns):
        because += f"; the time stamps of {scattered.name} {scattered_by(scattered.line.unsteady_ns)}"
    if view.clock_note:
        because += f"; {view.clock_note}"
    because += f"; {NOT_ALIKE if stands.alike_ns is None else ALIKE}"
    return Clock(
        point=view.name,
        reference=reference.name,
        offset_ms=ms(stands.middle_ns),
        offset_at_ts=iso_utc(stands.at_ts),
        drift_ppm=told_drift_ppm(stands),
        uncertainty_ms=ms(_doubt(stands)),
        bound_ms=ms(stands.uncertainty_ns),
        matched_packets=stands.packets,
        because=because,
    )


def _doubt(stands: Standing) -> int:
    """By how much the offset may be wrong, where both ways are alike."""
    return stands.uncertainty_ns if stands.alike_ns is None else min(stands.alike_ns, stands.uncertainty_ns)


def told_drift_ppm(stands: Standing | None) -> float | None:
    """
    The middle of what the drift is if the least delays stay as they are; None where it may be off by MOST_DOUBT.

    That is asked of all drifts that the packets bear: ways of which one grows slowly while the other gets shorter look
    like clocks that run apart, and a figure that stands alone cannot say so.
    """
    if stands is None or stands.drift is None or stands.likely_drift is None:
        return None
    middle = sum(stands.likely_drift) / 2
    least, most = stands.drift
    return round(middle * 1e6, 3) if max(most - middle, middle - least) <= MOST_DOUBT else None
