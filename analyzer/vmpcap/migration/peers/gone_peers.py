"""Peers that went away: the guest sends them its answer again and again, and it is not the guest that is lost."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from vmpcap.measures.outages import LEAST_OUTAGE_NS
from vmpcap.migration.peers.stream_outages import RESENT_NS
from vmpcap.migration.suffered import Suffered, frames_of_outage, unmeasured
from vmpcap.migration.views import PointView
from vmpcap.points.holes import hole_in

GONE_NS: Final = 3 * RESENT_NS
"""A peer that waits for an answer has sent its request again by then, and again (RFC 6298 section 2.4)."""
LEAST_AGAIN: Final = 3
"""So often sent again, and for as long, a segment that arrives beside a peer is acknowledged by one that lives."""


def without_gone(found: Sequence[Suffered]) -> list[Suffered]:
    """
    The same; a connection whose peer is known to be gone tells nothing of what the move did.

    Beside the client every request passes. One that had no answer there and is not sent again, in a capture that goes
    on for seconds, was its last: that the guest sends its answer again shows that nobody acknowledges it any more.
    """
    return [_told_as_gone(one, found) for one in found]


def without_other_side(found: Sequence[Suffered]) -> list[Suffered]:
    """
    The same; a connection counts once, though its guest may wait in it as well as its peer.

    What the guest sent last as the capture ended, and nobody had acknowledged yet, tells nothing beside what the peer
    asked in the same connection.
    """
    return [one for one in found if not (_tells_nothing(one) and is_answer(one, found))]


def _tells_nothing(one: Suffered) -> bool:
    """Is neither an outage nor its want known of this stream, since its view ended too soon?"""
    outage = one.outage
    if outage is None or outage.ended or outage.seen_ns >= LEAST_OUTAGE_NS or one.later is not None:
        return False
    return one.peer.survived is None and one.peer.outage_ms is None and one.peer.outage_low_ms is None


def is_answer(one: Suffered, found: Sequence[Suffered]) -> bool:
    """Is it what the guest sends in a connection in which the peer asks?"""
    return is_wait_of_guest(one) and any(_is_request_of(other, one) for other in found)


def is_silent(one: Suffered) -> bool:
    """Did the peer send nothing in this connection since the guest waits for it, as this point shows?"""
    stream, outage, view = one.stream, one.outage, one.view
    if stream is None or outage is None or view is None:
        return False
    j = view.journal
    sent = (j.src_port == stream.peer_port) & (j.dst_port == stream.guest_port)
    sent &= (j.src_high == np.uint64(stream.peer[0])) & (j.src_low == np.uint64(stream.peer[1]))
    return not bool((j.ts_ns[sent] > outage.first_unanswered_ts).any())


def _told_as_gone(one: Suffered, found: Sequence[Suffered]) -> Suffered:
    if not one.is_cut_off or not is_wait_of_guest(one):
        return one
    because = _why_gone(one, found)
    if not because or one.outage is None or one.stream is None or one.view is None:
        return one
    return unmeasured(one.stream, one.view, because, frames_of_outage(one.outage))


def _why_gone(one: Suffered, found: Sequence[Suffered]) -> str:
    """What shows that the peer is gone which the guest waits for? Empty where nothing does."""
    last = next((other for other in found if _is_request_of(other, one) and _was_its_last(other)), None)
    if last is not None and last.outage is not None:
        return (
            f"the peer is gone: at {last.peer.point} its request in frame {last.outage.last_unanswered_frame} had no"
            f" answer and was not sent again, so nobody acknowledges what the guest sends again here"
        )
    outage = one.outage
    if outage is None or not _arrives(one) or not is_silent(one):
        return ""
    return (
        f"the peer is gone: what the guest sent in frame {outage.first_unanswered_frame} came to {one.peer.point} and"
        f" was sent again {outage.retransmissions} times, and nothing came from the peer in this connection any more"
    )


def _arrives(one: Suffered) -> bool:
    """Did what the guest sent come by beside the peer again and again, with whatever the peer sent in view?"""
    outage, view = one.outage, one.view
    if outage is None or view is None or view.role != "client" or not _is_whole(view):
        return False
    begin, end = outage.first_unanswered_ts, outage.last_unanswered_ts
    is_long = outage.retransmissions >= LEAST_AGAIN and end - begin >= GONE_NS
    return is_long and hole_in(view.holes, begin, end) is None


def is_wait_of_guest(one: Suffered) -> bool:
    """Is it the guest that waits, in a connection, for its peer's acknowledgement?"""
    return one.stream is not None and one.stream.requester == "guest" and one.stream.manner == "connection"


def _is_request_of(other: Suffered, one: Suffered) -> bool:
    """Is that what the peer asks in the same connection?"""
    a, b = other.stream, one.stream
    if a is None or b is None or a.requester != "peer" or a.manner != "connection":
        return False
    return (a.peer, a.peer_port, a.guest_port) == (b.peer, b.peer_port, b.guest_port)


def _was_its_last(request: Suffered) -> bool:
    """Did the peer, beside which this was captured, send nothing more though it had no answer?"""
    outage, view, stream = request.outage, request.view, request.stream
    if outage is None or view is None or stream is None or outage.ended or outage.retransmissions:
        return False
    if view.role != "client" or not _is_whole(view) or view.goes_on:
        return False
    last = max(outage.last_unanswered_ts, stream.last_ts)
    return view.last_ts - last >= GONE_NS and hole_in(view.holes, last, view.last_ts) is None


def _is_whole(view: PointView) -> bool:
    return not view.left_out and view.journal_complete and not view.drops
