"""One stream between a guest and a peer: what it is, and the packets that it is found in."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.measures.kernels.conversations import part_conversations
from vmpcap.measures.outages import (
    UNANSWERED,
    UNUSUAL_TIMES,
    Outage,
    Requests,
    find_silences,
    median,
    median_gap,
)
from vmpcap.measures.talk import Talk
from vmpcap.measures.whose import Address
from vmpcap.terms.addresses import IPV4_MAPPED, ip_text

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]


Protocol = Literal["icmp", "icmpv6", "udp", "tcp"]
Manner = Literal["echo", "request", "one_way", "connection"]
Who = Literal["peer", "guest"]


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
    wait_ns: I64 = field(default_factory=lambda: np.empty(0, np.int64), compare=False, repr=False)
    """
    Echoes and datagram requests, int64[k]: how long each request of asked_ts waited for its answer, UNANSWERED where
    none is in view. Empty for others.
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


class Scene(NamedTuple):
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

    def ends(self, row: int) -> "Ends":
        """Between which ends did this packet go?"""
        talk = self.talk
        source = int(talk.src_high[row]), int(talk.src_low[row])
        target = int(talk.dst_high[row]), int(talk.dst_low[row])
        source_port, target_port = int(talk.src_port[row]), int(talk.dst_port[row])
        if self.from_guest[row]:
            return Ends(target, source, target_port, source_port)
        return Ends(source, target, source_port, target_port)


class Ends(NamedTuple):
    peer: Address
    guest: Address
    peer_port: int
    guest_port: int


def groups_of(rows: I64, *keys: npt.NDArray[np.generic]) -> Iterator[I64]:
    """Rows with equal keys, each group in the given order."""
    if not len(rows):
        return
    order = np.lexsort(keys) if keys else np.arange(len(rows))  # stable
    new = np.zeros(len(rows) - 1, np.bool_)
    for key in keys:
        new |= key[order][1:] != key[order][:-1]
    for group in np.split(order, np.flatnonzero(new) + 1):
        yield rows[group]


def stream_of(scene: Scene, rows: I64, ends: Ends, requests: Requests, guest_asks: bool) -> PeerStream:
    """A stream of datagram requests, before its outages are known. rows: all its packets, by time."""
    talk = scene.talk
    answered = requests.is_answered
    waits = requests.answer_ts[requests.answer[answered]] - requests.ts[answered]
    wait_ns = np.full(len(requests.ts), UNANSWERED, np.int64)
    wait_ns[answered] = waits
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
        filter=port_filter("udp", ends),
        asked_ts=requests.ts,
        wait_ns=wait_ns,
    )


def one_way_stream(scene: Scene, rows: I64, protocol: Protocol) -> PeerStream:
    """What one side sends, whether or not the other says anything."""
    talk, ends = scene.talk, scene.ends(int(rows[0]))
    nothing = np.empty(0, np.int64)
    sent = Requests(talk.ts_ns[rows], talk.frame[rows], np.full(len(rows), UNANSWERED), nothing, nothing)
    outages = find_silences(sent.ts, sent.frame)
    faint = find_silences(sent.ts, sent.frame, UNUSUAL_TIMES) if protocol == "udp" else []
    return replace(
        stream_of(scene, rows, ends, sent, bool(scene.from_guest[rows[0]])),
        protocol=protocol,
        manner="one_way",
        wait_ns=np.empty(0, np.int64),
        outages=tuple(outages),
        faint=tuple(silence for silence in faint if silence not in outages),
        filter=port_filter(protocol, ends),
    )


def came_back(outages: Collection[Outage]) -> bool | None:
    """Did answers come back after every outage? None where the requests stopped before one could."""
    open_ones = [outage for outage in outages if not outage.ended]
    if any(outage.requests_stopped for outage in open_ones):
        return None
    return not open_ones


def pair_filter(ends: Ends) -> str:
    is_v4 = ends.guest[0] == 0 and ends.guest[1] >> 32 == IPV4_MAPPED >> 32
    word = "ip.addr" if is_v4 else "ipv6.addr"
    return f"{word} == {ip_text(*ends.peer)} && {word} == {ip_text(*ends.guest)}"


def port_filter(protocol: str, ends: Ends) -> str:
    ports = [f"{protocol}.port == {port}" for port in (ends.peer_port, ends.guest_port) if port]
    return " && ".join([pair_filter(ends), *ports])
