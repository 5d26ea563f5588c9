"""Waits of a guest that only one capture shows: it lacks the answers that passed another point."""

from collections.abc import Mapping, Sequence

from vmpcap.measures.outages import Outage
from vmpcap.measures.peer_streams import PeerStream
from vmpcap.migration.clocks import clock_doubt, on_clock_of
from vmpcap.migration.views import PointView
from vmpcap.points.holes import hole_in

Ends = tuple[tuple[int, int], int, int]
"""Of a connection: the peer, its port, the guest's."""
Connections = Mapping[Ends, Sequence[PeerStream]]


def connections_of(streams: Sequence[PeerStream]) -> Connections:
    """The connections among these streams, by their ends."""
    found: dict[Ends, list[PeerStream]] = {}
    for one in streams:
        if one.manner == "connection":
            found.setdefault(_ends(one), []).append(one)
    return found


def was_missed_only(
    stream: PeerStream, view: PointView, shown: Mapping[str, Connections], views: Sequence[PointView]
) -> bool:
    """
    Is all that the guest waited for in this connection missing in this capture alone?

    It sent nothing again, and at another point the connection was answered all that time.

    Parameters
    ----------
    shown : the connections of each point, by its name
    """
    if stream.manner != "connection" or stream.requester != "guest" or not stream.outages:
        return False
    return all(
        any(_is_answered_at(other, shown[other.name], stream, outage, view) for other in views if other is not view)
        for outage in stream.outages
    )


def _is_answered_at(
    other: PointView, connections: Connections, stream: PeerStream, outage: Outage, view: PointView
) -> bool:
    """Does that point, which was not blind then, show the connection before and after without any wait in between?"""
    if not outage.ended or outage.retransmissions or clock_doubt(view, outage.first_unanswered_ts, other) is None:
        return False
    begin, end = (on_clock_of(other, view, at) for at in (outage.first_unanswered_ts, outage.last_unanswered_ts))
    same = connections.get(_ends(stream), ())
    return (
        any(s.first_ts <= begin and end <= s.last_ts and s.answers for s in same)
        and not any(o.overlaps(begin, end) for s in same for o in s.outages)
        and hole_in(other.holes, begin, end) is None
    )


def _ends(stream: PeerStream) -> Ends:
    return stream.peer, stream.peer_port, stream.guest_port
