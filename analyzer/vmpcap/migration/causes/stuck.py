"""Large segments of a guest that never arrive while small ones do: somebody on the way has no room for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.copies import is_first_copy
from vmpcap.measures.journal import JournalColumns
from vmpcap.migration.clocks import clock_doubt, on_clock_of
from vmpcap.migration.moved import Moved
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.wire import (
    ICMP_ECHO_REPLY,
    ICMP_ECHO_REQUEST,
    ICMPV6_ECHO_REPLY,
    ICMPV6_ECHO_REQUEST,
    IP_ICMP,
    IP_ICMPV6,
    IP_TCP,
    TCP_ACK,
    TCP_FIN,
    TCP_SYN,
)

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEAST_BYTES: Final = 1000
"""Smaller segments are not called large."""
LEAST_TIMES: Final = 3
"""Sent so often without an answer, a segment did not merely get lost."""
MOST_LOOKED_AT: Final = 50_000
"""Large segments of a guest that are looked at, the first."""

MOST_ASKED: Final = 200
"""Of the segments that were sent so often: of each two machines alike, their first."""
LARGEST_WINDOW: Final = 1 << 30
"""An ACK that is further ahead is another connection's (RFC 7323 2.3)."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """One segment that was sent again and again."""

    payload_bytes: int
    times: int
    frames: tuple[int, ...]
    row: int
    """Its first sending in the journal."""
    smaller_pass: bool
    """Was a smaller packet answered that went between the same two meanwhile? Else the way may be dead for all."""
    during: tuple[int, int]
    """Its second sending and its last, by the point's clock."""


def find_stuck(view: PointView, guest: Moved, since_ts: int) -> Stuck | None:
    """The first of them beside which smaller ones pass; else the first; None without any."""
    found = find_stucks(view, guest, since_ts)
    return next((one for one in found if one.smaller_pass), found[0] if found else None)


def find_stucks(view: PointView, guest: Moved, since_ts: int) -> list[Stuck]:
    """
    Which large segments, of the guest or for it, were never acknowledged however often they were sent?

    None is told of where one as large arrived meanwhile: then its size is not the reason. Looked for once.

    Parameters
    ----------
    since_ts : on the point's clock

    Notes
    -----
    A segment that the capture holds twice was sent once. ACKs are cumulative, so the smaller ones are those of other
    connections of the same two machines, and echo requests. They count from the second sending to the last: before,
    both may have been lost by chance; later, the way may have been mended.
    """
    asked = ("find_stucks", guest.mac, since_ts, *guest.ips)
    if asked not in view.found:
        view.found[asked] = _look_for(view, guest, since_ts)
    found: list[Stuck] = view.found[asked]
    return found


def _look_for(view: PointView, guest: Moved, since_ts: int) -> list[Stuck]:
    frames, j = frames_of(view, guest), view.journal
    rows = np.sort(np.concatenate((frames.sent_ip, frames.asked)))
    rows = rows[j.ts_ns[rows] >= since_ts]
    rows = rows[np.argsort(j.ts_ns[rows], kind="stable")]
    echoes = rows[np.isin(j.ip_protocol[rows], (IP_ICMP, IP_ICMPV6))]
    rows = rows[j.ip_protocol[rows] == IP_TCP]
    rows = rows[is_first_copy(j, rows)]
    large = rows[j.payload_bytes[rows] >= LEAST_BYTES][:MOST_LOOKED_AT]
    keys = np.stack((j.src_low[large], j.dst_low[large], _ports(j.src_port[large], j.dst_port[large])), axis=1)
    named = np.concatenate((keys, j.tcp_seq[large, None].astype(np.uint64)), axis=1)
    segments, first, times = np.unique(named, axis=0, return_index=True, return_counts=True)
    found = []
    often = np.flatnonzero(times >= LEAST_TIMES)
    for at in often[_in_turn(segments[often, :2], first[often])[:MOST_ASKED]]:
        row = large[first[at]]
        there, back = rows[_between(j, rows, row)], rows[_between(j, rows, row, is_back=True)]
        acks = back[(j.src_port[back] == j.dst_port[row]) & (j.dst_port[back] == j.src_port[row])]
        acks = acks[(j.tcp_flags[acks] & TCP_ACK) != 0]
        if not len(acks) or _ahead(j.tcp_ack[acks], int(j.tcp_seq[row])).max() > 0:
            continue
        copies = large[(named == segments[at]).all(axis=1)]
        size = int(j.payload_bytes[copies].min())
        during = int(j.ts_ns[copies[1]]), int(j.ts_ns[copies[-1]])
        meanwhile = there[(j.ts_ns[there] > during[0]) & (j.ts_ns[there] < during[1])]
        sizes = j.payload_bytes[_arrived(j, meanwhile, back)]
        answered = j.wire_bytes[_answered(j, echoes, row, during)]
        if (sizes >= size).any() or (answered >= j.wire_bytes[copies].min()).any():
            continue
        numbers = tuple(int(f) for f in j.frame[copies][:LEAST_TIMES])
        pass_by = bool(len(sizes)) or bool((answered < size).any())
        found.append(Stuck(size, len(copies), numbers, int(row), pass_by, during))
    return found


def _in_turn(pairs: npt.NDArray[np.uint64], places: I64) -> I64:
    """In which order are these asked: the first of each two machines, then their second ones?."""
    order = np.lexsort((places, pairs[:, 1], pairs[:, 0]))
    begins = np.flatnonzero(np.any(np.diff(pairs[order], axis=0, prepend=~pairs[order][:1]) != 0, axis=1))
    turn = np.arange(len(order)) - np.repeat(begins, np.diff(np.append(begins, len(order))))
    asked: I64 = order[np.lexsort((places[order], turn))]
    return asked


def _answered(j: JournalColumns, echoes: I64, row: int, during: tuple[int, int]) -> I64:
    """Which echo requests went the way of that row meanwhile, and were answered? Rows."""
    kind, ts = j.icmp_type[echoes], j.ts_ns[echoes]
    asked = echoes[np.isin(kind, (ICMP_ECHO_REQUEST, ICMPV6_ECHO_REQUEST)) & (ts > during[0]) & (ts < during[1])]
    asked = asked[_between(j, asked, row)]
    back = echoes[np.isin(kind, (ICMP_ECHO_REPLY, ICMPV6_ECHO_REPLY)) & (ts > during[0])]
    back = back[_between(j, back, row, is_back=True)]
    asked_for, told = _ports(j.icmp_id[asked], j.icmp_seq[asked]), _ports(j.icmp_id[back], j.icmp_seq[back])
    answered: I64 = asked[np.isin(asked_for, told)]
    return answered


def stops_before(stuck: Stuck, view: PointView, guest: Moved, views: Sequence[PointView]) -> PointView | None:
    """
    Which other point shows smaller packets that went its way meanwhile, and none as large? None where nobody does.

    A point that shows nothing of that connection in that direction may show a part of the traffic only.
    """
    j, row = view.journal, stuck.row
    for there in views:
        if there.name == view.name or not there.journal_complete:
            continue
        k, frames = there.journal, frames_of(there, guest)
        rows = np.concatenate((frames.sent_ip, frames.asked))
        doubt = clock_doubt(view, stuck.during[0], there)
        if doubt is None:
            continue  # when it was is not known there
        begin, end = (on_clock_of(there, view, ts) for ts in stuck.during)
        same = np.ones(len(rows), np.bool_)
        for name in ("src_high", "src_low", "dst_high", "dst_low"):
            same &= getattr(k, name)[rows] == getattr(j, name)[row]
        rows = rows[same]
        of_it = (k.ip_protocol[rows] == IP_TCP) & (k.src_port[rows] == j.src_port[row])
        of_it &= k.dst_port[rows] == j.dst_port[row]
        meanwhile = rows[(k.ts_ns[rows] > begin - doubt) & (k.ts_ns[rows] < end + doubt)]
        surely = (k.ts_ns[rows] > begin + doubt) & (k.ts_ns[rows] < end - doubt)
        is_large = k.wire_bytes[meanwhile] >= stuck.payload_bytes
        if of_it.any() and surely.any() and not is_large.any():
            return there
    return None


def _between(j: JournalColumns, rows: I64, row: int, is_back: bool = False) -> Bools:
    """Which of these go the way of that row, or back? bool[rows]."""
    source, target = ("dst", "src") if is_back else ("src", "dst")
    mask: Bools = np.ones(len(rows), np.bool_)
    for part in ("high", "low"):
        mask &= getattr(j, f"{source}_{part}")[rows] == getattr(j, f"src_{part}")[row]
        mask &= getattr(j, f"{target}_{part}")[rows] == getattr(j, f"dst_{part}")[row]
    return mask


def _arrived(j: JournalColumns, sent: I64, back: I64) -> I64:
    """Which of the segments sent were acknowledged after they were sent, and by nothing before? Rows by time."""
    flags = j.tcp_flags[sent].astype(np.int64)
    lengths = j.payload_bytes[sent] + (flags & TCP_SYN != 0) + (flags & TCP_FIN != 0)
    sent, lengths = sent[lengths > 0], lengths[lengths > 0]
    back = back[(j.tcp_flags[back] & TCP_ACK) != 0]
    answered = _ports(j.dst_port[back], j.src_port[back])
    ports = _ports(j.src_port[sent], j.dst_port[sent])
    found = np.zeros(len(sent), np.bool_)
    for port in np.unique(ports):
        mine, acks = np.flatnonzero(ports == port), back[answered == port]
        if not len(acks):
            continue
        origin = int(j.tcp_seq[sent[mine[0]]])
        ends, acked = _ahead(j.tcp_seq[sent[mine]], origin) + lengths[mine], _ahead(j.tcp_ack[acks], origin)
        highest_before = np.concatenate(([-(1 << 31)], np.maximum.accumulate(acked)))
        highest_after = np.concatenate((np.maximum.accumulate(acked[::-1])[::-1], [-(1 << 31)]))
        at = np.searchsorted(j.ts_ns[acks], j.ts_ns[sent[mine]], side="right")
        ahead = highest_after[at] - ends
        found[mine] = (highest_before[at] < ends) & (ahead >= 0) & (ahead < LARGEST_WINDOW)
    return sent[found]


def _ahead(numbers: npt.NDArray[np.uint32], origin: int) -> I64:
    """How far ahead of the origin are these sequence numbers? Of 2^32 the nearer way round."""
    apart: I64 = (numbers.astype(np.int64) - origin + (1 << 31)) % (1 << 32) - (1 << 31)
    return apart


def _ports(source: npt.NDArray[np.uint16], target: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint64]:
    return source.astype(np.uint64) << np.uint64(16) | target.astype(np.uint64)
