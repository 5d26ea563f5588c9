"""The same requests of a peer at several points: where each of them was seen, and to which MAC it went there."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vmpcap.measures.peer_streams import PeerStream
from vmpcap.migration.clocks import all_on_clock_of, clock_doubt
from vmpcap.migration.moved import Moved
from vmpcap.migration.packet_keys import packet_keys
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.views import PointView
from vmpcap.terms.wire import IP_ICMP, IP_ICMPV6, IP_TCP, IP_UDP

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

NUMBERS = {"icmp": IP_ICMP, "icmpv6": IP_ICMPV6, "tcp": IP_TCP, "udp": IP_UDP}


@dataclass(frozen=True, slots=True)
class Sighting:
    """Packets of a peer for the guest, as one point saw them, in the order of time."""

    view: PointView
    rows: I64
    ts: I64
    """int64[n]: by the clock of the peer's point."""
    eth_dst: U64
    key: U64
    """uint64[n]: alike for the same packet at every point."""


def answers_to(view: PointView, guest: Moved, stream: PeerStream) -> I64:
    """Which packets of this stream did the guest send to the peer past this point? Rows of the journal, by time."""
    j, rows = view.journal, frames_of(view, guest).sent_ip
    own = (j.dst_high[rows] == np.uint64(stream.peer[0])) & (j.dst_low[rows] == np.uint64(stream.peer[1]))
    own &= j.ip_protocol[rows] == NUMBERS[stream.protocol]
    own &= (j.dst_port[rows] == stream.peer_port) | (stream.peer_port == 0)
    own &= (j.src_port[rows] == stream.guest_port) | (stream.guest_port == 0)
    sent: I64 = rows[own]
    return sent


def to_guest(view: PointView, guest: Moved, stream: PeerStream, at: PointView) -> Sighting:
    """Which packets of this stream for the guest passed this point? Times are put on the clock of `at`."""
    j, rows = view.journal, frames_of(view, guest).asked
    wanted = (j.src_high[rows] == np.uint64(stream.peer[0])) & (j.src_low[rows] == np.uint64(stream.peer[1]))
    wanted &= j.ip_protocol[rows] == NUMBERS[stream.protocol]
    if stream.icmp_id is not None:
        wanted &= j.icmp_id[rows] == stream.icmp_id
    if stream.peer_port:
        wanted &= j.src_port[rows] == stream.peer_port
    if stream.guest_port:
        wanted &= j.dst_port[rows] == stream.guest_port
    rows = rows[wanted]
    ts = all_on_clock_of(at, view, j.ts_ns[rows])
    return Sighting(view, rows, ts, j.eth_dst[rows], packet_keys(j, rows))


def places(requests: Sighting, seen: Sighting, until: int | None) -> I64:
    """
    Which of the requests is each of these packets? int64[n], -1 for one that is none of them.

    By what they are where that names each request, else by time: the last one sent before, as far as the clocks tell.
    until : when the first request was sent that is none of these any more; None where there is none
    """
    keys, first = np.unique(requests.key, return_index=True)
    if len(keys) == len(requests.key):
        at = np.minimum(np.searchsorted(keys, seen.key), len(keys) - 1) if len(keys) else np.zeros(0, np.int64)
        known = np.zeros(len(seen.key), np.bool_) if not len(keys) else keys[at] == seen.key
        found: I64 = np.where(known, first[at] if len(keys) else -1, -1)
        return found
    late = clock_doubt(requests.view, int(requests.ts[0]), seen.view) or 0 if len(requests.ts) else 0
    by_time = np.searchsorted(requests.ts, seen.ts + late, side="right") - 1
    return np.where(seen.ts + late >= until, -1, by_time) if until is not None else by_time
