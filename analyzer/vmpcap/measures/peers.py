"""What the guest's peers suffered: echoes, request streams and connections between them and the guest."""

import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.measures.copies import is_first_copy
from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.kernels.conversations import part_conversations
from vmpcap.measures.kernels.waiting import Segments
from vmpcap.measures.outages import (
    LEAST_OUTAGE_NS,
    UNANSWERED,
    UNUSUAL_TIMES,
    USUAL_TIMES,
    Outage,
    Requests,
    find_outages,
    find_silences,
    match_echoes,
    match_latest,
    median,
    median_gap,
    mostly_answered,
)
from vmpcap.measures.talk import Talk
from vmpcap.measures.waiting import first_reset, measure_waits, part, read_segments, split_connections
from vmpcap.measures.whose import Address, addresses_of, is_one_of, may_be_the_guests, rows_between
from vmpcap.terms.addresses import IPV4_MAPPED, ip_text
from vmpcap.terms.wire import (
    ICMP_ECHO_REPLY,
    ICMP_ECHO_REQUEST,
    ICMPV6_ECHO_REPLY,
    ICMPV6_ECHO_REQUEST,
    IP_ICMP,
    IP_ICMPV6,
    IP_TCP,
    IP_UDP,
)

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

Protocol = Literal["icmp", "icmpv6", "udp", "tcp"]
Manner = Literal["echo", "request", "one_way", "connection"]
Who = Literal["peer", "guest"]

REQUESTERS: Final[tuple[Who, Who]] = ("peer", "guest")

ECHOES: Final[tuple[tuple[Protocol, int, int, int, str], ...]] = (
    ("icmp", IP_ICMP, ICMP_ECHO_REQUEST, ICMP_ECHO_REPLY, "icmp.ident"),
    ("icmpv6", IP_ICMPV6, ICMPV6_ECHO_REQUEST, ICMPV6_ECHO_REPLY, "icmpv6.echo.identifier"),
)
"""Protocol, its number, type of echo request and reply (RFC 792, RFC 4443 section 4), field of a display filter."""

FEW_REQUESTS: Final = 3
"""UDP flows of fewer requests are taken together per service: a new port for each request is one stream."""

MOSTLY: Final = 10
"""A connection in which the guest sends this many times as many data segments as the peer is a one-way stream too."""

SEGMENTS_AT_ONCE: Final = 16_384
"""A few thousand flows of a few segments each are read in one go; a large flow alone."""


@dataclass(frozen=True, slots=True)
class PeerStream:
    """What went on between one peer and the guest in one stream, as one capture point saw it. No verdict."""

    peer: Address
    guest: Address
    protocol: Protocol
    peer_port: int
    """0 for echoes, and where flows of several ports are taken together."""
    guest_port: int
    icmp_id: int | None
    requester: Who
    """Who asks. In a one-way stream: who sends."""
    manner: Manner
    requests: int
    answers: int
    first_ts: int
    first_frame: int
    last_ts: int
    last_frame: int
    interval_ns: int | None
    """Median time between requests: the resolution of echo and datagram outages."""
    answer_ns: int | None
    """Median time from a request to its answer, as seen here."""
    retransmissions: int
    """TCP segments that the requester sent again, in all."""
    reset_ts: int | None
    reset_frame: int | None
    """First RST of either side, or the SYN that replaced the connection while it was waiting."""
    outages: tuple[Outage, ...]
    survived: bool | None
    """
    TCP: False where it was reset or replaced while it waited, None where it still waited at the end. Others: whether
    answers came back, None where the requests stopped.
    """
    filter: str
    """Display filter of Wireshark for the stream."""
    asked_ts: I64 = field(compare=False, repr=False)
    """int64[k], rising: when the requester sent (TCP: data); of a one-way stream, when its sender did."""
    faint: tuple[Outage, ...] = ()
    """
    UDP: what is longer than 50 ms and shorter than three usual intervals. Without sequence numbers a missing answer, or
    packet, may be anything: no outage, and no proof that there was none.
    """

    @property
    def peer_ip(self) -> str:
        return ip_text(*self.peer)

    @property
    def guest_ip(self) -> str:
        return ip_text(*self.guest)

    @property
    def longest(self) -> Outage | None:
        """The outage that lasted longest; one that did not end counts for as long as it is in view."""
        return max(self.outages, key=lambda o: (not o.ended, o.seen_ns), default=None)


def find_peer_streams(
    journal: JournalColumns,
    guest_macs: Collection[int] = (),
    guest_ips: Collection[Address] = (),
    within: tuple[int, int] | None = None,
    end_ns: int | None = None,
) -> list[PeerStream]:
    """
    What streams ran between the guest and its peers, and what did they suffer?

    Parameters
    ----------
    journal : the capture point's journal
    guest_macs, guest_ips : the guest; addresses that its MACs send from are found here
    within : only outages that touch this stretch of time are returned; the streams themselves are all there
    end_ns : when the capture ended; without it the journal's last frame

    Returns
    -------
    Streams by time of their first frame.

    Notes
    -----
    A packet captured twice (mirror ports, both sides of a router) counts once, where it was seen first. Broadcast and
    multicast are left out. The capture point may stand anywhere: where requests vanish before it, there is nothing to
    be unanswered, and the stream only ends early.
    """
    guests = sorted({*guest_ips, *addresses_of(journal, guest_macs)})
    if not guests or not journal.rows:
        return []
    rows = rows_between(journal, guests, may_be_the_guests(journal, guest_macs, guests))
    rows = rows[is_first_copy(journal, rows)]
    if not len(rows):
        return []
    talk, rows = Talk.by_time(journal, rows)
    end = int(journal.ts_ns.max()) if end_ns is None else end_ns
    scene = _Scene(talk, rows, frozenset(guests), is_one_of(talk.src_high, talk.src_low, guests), end)
    streams = [*_echo_streams(scene), *_udp_streams(scene), *_tcp_streams(scene)]
    if within is not None:
        streams = [
            replace(
                s,
                outages=tuple(o for o in s.outages if o.overlaps(*within)),
                faint=tuple(o for o in s.faint if o.overlaps(*within)),
            )
            for s in streams
        ]
    return sorted(streams, key=lambda s: (s.first_ts, s.first_frame, s.requester == "guest"))


class _Scene(NamedTuple):
    """All unicast between the guest and its peers, by time, each packet once."""

    talk: Talk
    rows: I64
    """int64[k]: the rows of talk that are meant, rising."""
    guests: frozenset[Address]
    from_guest: Bools
    """bool[n]: for each row of talk."""
    end_ns: int
    """When the capture ended."""

    def of(self, protocol: int) -> I64:
        """Rows of this protocol, by time."""
        rows: I64 = self.rows[self.talk.ip_protocol[self.rows] == protocol]
        return rows

    def flows(self, rows: I64) -> Iterator[I64]:
        """Rows of each flow, both directions together: same addresses, same ports."""
        table = np.full(2 << len(rows).bit_length(), -1, np.int32)
        group, past, parted = np.empty(len(rows), np.int32), np.empty(len(rows), np.int64), np.empty_like(rows)
        count = part_conversations(self.talk, rows, self.from_guest, table, group, past, parted)
        begin = 0
        for end in past[:count].tolist():
            yield parted[begin:end]
            begin = end

    def ends(self, row: int) -> "_Ends":
        """Between which ends did this packet go?"""
        talk = self.talk
        source = int(talk.src_high[row]), int(talk.src_low[row])
        target = int(talk.dst_high[row]), int(talk.dst_low[row])
        source_port, target_port = int(talk.src_port[row]), int(talk.dst_port[row])
        if self.from_guest[row]:
            return _Ends(target, source, target_port, source_port)
        return _Ends(source, target, source_port, target_port)


class _Ends(NamedTuple):
    peer: Address
    guest: Address
    peer_port: int
    guest_port: int


def _groups(rows: I64, *keys: npt.NDArray[np.generic]) -> Iterator[I64]:
    """Rows with equal keys, each group in the given order."""
    if not len(rows):
        return
    order = np.lexsort(keys) if keys else np.arange(len(rows))  # stable
    new = np.zeros(len(rows) - 1, np.bool_)
    for key in keys:
        new |= key[order][1:] != key[order][:-1]
    for group in np.split(order, np.flatnonzero(new) + 1):
        yield rows[group]


def _echo_streams(scene: _Scene) -> Iterator[PeerStream]:
    talk = scene.talk
    for protocol, number, request_type, reply_type, ident in ECHOES:
        rows = scene.of(number)
        if not len(rows):
            continue
        is_request, is_reply = talk.icmp_type == request_type, talk.icmp_type == reply_type
        rows = rows[(is_request | is_reply)[rows]]
        guest_asks = scene.from_guest[rows] == is_request[rows]
        for conversation in scene.flows(rows):
            by_requester = guest_asks[np.searchsorted(rows, conversation)]
            for group in _groups(conversation, by_requester, talk.icmp_id[conversation]):
                if is_request[group].any():
                    yield _echo_stream(scene, group, is_request, (protocol, ident))


def _echo_stream(scene: _Scene, rows: I64, is_request: Bools, words: tuple[Protocol, str]) -> PeerStream:
    talk, (protocol, ident) = scene.talk, words
    asks, replies = rows[is_request[rows]], rows[~is_request[rows]]
    answer = match_echoes(talk.icmp_seq[asks], asks, talk.icmp_seq[replies], replies)
    requests = Requests(talk.ts_ns[asks], talk.frame[asks], answer, talk.ts_ns[replies], talk.frame[replies])
    icmp_id = int(talk.icmp_id[asks[0]])
    outages = find_outages(requests, LEAST_OUTAGE_NS, scene.end_ns)
    ends = scene.ends(int(asks[0]))._replace(peer_port=0, guest_port=0)
    stream = _stream(scene, rows, ends, requests, bool(scene.from_guest[asks[0]]))
    return replace(
        stream,
        protocol=protocol,
        manner="echo",
        icmp_id=icmp_id,
        outages=tuple(outages),
        survived=_came_back(outages),
        filter=f"{_pair_filter(ends)} && {ident} == {icmp_id}",
    )


class _Flow(NamedTuple):
    """One UDP flow: rows of who asked first, rows of the other, and which of those answers which."""

    asks: I64
    replies: I64
    answer: I64
    """int64[asks]: index into replies, UNANSWERED without one."""


def _udp_streams(scene: _Scene) -> Iterator[PeerStream]:
    pooled: dict[tuple[_Ends, bool], list[_Flow]] = {}
    for rows in scene.flows(scene.of(IP_UDP)):
        flow = _udp_flow(scene, rows)
        if len(flow.asks) >= FEW_REQUESTS:
            yield from _datagram_streams(scene, [flow], scene.ends(int(flow.asks[0])))
        else:
            ends, guest_asks = scene.ends(int(flow.asks[0])), bool(scene.from_guest[flow.asks[0]])
            service = ends._replace(guest_port=0) if guest_asks else ends._replace(peer_port=0)
            pooled.setdefault((service, guest_asks), []).append(flow)
    for (service, _), flows in pooled.items():
        yield from _datagram_streams(scene, flows, service)


def _udp_flow(scene: _Scene, rows: I64) -> _Flow:
    """Who asks first is the requester, as far as the capture shows it."""
    asking = scene.from_guest[rows] == scene.from_guest[rows[0]]
    asks, replies = rows[asking], rows[~asking]
    return _Flow(asks, replies, match_latest(scene.talk.ts_ns[asks], scene.talk.ts_ns[replies]))


def _datagram_streams(scene: _Scene, flows: list[_Flow], ends: _Ends) -> Iterator[PeerStream]:
    """Flows of one service as a stream of requests; as one-way streams where hardly anything is answered."""
    requests = _pool(scene.talk, flows)
    if not mostly_answered(requests.is_answered):
        for flow in flows:
            for sent in (flow.asks, flow.replies):
                if len(sent):
                    yield _one_way_stream(scene, sent, "udp")
        return
    rows = np.sort(np.concatenate([rows for flow in flows for rows in (flow.asks, flow.replies)]))
    least = max(LEAST_OUTAGE_NS, USUAL_TIMES * (median_gap(requests.ts) or 0))
    found = find_outages(requests, LEAST_OUTAGE_NS, scene.end_ns)
    outages = [outage for outage in found if outage.seen_ns >= least]
    faint = tuple(outage for outage in found if outage.seen_ns < least)
    stream = _stream(scene, rows, ends, requests, bool(scene.from_guest[flows[0].asks[0]]))
    yield replace(stream, outages=tuple(outages), faint=faint, survived=_came_back(outages))


def _pool(talk: Talk, flows: list[_Flow]) -> Requests:
    """Requests of several flows by time, with the answers of all."""
    asks = np.concatenate([flow.asks for flow in flows])
    replies = np.concatenate([flow.replies for flow in flows])
    offsets = np.cumsum([0, *(len(flow.replies) for flow in flows[:-1])])
    answer = np.concatenate(
        [np.where(f.answer == UNANSWERED, UNANSWERED, f.answer + at) for f, at in zip(flows, offsets, strict=True)]
    )
    by_time, replies_by_time = np.argsort(asks), np.argsort(replies)
    place = np.empty(len(replies) + 1, np.int64)
    place[replies_by_time] = np.arange(len(replies))
    place[UNANSWERED] = UNANSWERED
    asks, replies = asks[by_time], replies[replies_by_time]
    answer = place[answer[by_time]]
    return Requests(talk.ts_ns[asks], talk.frame[asks], answer, talk.ts_ns[replies], talk.frame[replies])


def _tcp_streams(scene: _Scene) -> Iterator[PeerStream]:
    for rows, segments_of_flow in _segments_by_flow(scene):
        ends = scene.ends(int(rows[0]))
        connections = split_connections(segments_of_flow)
        begin = 0
        for number, segments in enumerate(connections):
            replaced = connections[number + 1] if number + 1 < len(connections) else None
            for requester in REQUESTERS:
                stream = _connection_stream(segments, ends, requester, replaced, scene.end_ns)
                if requester == "peer" or stream.outages:
                    yield stream
            theirs = rows[begin : begin + len(segments.ts)]
            begin += len(segments.ts)
            has_data = segments.payload_bytes > 0
            told = has_data & segments.from_guest
            if told.sum() > MOSTLY * (has_data.sum() - told.sum()):
                silent = _one_way_stream(scene, theirs[told], "tcp")
                if silent.outages:
                    yield silent


def _segments_by_flow(scene: _Scene) -> Iterator[tuple[I64, Segments]]:
    """Rows and segments of each TCP flow: read for many small flows at a time, but never for all."""
    waiting: list[I64] = []
    for rows in itertools.chain(scene.flows(scene.of(IP_TCP)), (None,)):
        if waiting and (rows is None or sum(map(len, waiting)) + len(rows) > SEGMENTS_AT_ONCE):
            segments, past = read_segments(scene.talk, np.concatenate(waiting), scene.from_guest), 0
            for flow in waiting:
                past += len(flow)
                yield flow, part(segments, past - len(flow), past)
            waiting.clear()
        if rows is not None:
            waiting.append(rows)


def _connection_stream(
    segments: Segments, ends: _Ends, requester: Who, replaced: Segments | None, capture_end_ns: int
) -> PeerStream:
    """
    Where did one side of this connection wait for the other?

    Notes
    -----
    Delayed acknowledgements (40 ms on Linux, up to 200 ms elsewhere) are waits too: a figure of that size is not yet an
    outage of the guest.
    """
    end_ns = int(replaced.ts[0]) if replaced is not None else capture_end_ns
    by_guest = requester == "guest"
    waits = measure_waits(segments, by_guest, end_ns)
    outages = waits.outages if waits.unfinished is None else (*waits.outages, waits.unfinished)
    is_replaced = waits.unfinished is not None and replaced is not None
    reset = first_reset(segments)
    end = None
    if reset is not None:
        end = int(segments.ts[reset]), int(segments.frame[reset])
    elif is_replaced and replaced is not None:
        end = int(replaced.ts[0]), int(replaced.frame[0])
    return PeerStream(
        **ends._asdict(),
        protocol="tcp",
        icmp_id=None,
        requester=requester,
        manner="connection",
        requests=waits.requests,
        answers=waits.answers,
        first_ts=int(segments.ts[0]),
        first_frame=int(segments.frame[0]),
        last_ts=int(segments.ts[-1]),
        last_frame=int(segments.frame[-1]),
        interval_ns=waits.interval_ns,
        answer_ns=waits.usual_ns,
        retransmissions=waits.resent,
        reset_ts=end[0] if end else None,
        reset_frame=end[1] if end else None,
        outages=outages,
        survived=False if waits.was_waiting_at_reset or is_replaced else None if waits.unfinished is not None else True,
        filter=_port_filter("tcp", ends),
        asked_ts=segments.ts[(segments.from_guest == by_guest) & (segments.payload_bytes > 0)],
    )


def _stream(scene: _Scene, rows: I64, ends: _Ends, requests: Requests, guest_asks: bool) -> PeerStream:
    """A stream of datagram requests, before its outages are known. rows: all its packets, by time."""
    talk = scene.talk
    answered = requests.is_answered
    waits = requests.answer_ts[requests.answer[answered]] - requests.ts[answered]
    return PeerStream(
        **ends._asdict(),
        protocol="udp",
        icmp_id=None,
        requester="guest" if guest_asks else "peer",
        manner="request",
        requests=len(requests.ts),
        answers=len(requests.answer_ts),
        first_ts=int(talk.ts_ns[rows[0]]),
        first_frame=int(talk.frame[rows[0]]),
        last_ts=int(talk.ts_ns[rows[-1]]),
        last_frame=int(talk.frame[rows[-1]]),
        interval_ns=median_gap(requests.ts),
        answer_ns=median(waits) if len(waits) else None,
        retransmissions=0,
        reset_ts=None,
        reset_frame=None,
        outages=(),
        survived=None,
        filter=_port_filter("udp", ends),
        asked_ts=requests.ts,
    )


def _one_way_stream(scene: _Scene, rows: I64, protocol: Protocol) -> PeerStream:
    """What one side sends, whether or not the other says anything."""
    talk, ends = scene.talk, scene.ends(int(rows[0]))
    nothing = np.empty(0, np.int64)
    sent = Requests(talk.ts_ns[rows], talk.frame[rows], np.full(len(rows), UNANSWERED), nothing, nothing)
    outages = find_silences(sent.ts, sent.frame)
    faint = find_silences(sent.ts, sent.frame, UNUSUAL_TIMES) if protocol == "udp" else []
    return replace(
        _stream(scene, rows, ends, sent, bool(scene.from_guest[rows[0]])),
        protocol=protocol,
        manner="one_way",
        outages=tuple(outages),
        faint=tuple(silence for silence in faint if silence not in outages),
        filter=_port_filter(protocol, ends),
    )


def _came_back(outages: Collection[Outage]) -> bool | None:
    """Did answers come back after every outage? None where the requests stopped before one could."""
    open_ones = [outage for outage in outages if not outage.ended]
    if any(outage.requests_stopped for outage in open_ones):
        return None
    return not open_ones


def _pair_filter(ends: _Ends) -> str:
    is_v4 = ends.guest[0] == 0 and ends.guest[1] >> 32 == IPV4_MAPPED >> 32
    word = "ip.addr" if is_v4 else "ipv6.addr"
    return f"{word} == {ip_text(*ends.peer)} && {word} == {ip_text(*ends.guest)}"


def _port_filter(protocol: str, ends: _Ends) -> str:
    ports = [f"{protocol}.port == {port}" for port in (ends.peer_port, ends.guest_port) if port]
    return " && ".join([_pair_filter(ends), *ports])
