"""One packet captured twice: which rows are second sights of it."""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.kernels.likeness import digest_rows, mark_shared
from vmpcap.terms.arrays import doorway
from vmpcap.terms.units import NS_PER_MS, NS_PER_S, NS_PER_US

Bools = npt.NDArray[np.bool_]
I64 = npt.NDArray[np.int64]

COPY_NS: Final = NS_PER_S
"""Two frames alike down to the IP identification within this time, at different places, are one packet."""
COPY_AGAIN_NS: Final = 50 * NS_PER_MS
"""The same at one place: a busy host's 65,536 identifications come round within a second, never within this."""
COPY_ELSEWHERE_NS: Final = 20 * NS_PER_MS
"""Without an identification: alike but for the link addresses, hop count or domain."""
COPY_HERE_NS: Final = 100 * NS_PER_US
"""Without an identification: alike in everything."""

SAME: Final = (
    *("ip_protocol", "src_high", "src_low", "dst_high", "dst_low", "src_port", "dst_port", "ip_id", "payload_bytes"),
    *("tcp_seq", "tcp_ack", "tcp_flags", "icmp_type", "icmp_id", "icmp_seq"),
)
"""What no router changes: equal in all copies of a packet."""

PLACE: Final = ("ttl", "eth_src", "eth_dst", "segment_key")
"""What tells that a copy was taken at another place."""


def _digest(journal: JournalColumns, rows: I64) -> npt.NDArray[np.uint64]:
    """
    uint64[rows]: equal where all of SAME are, so that copies stand side by side once it is sorted.

    digest_rows has the columns of SAME once more: a kernel names what it reads.

    Two packets that share a digest by chance can part two copies of a third: one in 2^64 pairs.
    """
    digest = np.empty(len(rows), np.uint64)
    read_only: Any = (doorway(column, column.dtype) for column in journal)
    digest_rows(JournalColumns(*read_only), rows, digest)
    return digest


class Likeness(NamedTuple):
    """Which rows may have copies: found once for all rows of a journal, where it is asked about nearly all twice."""

    digest: npt.NDArray[np.uint64]
    """uint64[n], as of _digest."""
    is_shared: Bools
    """bool[n]: does another row have the same?"""


def find_likeness(journal: JournalColumns, rows: I64 | None = None) -> Likeness:
    """
    Which of these rows are like another one of them? Without rows of all.

    Copies are few in most captures: what is found out first, and fast, is whether there are any.
    """
    digest = _digest(journal, np.arange(journal.rows) if rows is None else rows)
    is_shared, table = np.empty(len(digest), np.bool_), np.full(2 << len(digest).bit_length(), -1, np.int32)
    read_only: Any = doorway(digest, np.uint64)
    mark_shared(read_only, table, is_shared)
    return Likeness(digest, is_shared)


def is_first_copy(journal: JournalColumns, rows: I64 | None = None, likeness: Likeness | None = None) -> Bools:
    """
    Which of these rows are not a second capture of a packet already among them?

    Parameters
    ----------
    rows : int64[n], row numbers by time; without them all rows, which are by time
    likeness : of all rows of the journal, where somebody found it already

    Returns
    -------
    bool[n]

    Notes
    -----
    Mirror ports and both sides of a router in one capture: the IP identification survives routers, so copies of frames
    that carry one are told from resent ones, and from equal datagrams sent later. Without one, a copy taken elsewhere
    is known by its link addresses, hop count or domain; two packets alike in everything within 0.1 ms are taken as one.
    """
    if rows is None:
        rows = np.arange(journal.rows)
    first = np.ones(len(rows), np.bool_)
    digest, is_shared = find_likeness(journal, rows) if likeness is None else (column[rows] for column in likeness)
    place = np.flatnonzero(is_shared)
    if not len(place):
        return first
    place = place[np.argsort(digest[place], kind="stable")]  # those of one digest side by side, in their order
    order = rows[place]
    alike = np.ones(max(0, len(order) - 1), np.bool_)
    elsewhere = np.zeros_like(alike)
    for name in SAME:
        values = getattr(journal, name)[order]
        alike &= values[1:] == values[:-1]
    for name in PLACE:
        values = getattr(journal, name)[order]
        elsewhere |= values[1:] != values[:-1]
    apart = np.diff(journal.ts_ns[order])
    named = np.where(elsewhere, COPY_NS, COPY_AGAIN_NS)
    unnamed = np.where(elsewhere, COPY_ELSEWHERE_NS, COPY_HERE_NS)
    limit = np.where(journal.ip_id[order][1:] != 0, named, unnamed)
    first[place[1:]] = ~(alike & (apart <= limit))
    return first
