"""From what was read at each point to what the migration floor works with."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from vmpcap.announcements.context import find_boots
from vmpcap.announcements.repeated import without_copies
from vmpcap.announcements.rows import AnnouncementRows
from vmpcap.announcements.series import Boot, gather_series, mark_boots
from vmpcap.decode.paths import path_text
from vmpcap.measures.connections import Connection
from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.mirrors import fold_mirrors
from vmpcap.migration.views import PointView
from vmpcap.points.chain import Standing
from vmpcap.points.clock import Exchange, Offset, bound_offset
from vmpcap.report.document import Clock
from vmpcap.runs.between import clocks_against
from vmpcap.runs.inputs import dropped, missing_of_mirrors
from vmpcap.runs.point import PointRead
from vmpcap.terms.units import NO_TIME, count_of, ms
from vmpcap.terms.wire import IP_UDP

WITHOUT_ETHERNET: Final = frozenset({12, 14, 101, 228, 229, 0, 108})
"""Link types that carry bare IP: no RARP, no ARP can be in them."""

ECHO_REQUEST: Final = 8
ECHO_REPLY: Final = 0
ICMP: Final = 1
DHCP_CLIENT: Final = 68
DHCP_SERVER: Final = 67
MOST_DOUBT: Final = 20e-6
"""A drift less sure than this is not told."""
LEAST_COPIES: Final = 0.05
"""Share of packets beside the streams that are there more than once: less may be chance."""
MOST_EXCHANGES: Final = 20_000
MOST_STREAMS: Final = 2048
"""Connections on migration ports that are looked at one by one, those that carried most: as many as get a series."""


def as_views(points: Sequence[PointRead]) -> list[PointView]:
    """
    Each point as a view; clocks are held against the first point that shares exchanges with the others.

    All packets that two points saw bound their clocks, and the exchanges do where packets were sampled away.
    """
    streams = [streams_of(point) for point in points]
    exchanges = [_exchanges(point, own) for point, own in zip(points, streams, strict=True)]
    reference = _reference(exchanges)
    standings = clocks_against(points, reference) if len(points) > 1 else {}
    views = []
    for number, point in enumerate(points):
        standing = standings.get(number)
        by_exchanges = bound_offset(exchanges[reference], exchanges[number])
        offset = Offset(0, 0, 0) if number == reference else _narrower(by_exchanges, standing)
        views.append(_as_view(point, streams[number], offset, standing))
    return views


def _narrower(by_exchanges: Offset | None, standing: Standing | None) -> Offset | None:
    """What all packets and what exchanges say together; where they contradict each other (a step), all packets."""
    if standing is None:
        return by_exchanges
    low, high = standing.span_ns
    count = max(standing.packets // 2, 1)
    if by_exchanges is not None and max(low, by_exchanges.low_ns) <= min(high, by_exchanges.high_ns):
        low, high = max(low, by_exchanges.low_ns), min(high, by_exchanges.high_ns)
        count = max(count, by_exchanges.exchanges)
    return Offset(low, high, count)


def streams_of(point: PointRead) -> list[Connection]:
    """Every connection whose ports nominate it; one that the capture shows in two VLANs or overlays counts once."""
    connections = point.follower.connections(nominated_only=True, most=MOST_STREAMS, path_text=path_text)
    return fold_mirrors([c for c in connections if any(side.packets for side in c.sides)])


def _as_view(
    point: PointRead, streams: Sequence[Connection], offset: Offset | None, standing: Standing | None
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
        carriers=point.carriers,
        journal=journal,
        journal_complete=not point.journal.overflowed,
        first_ts=point.first_ts if point.first_ts is not None else NO_TIME,
        last_ts=point.last_ts if point.last_ts is not None else NO_TIME,
        link_carries_announcements=not link_types or not link_types <= WITHOUT_ETHERNET,
        truncated=any(read.facts.truncated for read in point.reads),
        drops=sum(dropped(read.drops) for read in point.reads),
        left_out=tuple(_left_out(point)),
        missing=missing_of_mirrors(point),
        offset=offset,
        standing=standing,
        packets=point.sightings if point.sightings.budget else None,
    )


def _announcements(point: PointRead) -> AnnouncementRows:
    """Each body once, where the capture holds other packets more than once too: merged files, mirrors of ports."""
    rows = point.announcements.rows()
    more, is_stream = point.follower.more, point.flows.flows["nominated"] != 0
    copies = int(more["duplicates"][~is_stream].sum())
    packets = int(point.follower.sides["packets"][~is_stream].sum()) + copies
    return without_copies(rows) if copies and copies >= LEAST_COPIES * packets else rows


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
    echo = np.flatnonzero((journal.ip_protocol == ICMP) & (journal.ip_version == 4))[: 2 * MOST_EXCHANGES]
    requests: dict[object, int] = {}
    for row in echo:
        kind = int(journal.icmp_type[row])
        here, there = int(journal.src_low[row]), int(journal.dst_low[row])
        number = (int(journal.icmp_id[row]), int(journal.icmp_seq[row]))
        if kind == ECHO_REQUEST:
            requests.setdefault((here, there, *number), int(journal.ts_ns[row]))
        elif kind == ECHO_REPLY:
            asked = requests.get((there, here, *number))
            if asked is not None:
                found.setdefault(("echo", there, here, *number), Exchange(asked, int(journal.ts_ns[row])))
    return found


def _reference(exchanges: Sequence[Mapping[object, Exchange]]) -> int:
    """The point that shares exchanges with most others; the first among equals."""
    shared = [
        sum(1 for other, theirs in enumerate(exchanges) if other != number and mine.keys() & theirs.keys())
        for number, mine in enumerate(exchanges)
    ]
    return max(range(len(shared)), key=lambda n: (shared[n], -n)) if shared else 0


def describe_clocks(views: Sequence[PointView]) -> list[Clock]:
    """How does each clock stand to the reference's? Empty for a single point."""
    reference = next((v for v in views if v.offset is not None and v.offset.exchanges == 0), None)
    if reference is None or len(views) < 2:
        return []
    return [_clock(view, reference) for view in views if view is not reference]


def _clock(view: PointView, reference: PointView) -> Clock:
    if view.offset is None:
        because = "no two ends whose packets both points saw in both directions: the clocks are taken as given"
        return Clock(point=view.name, reference=reference.name, because=because)
    if view.offset.agrees:
        because = "the packets seen at both allow the clocks to be one; they are taken as given"
    else:
        because = (
            "the clocks disagree visibly: the offset is taken off the switchover's figures,"
            " no delay is measured across them"
        )
    stands = view.standing
    if stands is not None and stands.steps:
        because += f"; a clock stepped {count_of(stands.steps, 'time')}: the offset is that of the longest piece"
    told: Offset | Standing = view.offset
    if stands is not None and (stands.steps or stands.uncertainty_ns < view.offset.uncertainty_ns):
        told = stands  # at one time the bounds may be nearer than over all of it
    return Clock(
        point=view.name,
        reference=reference.name,
        offset_ms=ms(told.middle_ns),
        drift_ppm=_drift_ppm(stands),
        uncertainty_ms=ms(told.uncertainty_ns),
        matched_packets=stands.packets if stands is not None else 2 * view.offset.exchanges,
        because=because,
    )


def _drift_ppm(stands: Standing | None) -> float | None:
    """The middle of the possible drifts; None where it is known to no better than MOST_DOUBT."""
    if stands is None or stands.drift is None or stands.drift[1] - stands.drift[0] > 2 * MOST_DOUBT:
        return None
    return round(sum(stands.drift) / 2 * 1e6, 3)
