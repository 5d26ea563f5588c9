"""Points that the guest's answers may bypass: what they miss is no outage."""

from collections.abc import Container, Sequence

import msgspec

from vmpcap.measures.peer_streams import PeerStream
from vmpcap.migration.moved import Moved
from vmpcap.migration.reachable import sought_in_vain
from vmpcap.migration.suffered import Suffered
from vmpcap.migration.views import PointView


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
