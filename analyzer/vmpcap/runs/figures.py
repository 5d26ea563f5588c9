"""Which figures of a migration are compared with those of others, as a table."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Final

from vmpcap.migration.packets.reachable import LEAST_ASKED
from vmpcap.migration.results import Peer
from vmpcap.report.away import at_most_s, may_be_longer
from vmpcap.report.document import Migration
from vmpcap.report.words import nanoseconds, not_in_view
from vmpcap.terms.units import NS_PER_MS, NS_PER_S

Measured = tuple[float | None, str]
"""The figure, and why there is none."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its name, its unit, how it is read from a migration."""

    name: str
    unit: str
    read: Callable[[Migration], Measured]
    meaning: str


def _duration(m: Migration) -> Measured:
    if m.outcome != "completed":
        return None, f"{m.outcome} migrations have no duration of a whole one"
    if m.is_cut:
        return None, f"{not_in_view(m) or 'not all of it is in view'}: a part has no duration of a whole one"
    return m.duration_s, m.throughput.unknown_because or "no times in the capture"


def _round_trip(name: str) -> Callable[[Migration], Measured]:
    def read(m: Migration) -> Measured:
        if m.rtt.coverage != "full":
            return None, "only part of the path was in view"
        if m.rtt.unproven_half_ms is not None:
            return None, "only its name says that the capture point is at the sender: it may be part of the path"
        value: float | None = getattr(m.rtt, name)
        return value, "no samples"

    return read


def _idle_round_trip(m: Migration) -> Measured:
    """The figure that the check `rtt` holds against its limit: what a queue may be in is none of the idle path."""
    known, why = _round_trip("p5_ms")(m)
    if known is None:
        return None, why
    if m.rtt.idle_ms is None:
        return None, "no sample of the idle path is in view: a queue may be in all of them"
    return min(m.rtt.idle_ms, known), ""


def _rate(name: str) -> Callable[[Migration], Measured]:
    def read(m: Migration) -> Measured:
        value: float | None = getattr(m.throughput, name)
        if m.throughput.unknown_because:
            return None, m.throughput.unknown_because
        return value, "no data in view" if name == "bulk_mbps" else "the transfer was shorter than that"

    return read


def _resent(m: Migration) -> Measured:
    """At the destination's side only the second copy is seen: those count from the gaps, a segment each."""
    lost, share = m.loss.lost_before_point or 0, m.loss.retransmitted_share
    if share is None:
        return None, "not measured"
    if not lost:
        return share, ""
    if m.path.mss is None or not m.bytes.payload:
        return None, "segments were lost before the capture point, and their size is not known"
    missed = lost * m.path.mss
    return ((m.bytes.retransmitted or 0) + missed) / (m.bytes.payload + missed), ""


def _longest(name: str) -> Callable[[Migration], Measured]:
    def read(m: Migration) -> Measured:
        if m.outcome != "completed":
            return None, f"{m.outcome} migrations have no switchover"
        known = [v for g in m.guests if (v := getattr(g.switchover, name)) is not None]
        return (max(known), "") if known else (None, "not in view")

    return read


def _outage(m: Migration) -> Measured:
    """
    A peer that never came back was cut off for longer than anybody watched.

    One that asked in vain and gave up was cut off for at least as long as it asked: nobody knows for how long.
    """
    peers = [peer for g in m.guests for peer in g.peers]
    if any(peer.survived is False and peer.outage_ms is None for peer in peers):
        return inf, ""
    known = [v for g in m.guests if (v := g.switchover.peer_outage_ms) is not None]
    known += [peer.outage_ms for peer in peers if peer.outage_ms is not None]
    in_vain = max((_asked_in_vain_ms(peer) for peer in peers), default=0.0)
    if in_vain >= NS_PER_S / NS_PER_MS or in_vain > max(known, default=0.0):
        return None, "a peer got no answer any more and stopped asking"
    untold = [peer for peer in peers if peer.outage_ms is None and peer.from_ts is None]
    unsure = [most for peer in untold if (most := at_most_s(peer)) is not None]
    if unsure and may_be_longer(max(unsure), max(known, default=0.0) / 1000):
        return None, "only bounds are known of an outage that may be the longest"
    return (max(known), "") if known else (None, "no peer's traffic in view")


def _asked_in_vain_ms(peer: Peer) -> float:
    """For how long did this peer ask without an answer ever after? 0 where it hardly asked, or was answered."""
    first, last = nanoseconds(peer.from_ts), nanoseconds(peer.to_ts)
    if peer.outage_ms is not None or (peer.lost or 0) < LEAST_ASKED or first is None or last is None:
        return 0.0
    return (last - first) / NS_PER_MS


FIGURES: Final = (
    Figure("throughput", "Mbps", _rate("bulk_mbps"), "goodput while data flowed"),
    Figure("best_1s", "Mbps", _rate("best_1s_mbps"), "goodput of the best second"),
    Figure("duration", "s", _duration, "first to last packet of the stream, of completed migrations in full view"),
    Figure("rtt", "ms", _idle_round_trip, "full path with next to nothing in flight, as the check `rtt` judges it"),
    Figure("rtt_p5", "ms", _round_trip("p5_ms"), "5th percentile of the full path's round trips, queues included"),
    Figure("rtt_p50", "ms", _round_trip("p50_ms"), "median round trip, queues included"),
    Figure("rtt_p95", "ms", _round_trip("p95_ms"), "95th percentile, queues included"),
    Figure("rtt_p99", "ms", _round_trip("p99_ms"), "99th percentile, queues included"),
    Figure("resent", "share", _resent, "payload that was sent again, by all payload"),
    Figure(
        "switchover",
        "ms",
        _longest("bracket_ms"),
        "the guest's last frame at its old place, or else the source's last burst, to its first sign at the new one:"
        " upper bound",
    ),
    Figure("outage", "ms", _outage, "longest outage of any peer; peers that never came back count as longest"),
)
"""In the order in which they are shown."""
