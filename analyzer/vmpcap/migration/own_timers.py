"""Connections that TCP tries to open ever less often: when their service was within the peer's reach again."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from vmpcap.measures.outages import Outage
from vmpcap.measures.peer_streams import PeerStream


class Reach(NamedTuple):
    """When a peer reached a service again, by its other connections to it, and how long it had not."""

    again_ts: int
    """The first of them that was sent since, and answered."""
    low_ns: int
    """To the last that was sent before that in vain."""
    high_ns: int | None
    """Since the last that was answered before, or since the guest left; None where none is in view."""


def reached_again(
    stream: PeerStream, outage: Outage, others: Sequence[PeerStream], left: int | None = None
) -> Reach | None:
    """
    Was another connection of this peer to the same service answered before this one, whose first segment is in vain?

    Who opens a connection tries again after one second, then two, and so on (RFC 6298 section 5.5): after the way is
    free it may wait for as long as it had been shut. What it waits then is its timer's, and no outage of the peer.

    Parameters
    ----------
    left : until when the guest was at its old place for sure: what came before that is no outage of its move
    """
    beside = [one for one in others if _is_to_the_same(one, stream)]
    begin, end = outage.first_unanswered_ts, outage.first_answered_ts
    answered = [ts for one in beside for ts in _answered(one) if ts != begin]
    again = min((ts for ts in answered if ts > begin), default=None)
    if again is None or end is None or again >= end:
        return None
    vain = [ts for one in beside for ts in _in_vain(one) if begin < ts < again]
    before = max((ts for ts in answered if ts < begin), default=None)
    if before is not None and left is not None and left < begin:
        before = max(before, left)
    return Reach(again, max(vain, default=begin) - begin, None if before is None else again - before)


def _is_to_the_same(one: PeerStream, stream: PeerStream) -> bool:
    ends = (one.peer, one.guest_port, one.manner, one.requester)
    return ends == (stream.peer, stream.guest_port, "connection", "peer") and one.peer_port != stream.peer_port


def _answered(one: PeerStream) -> Iterator[int]:
    """When was its first segment sent, or one that ended an outage, that had an answer; and the last that had one?"""
    yield from (outage.first_answered_ts for outage in one.outages if outage.first_answered_ts is not None)
    yield from (outage.last_answered_ts for outage in one.outages if outage.last_answered_ts is not None)
    if one.answers and not one.outages:
        yield one.first_ts
        yield from (int(ts) for ts in one.asked_ts[-1:])


def _in_vain(one: PeerStream) -> Iterator[int]:
    """When was a segment sent that had no answer for long?"""
    for outage in one.outages:
        yield outage.first_unanswered_ts
        if not outage.ended:
            yield outage.last_unanswered_ts
