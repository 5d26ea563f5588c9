"""Streams that run both ways without asking, as telephones do: what of them died on a way that was closed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from vmpcap.migration.clocks import on_clock_of
from vmpcap.migration.moved import Moved
from vmpcap.migration.packets.closed_ways import LEAST_DIED, LEAST_NS, ClosedWay
from vmpcap.migration.results import Peer
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import ip_halves
from vmpcap.terms.units import count_of, ms
from vmpcap.terms.wire import IP_UDP

I64 = npt.NDArray[np.int64]

UDP: Final = "udp/"
"""How the name of a stream of datagrams begins."""


def with_what_died(found: Sequence[Suffered], guest: Moved, closed: ClosedWay | None) -> list[Suffered]:
    """The same, where a stream of which no request tells its outage died both ways on the closed segment."""
    return [one if closed is None else _told(one, guest, closed) for one in found]


def _told(one: Suffered, guest: Moved, closed: ClosedWay) -> Suffered:
    """
    At least from the first to the last packet of the peer that passed beyond and died; at most the pause in what the
    peer heard of the guest there.
    """
    view, peer = closed.beyond, one.peer
    is_open = peer.unasked and peer.outage_ms is None and not peer.outage_low_ms and peer.protocol.startswith(UDP)
    if peer.point != view.name or closed.opened is None or not is_open:
        return one
    begin, end = (on_clock_of(view, closed.here, ts) for ts in (closed.first.ts, closed.end_ts))
    asked = view.journal.ts_ns[_of(view, frames_of(view, guest).asked, peer, is_from_peer=True)]
    ts = asked[(asked >= begin) & (asked <= on_clock_of(view, closed.here, closed.last_ts))]
    sent = closed.here.journal.ts_ns[_of(closed.here, frames_of(closed.here, guest).sent_ip, peer, is_from_peer=False)]
    died = int(((sent >= closed.first.ts) & (sent < closed.end_ts)).sum())
    heard = view.journal.ts_ns[_of(view, frames_of(view, guest).sent_ip, peer, is_from_peer=False)]
    if len(ts) < LEAST_DIED or died < LEAST_DIED or ts[-1] - ts[0] < LEAST_NS:
        return one
    at = int(np.searchsorted(heard, begin))
    high = ms(int(heard[at] - heard[at - 1])) if 0 < at < len(heard) and heard[at] >= end - LEAST_NS else None
    because = (
        f"{count_of(len(ts), 'packet')} of it for the guest passed {view.name} and {died:,} of the guest's passed"
        f" {closed.here.name} while {closed.says}"
    )
    low = ms(int(ts[-1] - ts[0]))
    peer = msgspec.structs.replace(
        peer, because=because, outage_low_ms=low, outage_high_ms=high, lost=len(ts), unasked=False
    )
    return replace(one, peer=peer, at_least_ms=low)


def _of(view: PointView, rows: I64, peer: Peer, *, is_from_peer: bool) -> I64:
    """Which of these datagrams are of this peer and of the port by which its stream is told?"""
    j, (high, low), port = view.journal, ip_halves(peer.peer), int(peer.protocol.removeprefix(UDP))
    ends = (j.src_high, j.src_low) if is_from_peer else (j.dst_high, j.dst_low)
    own = (ends[0][rows] == np.uint64(high)) & (ends[1][rows] == np.uint64(low)) & (j.ip_protocol[rows] == IP_UDP)
    kept: I64 = rows[own & ((j.src_port[rows] == port) | (j.dst_port[rows] == port))]
    return kept
