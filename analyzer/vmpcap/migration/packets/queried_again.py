"""Queries by UDP that are sent again: a client that has its answer asks the next one, from another port."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.peer_streams import groups_of
from vmpcap.migration.packets.to_the_end import LEAST_ASKED, asked_to_the_end
from vmpcap.terms.units import NS_PER_S
from vmpcap.terms.wire import IP_UDP

AGAIN_NS: Final = 10 * NS_PER_S
"""A resolver tries again within this (5 s, or 1 to 4 s): what comes later from the same port is another query."""
LEAST_BEFORE: Final = 10
HARDLY: Final = 0.1
"""So many queries of before the move, no more than this share of them sent twice, show a client that asks anew."""

Service = tuple[int, int, int]
"""The peer's address by its halves, and the guest's port."""
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Queried:
    """What became of the queries of clients that ask each from a port of its own."""

    in_vain: dict[Service, I64]
    """Of whom each query since the move was sent again: rows, by time."""
    is_asked_once: bool
    """Did another send most of its queries once, as one does that is answered, or never asks again?"""


def queried_again(j: JournalColumns, asked: I64, when: int, end: int) -> Queried:
    """
    Whose queries are all sent again since the move, up to the end of the view, and were not before?

    Whatever way an answer takes, a client that hears it does not send the same again. The contents are not kept: the
    same ports and size must do, of clients that change their port with every query.

    Parameters
    ----------
    asked : unicast to the guest that wants an answer, each packet once, by time
    """
    found: dict[Service, I64] = {}
    is_asked_once = False
    by_udp = asked[j.ip_protocol[asked] == IP_UDP]
    for rows in groups_of(by_udp, *(column[by_udp] for column in (j.dst_port, j.src_low, j.src_high))):
        service = (int(j.src_high[rows[0]]), int(j.src_low[rows[0]]), int(j.dst_port[rows[0]]))
        first, waited = _queries(j, rows)
        ts, is_again = j.ts_ns[first], waited > 0
        before, since = ts <= when - AGAIN_NS, ts > when  # those between may have been sent again since it left
        if before.sum() < LEAST_BEFORE or is_again[before].sum() > HARDLY * before.sum():
            continue
        is_due = since & (ts + waited[since].max(initial=0) < end)
        if is_due.sum() < LEAST_ASKED:
            continue
        later = rows[j.ts_ns[rows] > when]
        if is_again[is_due].all() and asked_to_the_end(j.ts_ns[later], end):
            found[service] = later
        is_asked_once = is_asked_once or 2 * int(is_again[is_due].sum()) < int(is_due.sum())
    return Queried(found, is_asked_once)


def _queries(j: JournalColumns, rows: I64) -> tuple[I64, I64]:
    """The first try of each query of one client, by time, and how long the longest wait for the next was; 0: none."""
    order = np.lexsort((j.ts_ns[rows], j.payload_bytes[rows], j.src_port[rows]))
    tries = rows[order]
    waits = np.diff(j.ts_ns[tries], prepend=0)
    is_next = np.zeros(len(tries), np.bool_)
    is_next[1:] = (j.src_port[tries][1:] == j.src_port[tries][:-1]) & (waits[1:] <= AGAIN_NS)
    is_next[1:] &= j.payload_bytes[tries][1:] == j.payload_bytes[tries][:-1]
    first = np.flatnonzero(~is_next)
    longest = np.maximum.reduceat(np.where(is_next, waits, 0), first) if len(first) else waits
    by_time = np.argsort(j.ts_ns[tries[first]], kind="stable")
    return tries[first][by_time], longest[by_time]
