"""Connections in which the same was sent again and again without an answer, until who asked gave up."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec

from vmpcap.measures.outages import Outage
from vmpcap.measures.peer_streams import PeerStream, Who
from vmpcap.migration.suffered import EPHEMERAL, Suffered
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_S, at_least_ms, count_of, iso_utc, ms

LEAST_SENT: Final = 3
"""So often, and for so long, a segment was sent in vain before its sender is said to have given up."""
LONG_NS: Final = NS_PER_S

BESIDE: Final[dict[Who, str]] = {"peer": "client", "guest": "domain:destination"}
"""Which point shows whatever this one sends since the move?"""


def with_given_up(one: Suffered, stream: PeerStream, others: Sequence[PeerStream], view: PointView) -> Suffered:
    """
    The same; of a connection that its peer, or the guest, gave up for how long at least it had no answer.

    Only where the point would show more of it: beside who asks, or where the same asked the other later in another
    stream. Elsewhere its segments may have taken another way, on which they were answered.

    Parameters
    ----------
    others : all streams of the guest at this point
    """
    outage = one.outage
    if outage is None or one.peer.survived is not None or not _is_in_vain(stream, outage):
        return one
    asking = stream.requester
    later = [s for s in others if s.peer == stream.peer and s.requester == asking and _asks_after(s, outage)]
    if view.role != BESIDE[asking] and not later:
        return one
    tries = f"sent {count_of(outage.lost + outage.retransmissions, 'time')} for {at_least_ms(outage.seen_ns)} in vain"
    because = f"{one.peer.because}; {tries}: the {asking} gave up{_opened_since(stream, outage, others)}"
    return replace(one, peer=msgspec.structs.replace(one.peer, because=because, outage_low_ms=ms(outage.seen_ns)))


def _is_in_vain(stream: PeerStream, outage: Outage) -> bool:
    """Did who asks send what waits here often and long, and then no more?"""
    is_asked = stream.manner == "connection" and stream.reset_ts is None and _asks(stream)
    has_stopped = outage.requests_stopped and not outage.ended
    is_long = outage.lost + outage.retransmissions >= LEAST_SENT and outage.seen_ns >= LONG_NS
    return is_asked and has_stopped and is_long


def _asks(stream: PeerStream) -> bool:
    """Is it a request, by the ports that systems take? What a guest that is asked sends has no answer of who left."""
    return stream.requester == "peer" or stream.guest_port >= EPHEMERAL > stream.peer_port > 0


def _asks_after(stream: PeerStream, outage: Outage) -> bool:
    return len(stream.asked_ts) > 0 and int(stream.asked_ts[-1]) > outage.last_unanswered_ts


def _served(stream: PeerStream) -> tuple[Who, int]:
    """Who asks, and the port of whom that asks?"""
    return stream.requester, stream.guest_port if stream.requester == "peer" else stream.peer_port


def _opened_since(stream: PeerStream, outage: Outage, others: Sequence[PeerStream]) -> str:
    """Was a connection answered that the same opened to the same service since? In words, with when."""
    opened = [
        other.first_ts
        for other in others
        if (other.peer, _served(other), other.manner) == (stream.peer, _served(stream), "connection")
        if other.first_ts > outage.first_unanswered_ts and other.answers and not other.outages
    ]
    if not opened:
        return ""
    after = (min(opened) - outage.first_unanswered_ts) / NS_PER_S
    return f"; one that it opened {after:.1f} s later ({iso_utc(min(opened))}) to the same service was answered"
