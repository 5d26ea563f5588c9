"""What a capture missed though it was not silent: packets that others of their conversation prove to have passed."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import NO_FLOW, JournalColumns
from vmpcap.measures.kernels.skips import skips_numbers
from vmpcap.terms.arrays import doorway
from vmpcap.terms.units import NS_PER_MS
from vmpcap.terms.wire import ECHOES, IP_TCP, TCP_FIN, TCP_SYN

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LOCAL_NS: Final = 200 * NS_PER_MS
"""Both neighbours of what is missing lie within this: else nobody knows when it passed, nor if it still came here."""

MOST_BYTES: Final = 1 << 20
"""More than this between two segments so near to each other is another connection."""

MOST_STREAMS: Final = 1_000
"""So many echo streams are looked at."""

SURE: Final = 4
"""Column after those of `measures/gaps.py`."""

MOST_SKIPPED: Final = 10
"""So many numbers of echo requests in a row, and no more, are missed one by one."""

LEAST_BEATS: Final = 10
"""Echo requests by which their interval can be told."""

NUMBERS: Final = 1 << 32
ROOM: Final = 1 << 34
"""More than the numbers of one side of a connection: apart by it, all sides' numbers rise in one array."""


def find_missed(j: JournalColumns) -> I64:
    """
    Which packets passed this point and are not in its capture, one by one?

    Returns
    -------
    int64[k, 5], by time: the last frame of its sender in view before it and the first after it, their times and numbers
    (FROM_TS and so on of `measures/gaps.py`), and 1 where it passed for sure (SURE).

    Notes
    -----
    Of TCP, bytes between two segments that are never shown, not later either, while the other side goes on and
    acknowledges what came after them: they arrived, so nothing lost them on the way. Of echoes, replies to requests
    that are not in view, and numbers of requests that a steady beat leaves out: those may have been lost before they
    came here. Numbers in a row count once. Both directions must be in view beside it. Bare acknowledgements and replies
    that are missing prove nothing, so that more is missing than this: it leans to few.
    """
    found = [*_of_tcp(j), *_of_echoes(j)]
    if not found:
        return np.zeros((0, 5), np.int64)
    rows = np.concatenate(found)
    return rows[np.lexsort((rows[:, 1], rows[:, 0]))]


def checkable(j: JournalColumns) -> I64:
    """When did packets pass that would be proven if they were missing? Rising times, ns."""
    is_data = (j.ip_protocol == IP_TCP) & (j.flow_id != NO_FLOW) & (j.payload_bytes > 0)
    for protocol, request, _ in ECHOES:
        is_data |= (j.ip_protocol == protocol) & (j.icmp_type == request)
    return np.sort(j.ts_ns[is_data])


def _of_tcp(j: JournalColumns) -> Iterator[I64]:
    rows = np.flatnonzero((j.ip_protocol == IP_TCP) & (j.flow_id != NO_FLOW))
    if not len(rows) or not _skips(j, rows):
        return
    rows = rows[np.lexsort((j.ts_ns[rows], j.flow_id[rows]))]
    flow = j.flow_id[rows].astype(np.int64)
    begins = np.concatenate(([True], flow[1:] != flow[:-1]))
    first = np.maximum.accumulate(np.where(begins, np.arange(len(rows)), 0))
    for side in (0, 1):
        yield from _of_side(j, rows, first, side)


def _skips(j: JournalColumns, rows: I64) -> bool:
    """Can anything be missing? Bytes that are never shown are jumped over, in the order of the capture too."""
    columns = (rows, j.flow_id, j.side, j.tcp_seq, j.tcp_flags, j.payload_bytes)
    state = np.full((int(j.flow_id.max()) + 1, 2), -1, np.int64)
    given: Any = (*(doorway(column, column.dtype) for column in columns), state)
    return bool(skips_numbers(*given))


def _of_side(j: JournalColumns, rows: I64, first: I64, side: int) -> Iterator[I64]:
    """
    The same of what one side of all connections sent.

    Parameters
    ----------
    rows, first : int64[n], segments by connection and time; where in them each one's connection begins
    """
    place = np.arange(len(rows))
    is_own = j.side[rows] == side
    flags = j.tcp_flags[rows].astype(np.int64)
    length = j.payload_bytes[rows].astype(np.int64) + ((flags & (TCP_SYN | TCP_FIN)) != 0)
    own = np.flatnonzero(is_own & (length > 0))
    if len(own) < 2:
        return
    group = np.cumsum(np.concatenate(([0], (first[own][1:] != first[own][:-1]).astype(np.int64))))
    head = own[np.searchsorted(group, group)]  # each one's first of its connection
    begin = _since(j.tcp_seq[rows[own]], j.tcp_seq[rows[head]]) + group * ROOM
    shown = np.maximum.accumulate(begin + length[own])
    later = np.minimum.accumulate(begin[::-1])[::-1]
    before, after = own[:-1], own[1:]
    missing = begin[1:] - shown[:-1]
    proven = (group[1:] == group[:-1]) & (missing > 0) & (missing < MOST_BYTES) & (later[1:] >= begin[1:])
    proven &= (flags[after] & TCP_SYN) == 0
    if not proven.any():
        return
    # the other side goes on, beside both, and acknowledges what came after
    heard = np.where(is_own, -1, place)
    last = np.maximum.accumulate(heard)[before]
    following = np.minimum.accumulate(np.where(is_own, len(rows), place)[::-1])[::-1][after]
    ts = j.ts_ns[rows]
    proven &= (last >= first[before]) & (following < len(rows))
    following = np.minimum(following, len(rows) - 1)
    proven &= first[following] == first[after]
    proven &= (ts[before] - ts[last] <= LOCAL_NS) & (ts[following] - ts[after] <= LOCAL_NS)
    proven &= ts[after] - ts[before] <= LOCAL_NS
    acked = _most_acked(j, rows, first, is_own)[before]
    proven &= _since(acked, j.tcp_seq[rows[after]]) >= 0
    yield _spans(j, rows[before[proven]], rows[after[proven]])


def _most_acked(j: JournalColumns, rows: I64, first: I64, is_own: Bools) -> npt.NDArray[np.uint32]:
    """What does the other side of each segment's connection acknowledge last?"""
    place = np.arange(len(rows))
    last = np.zeros(len(rows), np.int64)
    np.maximum.at(last, first, np.where(is_own, first, place))
    acked: npt.NDArray[np.uint32] = j.tcp_ack[rows[last[first]]]
    return acked


def _since(numbers: npt.NDArray[np.uint32], origin: npt.NDArray[np.uint32]) -> I64:
    """How far are these sequence numbers after those, by the shorter way round?"""
    away = numbers.astype(np.int64) - origin.astype(np.int64)
    away = (away + NUMBERS // 2) % NUMBERS - NUMBERS // 2
    return away


def _of_echoes(j: JournalColumns) -> Iterator[I64]:
    for protocol, request, reply in ECHOES:
        is_icmp = j.ip_protocol == protocol
        asked, told = (np.flatnonzero(is_icmp & (j.icmp_type == kind)) for kind in (request, reply))
        for number in np.unique(j.icmp_id[asked])[:MOST_STREAMS].tolist():
            own, answers = asked[j.icmp_id[asked] == number], told[j.icmp_id[told] == number]
            for peer, guest in np.unique(np.stack((j.src_low[own], j.dst_low[own]), axis=1), axis=0).tolist():
                mine = own[(j.src_low[own] == np.uint64(peer)) & (j.dst_low[own] == np.uint64(guest))]
                theirs = answers[(j.src_low[answers] == np.uint64(guest)) & (j.dst_low[answers] == np.uint64(peer))]
                mine = mine[np.argsort(j.ts_ns[mine], kind="stable")]
                yield _unasked(j, mine, theirs)
                yield _skipped(j, mine)


def _unasked(j: JournalColumns, asked: I64, answers: I64) -> I64:
    """Replies of one stream whose request is not in view, between two requests that are."""
    lone = answers[~np.isin(j.icmp_seq[answers], j.icmp_seq[asked])]
    after = np.searchsorted(j.ts_ns[asked], j.ts_ns[lone])
    inside = (after > 0) & (after < len(asked))
    before, after = asked[after[inside] - 1], asked[after[inside]]
    near = j.ts_ns[after] - j.ts_ns[before] <= LOCAL_NS
    return _spans(j, before[near], after[near])


def _skipped(j: JournalColumns, asked: I64) -> I64:
    """Requests of a steady beat between which as many numbers are left out as had their time."""
    if len(asked) < LEAST_BEATS:
        return np.zeros((0, 5), np.int64)
    before, after = asked[:-1], asked[1:]
    apart = j.ts_ns[after] - j.ts_ns[before]
    steps = (j.icmp_seq[after].astype(np.int64) - j.icmp_seq[before]) % (1 << 16)
    beat = max(float(np.median(apart[steps == 1])) if (steps == 1).any() else 0.0, 1.0)
    is_skip = (steps > 1) & (steps <= MOST_SKIPPED) & (np.abs(apart / beat - steps) <= 0.5) & (apart <= LOCAL_NS)
    return _spans(j, before[is_skip], after[is_skip], sure=False)


def _spans(j: JournalColumns, before: I64, after: I64, *, sure: bool = True) -> I64:
    is_sure = np.full(len(before), sure, np.int64)
    return np.stack((j.ts_ns[before], j.ts_ns[after], j.frame[before], j.frame[after], is_sure), axis=1)
