"""WAN optimisers: TCP is ended on the way, and what crosses the WAN may be less (domain notes 4.11)."""

from typing import Final

from vmpcap.measures.connections import Connection
from vmpcap.migration.mechanisms.case import Case, result, sighted
from vmpcap.migration.mechanisms.ways import by_end
from vmpcap.migration.moved import on_point, on_reference
from vmpcap.migration.results import Mechanism
from vmpcap.migration.stream.moves import Move, Sighting
from vmpcap.migration.views import PointView
from vmpcap.terms.wire import IP_TCP

LEAST_OVERLAP: Final = 0.8
"""A flow on the WAN that carries the stream is there for this part of its time at least."""
LEAST_SHARE: Final = 0.01
"""No optimiser makes so little of a guest's memory: a smaller flow is another's."""
LESS: Final = 1.05
"""So many times as much on the LAN as on the WAN is a reduction."""


def judge_optimizer(case: Case, name: str) -> Mechanism | None:
    """
    Did the joined connections carry the stream to its end, and how much less crossed the WAN?

    None of relays between which nothing of it is in view: they need not optimise, as HCX's do not.
    """
    if not case.split.found or case.move is None:
        return None
    because, evidence = (
        case.split.because,
        [(v, f) for v in case.views if v.name == case.split.point for f in case.split.frames],
    )
    lan = _lan(case.move)
    far = _wan(case, case.move)
    if far is None and any(link.is_relayed for s in case.move.sightings for link in s.transfer.links):
        return None
    if lan is not None and far is not None and case.completed is not False:  # what is stuck is not reduced
        view, carried, what, frame = far
        sent = sum(link.data.unique_bytes for link in lan.transfer.links)
        evidence.append((view, frame))
        because += f"; {sent:,} bytes of it at {lan.view.name} became {carried:,} at {view.name}{what}"
        because += f": {sent / carried:.2f} to 1" if sent >= LESS * carried else ": no less"
    seen = sighted(evidence)
    because += "; its gain does not count towards the bandwidth that a migration needs"
    return result(name, *by_end(case, because), seen)


def _lan(move: Move) -> Sighting | None:
    """A point beside a host, by its role."""
    return next((s for role in ("source", "destination") if (s := move.at_role(role)) is not None), None)


def _wan(case: Case, move: Move) -> tuple[PointView, int, str, int] | None:
    """
    What carried the stream over the WAN: at which point, with how many bytes, as what, in which frame?

    The same connection where the proxies keep its addresses, else the largest that the point saw at that time.
    """
    own = move.at_role("wan")
    if own is not None:
        links = own.transfer.links
        carried = sum(link.data.unique_bytes for link in links)
        return (own.view, carried, "", links[0].connection.first_frame) if carried else None
    best = move.best
    begin, end = (on_reference(best.view, ts) for ts in (best.transfer.start_ts, best.transfer.end_ts))
    sent = sum(link.data.unique_bytes for link in best.transfer.links)
    for view in case.views:
        if view.role != "wan":
            continue
        found = [
            c
            for c in view.services
            if c.protocol == IP_TCP and _overlaps(view, c, begin, end) and _most(c) >= LEAST_SHARE * sent
        ]
        if found:
            one = max(found, key=_most)
            what = f" in {one.a_ip} - {one.b_ip}, the largest connection there at that time"
            return view, _most(one), what, one.first_frame
    return None


def _most(connection: Connection) -> int:
    """Payload of the side that sent more of it."""
    return max(side.unique_bytes for side in connection.sides)


def _overlaps(view: PointView, connection: Connection, begin: int, end: int) -> bool:
    first, last = on_point(view, begin), on_point(view, end)
    shared = min(last, connection.last_ts) - max(first, connection.first_ts)
    return shared >= LEAST_OVERLAP * max(last - first, 1)
