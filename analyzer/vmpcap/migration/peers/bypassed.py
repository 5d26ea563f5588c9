"""Points that the guest's answers may bypass: what they miss is no outage."""

from collections.abc import Container, Sequence
from typing import Final

import msgspec

from vmpcap.measures.peer_streams import PeerStream
from vmpcap.measures.whose import Address
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.packets.not_seen_again import shows_all_since
from vmpcap.migration.packets.reachable import sought_in_vain
from vmpcap.migration.packets.sent_in_vain import sent_in_vain
from vmpcap.migration.sightings import frames_of
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView
from vmpcap.terms.addresses import GROUP_BIT

LEAST_OTHERS: Final = 3
"""So many other peers, all of them, show that a point misses none of what the guest sends."""


def by_another_way(
    suffered: Suffered, answered_at: str | None, doubted: Container[str], views: Sequence[PointView]
) -> Suffered:
    """
    The same, without an outage where the answers may only bypass the point that misses them.

    Beside the client an answer must come by; elsewhere a point that sees requests pass need not see the answers pass.
    That they do bypass it is known where others saw the guest answer.

    Parameters
    ----------
    doubted : names of points that its answers may bypass though no other point saw them
    """
    view = next((view for view in views if view.name == suffered.peer.point), None)
    has_stopped = suffered.outage is not None and not suffered.ended and suffered.peer.survived is None
    if not (suffered.is_cut_off or has_stopped) or view is None or view.role == "client":
        return suffered
    if answered_at not in (None, view.name):
        known = f", but {answered_at} saw the guest answer: the answers go another way than past {view.name}, and"
    elif suffered.is_cut_off and view.name in doubted:
        known = f"; but after the move its answers may go another way than past {view.name}:"
    else:
        return suffered
    because = f"its requests stayed unanswered at {view.name}{known} what the peer met is not known"
    peer = msgspec.structs.replace(
        suffered.peer,
        outage_ms=None,
        outage_low_ms=None,
        outage_high_ms=None,
        lost=None,
        survived=None,
        because=because,
    )
    of_guest = suffered.is_of_guest
    return Suffered(peer, True, None, None, None, None, is_bypassed=True, asked_by_guest=of_guest)


def tells_no_answer(one: Suffered, guest: Moved, views: Sequence[PointView], moment: int) -> bool:
    """
    Does a point at the guest's new place show that it sent this peer nothing since, and others their answers?

    Whatever way its answers take from there, they pass that point first. A host's links may share its guest's packets
    by whom they are for: others must be several, and all that it answered at the peer's point.
    """
    stream, at = one.stream, next((view for view in views if view.name == one.peer.point), None)
    if stream is None or at is None:
        return False
    told = _spoken_to(at, guest, on_point(at, moment)) - {stream.peer}
    for view in views:
        if view.role != "domain:destination" or not shows_all_since(view, on_point(view, moment)):
            continue
        there = _spoken_to(view, guest, on_point(view, moment))
        if len(told) >= LEAST_OTHERS and told <= there and stream.peer not in there:
            return True
    return False


def shows_no_answer(one: Suffered, guest: Moved, views: Sequence[PointView], moment: int) -> bool:
    """
    Was this peer surely not answered on any way, though its point need not see what the guest sends?

    Of a connection, and of queries, its peer tells that by what it sends again. Of what else a peer asks several others
    must tell it, and none of them the contrary: then nothing says that there is another way.
    """
    stream, at = one.stream, next((view for view in views if view.name == one.peer.point), None)
    if stream is None or at is None or stream.requester != "peer":
        return False
    found = sent_in_vain(at, guest, moment)
    if stream.manner == "connection":
        return (*stream.peer, stream.peer_port, stream.guest_port) in found.connections
    if stream.protocol == "udp" and (*stream.peer, stream.guest_port) in found.queried:
        return True
    may_be_served = any(sent_in_vain(view, guest, moment).may_be_served for view in views)
    return len(found.peers - {stream.peer}) >= LEAST_OTHERS and not may_be_served and not _serves(guest, views, moment)


def _serves(guest: Moved, views: Sequence[PointView], moment: int) -> bool:
    """
    Does any point show the guest speak since the move to one that sent it something since?

    What it asks on its own account, of one that is never heard, is no answer to anybody.
    """
    spoken_to = {peer for view in views for peer in _spoken_to(view, guest, on_point(view, moment))}
    return any(bool(spoken_to & _heard_from(view, guest, on_point(view, moment))) for view in views)


def _heard_from(view: PointView, guest: Moved, since: int) -> set[Address]:
    """Who sent the guest anything past this point, from that time on?"""
    j, rows = view.journal, frames_of(view, guest).asked
    rows = rows[j.ts_ns[rows] > since]
    return set(zip(j.src_high[rows].tolist(), j.src_low[rows].tolist(), strict=True))


def _spoken_to(view: PointView, guest: Moved, since: int) -> set[Address]:
    """To which addresses did the guest send unicast past this point, from that time on?"""
    j, rows = view.journal, frames_of(view, guest).sent_ip
    rows = rows[(j.ts_ns[rows] > since) & ((j.eth_dst[rows] & GROUP_BIT) == 0)]
    return set(zip(j.dst_high[rows].tolist(), j.dst_low[rows].tolist(), strict=True))


def answered_after(stream: PeerStream, when: int) -> bool:
    """Were requests of this stream answered after the move, as this point saw it, and none left without an answer?"""
    goes_on = stream.last_ts > when and all(outage.ended for outage in stream.outages)
    return bool(stream.answers) and stream.manner != "one_way" and goes_on


def may_be_bypassed(view: PointView, guest: Moved, when: int) -> bool:
    """
    May the guest's answers take another way than past this point, once it has moved?

    Not past the client's port, nor one of its new host. A gateway to which its announcement came is joined to it and
    asks it, but the guest may answer through another gateway; not so where this one asks for its MAC in vain.
    """
    if view.role == "gateway":
        return guest.series_at(view) is not None and not sought_in_vain(view, guest, when)
    return view.role not in ("client", "domain:destination")
