"""Peers that asked in vain for as long as anybody asked, though the capture ran on for a while after that."""

import heapq
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from vmpcap.measures.outages import LEAST_OUTAGE_NS, STOPPED_BEATS
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.terms.units import NS_PER_S

LONG_NS: Final = NS_PER_S
"""Who asked in vain for less than this may have been answered had it asked on."""
LEAST_LOST: Final = 10
"""So many requests without an answer are no chance."""


class LastAsked(NamedTuple):
    """When a peer asked last that has its answers, by the clock of the point."""

    ts: int
    peer: tuple[int, int]


def last_answered(streams: Sequence[PeerStream], when: int) -> list[LastAsked]:
    """
    Of those who asked after the move and have their answers: which two peers asked last?

    Two, for of whoever is asked about only another counts.
    """
    last: dict[tuple[int, int], int] = {}
    for one in streams:
        if _was_answered_after(one, when):
            last[one.peer] = max(last.get(one.peer, 0), int(one.asked_ts[-1]))
    return heapq.nlargest(2, (LastAsked(ts, peer) for peer, ts in last.items()))


def asked_to_the_end(stream: PeerStream, answered: Sequence[LastAsked], when: int) -> PeerStream:
    """
    The same stream; one whose peer asked in vain until all others had asked their last was never answered again.

    A peer that stops asking before others do may have been answered later, and gave up; of one that asks on when they
    have stopped it is not known. One that stops with them did not give up: then whoever asked at all had stopped, be it
    that their work or the capturing of them ended.

    Parameters
    ----------
    answered : of the streams of the same point
    when : when the guest changed places, by the clock of the point
    """
    last = stream.outages[-1] if stream.outages else None
    if last is None or last.ended or not last.requests_stopped or stream.survived is not None:
        return stream
    if last.seen_ns < LONG_NS or last.lost < LEAST_LOST or last.last_unanswered_ts <= when:
        return stream
    slack = STOPPED_BEATS * (stream.interval_ns or 0) + LEAST_OUTAGE_NS
    others = next((one.ts for one in answered if one.peer != stream.peer), None)
    if others is None or abs(others - last.last_unanswered_ts) > slack:
        return stream
    return replace(stream, survived=False)


def _was_answered_after(one: PeerStream, when: int) -> bool:
    """Did a peer ask in this stream after the move, and has its answers?"""
    is_late = len(one.asked_ts) > 0 and int(one.asked_ts[-1]) > when
    return one.requester == "peer" and one.manner != "one_way" and is_late and one.survived is True and one.answers > 0
