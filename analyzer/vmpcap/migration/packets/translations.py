"""Packets of the guest that pass a point outside under another address: what a translator made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import NO_MAC
from vmpcap.terms.units import NS_PER_MS, NS_PER_S
from vmpcap.terms.wire import IP_ICMP, IP_TCP, IP_UDP, TCP_RST

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Address = tuple[int, int]

OUTSIDE: Final = ("wan", "client", "gateway", None)
"""Points that may stand beyond the translator."""
MOST_LOOKED_UP: Final = 20_000
LEAST_PAIRS: Final = 3
"""So many TCP segments must be seen on both sides: their two numbers are alike by chance once in 2^64."""
TOGETHER_NS: Final = 2 * NS_PER_S

LEAST_IDENTIFIED: Final = 10
"""An identification has 16 bits: of UDP and ICMP it takes so many different ones of one flow, in each direction."""
LEAST_SHARE: Final = 0.5
"""... and as much of what the flow sent meanwhile: two streams of one size share 3 % of theirs by chance."""
STEADY_NS: Final = 100 * NS_PER_MS
"""... at one distance in time: half of them no further than this from their median."""

MULTIPLIER: Final = np.uint64(0xBF58476D1CE4E5B9)


@dataclass(frozen=True, slots=True)
class Translation:
    """The guest's address under which it is known outside, proven by packets that were seen on both sides."""

    outside: Address
    inside_view: PointView
    outside_view: PointView
    pairs: int
    frames: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Pairs:
    """
    Packets that are alike on both sides, by the time inside.

    rows, others : int64[n], in the journals of the inside and the outside
    apart : int64[n], ns from the sight inside to the one outside
    sent : bool[n], whether the guest sent it
    """

    rows: I64
    others: I64
    apart: I64
    sent: npt.NDArray[np.bool_]

    def take(self, which: npt.NDArray[np.bool_]) -> "_Pairs":
        """Which of them does this mask name?"""
        return _Pairs(self.rows[which], self.others[which], self.apart[which], self.sent[which])


@dataclass(frozen=True, slots=True)
class _Index:
    """A point outside: its rows that can be known again, in the order of their names and times."""

    view: PointView
    rows: I64
    names: U64


def find_translation(guest: Moved, views: Sequence[PointView]) -> Translation | None:
    """Under which other address do packets of the guest pass a point outside?"""
    if not guest.ips or guest.mac == NO_MAC:
        return None
    insides = [v for v in views if v.role in ("domain:source", "domain:destination")]
    outsides = [v for v in views if v.role in OUTSIDE and not len((f := frames_of(v, guest)).sent_ip) + len(f.asked)]
    best: Translation | None = None
    for outside in outsides if insides else ():
        index = _index(outside)
        for inside in insides:
            found = _match(guest, inside, index)
            if found is not None and (best is None or found.pairs > best.pairs):
                best = found
    return best


def _index(view: PointView) -> _Index:
    j = view.journal
    rows = np.flatnonzero(_nameable(j))
    names = _names(j, rows)
    order = np.lexsort((j.ts_ns[rows], names))
    return _Index(view, rows[order], names[order])


def _nameable(j: JournalColumns) -> npt.NDArray[np.bool_]:
    """Which packets can be known again by what no translator changes: TCP's numbers, identification and payload?"""
    tcp = (j.ip_protocol == IP_TCP) & (j.payload_bytes > 0) & (j.tcp_flags & TCP_RST == 0)
    named: npt.NDArray[np.bool_] = tcp | (np.isin(j.ip_protocol, (IP_UDP, IP_ICMP)) & (j.ip_id != 0))
    return named


def _names(j: JournalColumns, rows: I64) -> U64:
    """One number for each of these packets, the same on both sides of a translator."""
    is_tcp = j.ip_protocol[rows] == IP_TCP
    name = np.zeros(len(rows), np.uint64)
    columns = (j.ip_protocol, j.payload_bytes, j.tcp_seq, j.tcp_ack, j.icmp_type, j.icmp_seq)
    for column in columns:
        name = (name ^ column[rows].astype(np.uint64)) * MULTIPLIER
        name ^= name >> np.uint64(29)
    identified = np.where(is_tcp, np.uint64(0), j.ip_id[rows].astype(np.uint64))
    name = (name ^ identified) * MULTIPLIER
    return name ^ (name >> np.uint64(29))


def _match(guest: Moved, inside: PointView, index: _Index) -> Translation | None:
    here, there = inside.journal, index.view.journal
    frames = frames_of(inside, guest)
    rows = np.sort(np.concatenate((frames.sent_ip, frames.asked)))
    rows = rows[_nameable(here)[rows]][-MOST_LOOKED_UP:]
    pairs = _alike(guest, inside, rows, index)
    high, low = (np.where(pairs.sent, *ends) for ends in _columns(there, pairs.others))
    best: Translation | None = None
    for address in sorted(set(zip(high.tolist(), low.tolist(), strict=True)) - set(guest.ips)):
        mine = pairs.take((high == np.uint64(address[0])) & (low == np.uint64(address[1])))
        is_tcp = here.ip_protocol[mine.rows] == IP_TCP
        names = np.unique(_names(here, mine.rows[is_tcp]))
        is_proof = _identified(here, there, rows, mine)
        is_proof |= is_tcp & (len(names) >= LEAST_PAIRS)
        proof = mine.take(is_proof)
        if len(proof.rows) and (best is None or len(proof.rows) > best.pairs):
            first = int(here.frame[proof.rows[0]]), int(there.frame[proof.others[0]])
            best = Translation(address, inside, index.view, len(proof.rows), first)
    return best


def _columns(j: JournalColumns, rows: I64) -> tuple[tuple[U64, U64], tuple[U64, U64]]:
    """Source and destination of these packets: upper halves, lower halves."""
    return (j.src_high[rows], j.dst_high[rows]), (j.src_low[rows], j.dst_low[rows])


def _alike(guest: Moved, inside: PointView, rows: I64, index: _Index) -> _Pairs:
    """For each of these packets inside the one of its name outside that is nearest in time, if one is near."""
    here, outside = inside.journal, index.view
    times = outside.journal.ts_ns[index.rows]
    names = _names(here, rows)
    begins, ends = (np.searchsorted(index.names, names, side) for side in ("left", "right"))
    found: list[tuple[int, int, int]] = []
    for number in np.flatnonzero(ends > begins).tolist():
        begin, end, row = int(begins[number]), int(ends[number]), int(rows[number])
        when = on_point(outside, on_reference(inside, int(here.ts_ns[row])))
        after = begin + int(np.searchsorted(times[begin:end], when))
        apart, place = min((abs(int(times[at]) - when), at) for at in (after - 1, after) if begin <= at < end)
        if apart <= TOGETHER_NS:
            found.append((row, int(index.rows[place]), int(times[place]) - when))
    table = np.array(found, np.int64).reshape(-1, 3)
    return _Pairs(table[:, 0], table[:, 1], table[:, 2], here.eth_src[table[:, 0]] == np.uint64(guest.mac))


def _identified(here: JournalColumns, there: JournalColumns, rows: I64, pairs: _Pairs) -> npt.NDArray[np.bool_]:
    """
    Which pairs of UDP and ICMP prove a translator, though 16 bits are alike by chance?

    Those of one flow on both sides whose other end is left as it is, both ways, most of what it sent, at one distance
    in time.
    """
    peers = [(here, pairs.rows), (there, pairs.others)]
    ends = [
        (
            *(np.where(pairs.sent, other, one) for one, other in _columns(j, at)),
            np.where(pairs.sent, j.dst_port[at], j.src_port[at]),
        )
        for j, at in peers
    ]
    ports = [np.where(pairs.sent, j.src_port[at], j.dst_port[at]) for j, at in peers]
    is_kept = (here.ip_protocol[pairs.rows] != IP_TCP) & (ends[0][0] == ends[1][0])
    is_kept &= (ends[0][1] == ends[1][1]) & (ends[0][2] == ends[1][2])
    keys = (here.ip_protocol[pairs.rows], *ends[0], *ports, here.icmp_id[pairs.rows], there.icmp_id[pairs.others])
    flows: dict[tuple[int, ...], list[int]] = {}
    for number, *key in zip(np.flatnonzero(is_kept).tolist(), *(k[is_kept].tolist() for k in keys), strict=True):
        flows.setdefault(tuple(key), []).append(number)
    proof = np.zeros(len(pairs.rows), np.bool_)
    for numbers in flows.values():
        flow = np.array(numbers)
        ways = [flow[pairs.sent[flow] == sent] for sent in (True, False)]
        if all(_is_steady(here, rows, pairs.rows[way], pairs.apart[way]) for way in ways):
            proof[flow] = True
    return proof


def _is_steady(j: JournalColumns, rows: I64, mine: I64, apart: I64) -> bool:
    """Are these pairs of one direction of a flow many, most of what it sent meanwhile, at one distance in time?"""
    if len(np.unique(j.ip_id[mine])) < LEAST_IDENTIFIED:
        return False
    one = mine[0]
    meanwhile = rows[(j.ts_ns[rows] >= j.ts_ns[mine].min()) & (j.ts_ns[rows] <= j.ts_ns[mine].max())]
    is_same = np.ones(len(meanwhile), np.bool_)
    for column in (j.ip_protocol, j.src_high, j.src_low, j.dst_high, j.dst_low, j.src_port, j.dst_port, j.icmp_id):
        is_same &= column[meanwhile] == column[one]
    if len(mine) < LEAST_SHARE * np.count_nonzero(is_same):
        return False
    return bool(np.median(np.abs(apart - np.median(apart))) <= STEADY_NS)
