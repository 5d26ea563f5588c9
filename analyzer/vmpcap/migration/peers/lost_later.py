"""Peers that lost the guest for good so long after the move that their outage is not the switchover's."""

from collections.abc import Container, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from vmpcap.measures.outages import Outage
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.migration.peers.hidden_outages import hole_of
from vmpcap.migration.suffered import AFTER_NS, Suffered, frames_of_outage
from vmpcap.migration.views import PointView
from vmpcap.terms.units import NS_PER_S, count_of, iso_utc, ms

LONG_NS: Final = NS_PER_S
"""Requests that went unanswered for less than this when the view ended may still have been answered."""
LEAST_LOST: Final = 3
"""So many requests without an answer are no chance; what TCP sent again was asked again."""


def lost_later(stream: PeerStream, others: Sequence[PeerStream], view: PointView, when: int) -> Outage | None:
    """
    Which outage began when caches and routes had long followed, and lasted until the view ended?

    Only of what a peer asks, and where it had its answers from the guest's new place before: what lost it then is told
    apart from the move. None where another stream of the same peer had answers after that.

    Parameters
    ----------
    others : the streams of the same point
    when : when the guest changed places, by the clock of the point
    """
    last = stream.outages[-1] if stream.outages else None
    if last is None or last.ended or last.requests_stopped or stream.requester != "peer" or stream.manner == "one_way":
        return None
    if view.goes_on or view.left_out or not view.journal_complete or hole_of(last, view) is not None:
        return None
    was_answered = last.last_answer_ts is not None and last.last_answer_ts > when
    is_long = last.seen_ns >= LONG_NS and last.lost + last.retransmissions >= LEAST_LOST
    if not was_answered or not is_long or last.first_unanswered_ts <= when + AFTER_NS or stream.reset_ts is not None:
        return None
    return None if any(_is_answered(one, stream, last.first_unanswered_ts) for one in others) else last


def _is_answered(one: PeerStream, beside: PeerStream, since: int) -> bool:
    """Did the same peer ask in another stream since then, and get answers?"""
    if one is beside or one.peer != beside.peer or one.manner == "one_way" or not one.answers:
        return False
    is_open = any(not outage.ended and outage.first_unanswered_ts <= since + LONG_NS for outage in one.outages)
    return len(one.asked_ts) > 0 and int(one.asked_ts[-1]) > since + LONG_NS and not is_open


def with_later(one: Suffered, later: Outage | None, when: int) -> Suffered:
    """The same, with what its peer lost so long after the move; not where that had lost the guest before."""
    if later is None or one.is_cut_off or one.is_open:
        return one
    since = later.first_unanswered_ts - when
    because = (
        f"{one.peer.because}; answered until {since / NS_PER_S:.1f} s after the switchover and then no more:"
        f" {count_of(later.lost, 'request')} unanswered from {iso_utc(later.first_unanswered_ts)} on"
        f" (frame {later.first_unanswered_frame}) to the end, {later.seen_ns / NS_PER_S:.1f} s"
    )
    frames = list(dict.fromkeys((*one.peer.frames, *frames_of_outage(later))))
    peer = msgspec.structs.replace(
        one.peer, because=because, frames=frames, survived=False, lost_later_ms=ms(later.seen_ns)
    )
    return replace(one, peer=peer, later=later, later_ns=since, without_later=one.peer)


def unless_bypassed(
    one: Suffered, answered_at: str | None, doubted: Container[str], views: Sequence[PointView]
) -> Suffered:
    """
    The same; nothing was lost later where the answers may only bypass the point that misses them.

    Parameters
    ----------
    answered_at : a point that saw the guest answer on
    doubted : names of points that its answers may bypass though no other point saw them
    """
    if one.later is None or one.without_later is None:
        return one
    view = next((view for view in views if view.name == one.peer.point), None)
    is_client = view is not None and view.role == "client"
    if is_client or (answered_at in (None, one.peer.point) and one.peer.point not in doubted):
        return one
    return replace(one, peer=one.without_later, later=None, later_ns=None, without_later=None)
