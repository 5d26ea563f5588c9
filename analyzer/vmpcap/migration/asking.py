"""When the requester of a stream sent, around the switchover: looked up among the journal's rows, sorted once."""

from collections.abc import Collection
from typing import Final

import numpy as np
import numpy.typing as npt

from vmpcap.measures.journal import JournalColumns
from vmpcap.measures.peers import Address, PeerStream, is_one_of
from vmpcap.terms.alike import alike
from vmpcap.terms.units import NS_PER_S
from vmpcap.terms.wire import IP_ICMP, IP_ICMPV6, IP_TCP, IP_UDP

AROUND_NS: Final = 60 * NS_PER_S
"""How far from the switchover the requests beside it are looked for."""

PROTOCOLS: Final = {"icmp": IP_ICMP, "icmpv6": IP_ICMPV6, "udp": IP_UDP, "tcp": IP_TCP}
ECHO_REQUESTS: Final = (8, 128)

I64 = npt.NDArray[np.int64]
Way = tuple[int, ...]
"""Source (high, low), destination (high, low), protocol."""


class Asking:
    """The journal's rows near one moment from and to some guests, by who sends to whom."""

    def __init__(self, journal: JournalColumns, when: int, guests: Collection[Address]) -> None:
        self._journal = journal
        near = np.abs(journal.ts_ns - when) <= AROUND_NS
        near &= is_one_of(journal.src_high, journal.src_low, guests) | is_one_of(
            journal.dst_high, journal.dst_low, guests
        )
        self._near = np.flatnonzero(near)
        self._rows_of: dict[Way, list[I64]] | None = None

    def times(self, stream: PeerStream) -> I64:
        """When did the requester of this stream send, around then? Of a one-way stream: its sender. Sorted, in ns."""
        j, rows = self._journal, self._rows(stream)
        ports = [stream.peer_port, stream.guest_port]
        source_port, target_port = ports if stream.requester == "peer" else ports[::-1]
        if stream.manner == "echo":
            asked = np.isin(j.icmp_type[rows], ECHO_REQUESTS) & (j.icmp_id[rows] == stream.icmp_id)
        else:
            asked = (j.src_port[rows] == source_port) | (source_port == 0)
            asked &= (j.dst_port[rows] == target_port) | (target_port == 0)
        if stream.protocol == "tcp":
            asked &= j.payload_bytes[rows] > 0
        return np.sort(j.ts_ns[rows[asked]])

    def _rows(self, stream: PeerStream) -> I64:
        if self._rows_of is None:
            self._rows_of = self._sort()
        ends = (stream.peer, stream.guest)
        source, target = ends if stream.requester == "peer" else ends[::-1]
        parts = self._rows_of.get((*source, *target, PROTOCOLS[stream.protocol]), [])
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def _sort(self) -> dict[Way, list[I64]]:
        """Rows that are alike may have several numbers, so a way may have several parts."""
        j, near = self._journal, self._near
        if not len(near):
            return {}
        columns = (j.src_high, j.src_low, j.dst_high, j.dst_low, j.ip_protocol)
        shared = alike(*columns, rows=near)
        order = np.argsort(shared.number, kind="stable")
        bounds = np.searchsorted(shared.number[order], np.arange(len(shared.first) + 1))
        rows_of: dict[Way, list[I64]] = {}
        for number, first in enumerate(shared.first):
            way = tuple(int(column[near[first]]) for column in columns)
            rows_of.setdefault(way, []).append(near[order[bounds[number] : bounds[number + 1]]])
        return rows_of
