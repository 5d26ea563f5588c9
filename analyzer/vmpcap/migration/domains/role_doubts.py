"""Roles that a user named and the packets contradict: by what each point shows of the stream and of the guest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from vmpcap.migration.domains.guest_places import FEWEST, MARGIN_NS, Place, Times, is_nearer, place_of
from vmpcap.migration.guest.scenes import until_next
from vmpcap.migration.guest.switchover import find_moment
from vmpcap.migration.moved import Moved, on_point
from vmpcap.migration.stream.moves import Move, Sighting, goes_back
from vmpcap.migration.stream.stream_places import CLEARLY, NEAR_NS, half_of, order_on_stream, place_on_stream
from vmpcap.migration.views import PointView
from vmpcap.points.roles import ROLES, turned

HOSTS: Final = ("source", "destination")
DOMAINS: Final = ("domain:source", "domain:destination")

BEFORE: Final = (-(1 << 62), -MARGIN_NS)
AFTER: Final = (MARGIN_NS, 1 << 62)
EVER: Final = (-(1 << 62), 1 << 62)


@dataclass(frozen=True, slots=True)
class RoleDoubt:
    """A point whose role cannot be what it was named."""

    point: str
    named: str
    shown: str | None
    """The role that the packets show instead; None where they show only that it is not this one."""
    because: str


def find_role_doubts(
    moves: Sequence[Move], guests: Sequence[Sequence[Moved]], views: Sequence[PointView]
) -> list[RoleDoubt]:
    """
    Which named roles do the packets contradict?

    Roles are those of the first migration between two hosts: one that goes back says nothing new. Where a guest talks
    after its next move is no sign of this one.

    Parameters
    ----------
    guests : of each move
    """
    found: dict[str, RoleDoubt] = {}
    named: set[str] = set()
    for number, (move, passengers) in enumerate(zip(moves, guests, strict=True)):
        if goes_back(move, moves[:number]):
            continue
        for sighting in move.sightings:
            name = sighting.view.name
            doubt = _on_stream(sighting, move) if name not in named else None
            named.add(name)  # a NIC was named for the first migration that it saw
            if doubt is not None:
                found.setdefault(name, doubt)
        for guest in passengers:
            if guest.heard:
                seen = until_next(guest, views, moves[number + 1 :], guests[number + 1 :])
                for doubt in _of_guest(move, guest, seen):
                    found.setdefault(doubt.point, doubt)
    return list(found.values())


def with_shown_roles(views: Sequence[PointView], doubts: Sequence[RoleDoubt]) -> list[PointView]:
    """The views, each with the role that the packets show where they contradict its name."""
    shown = {doubt.point: doubt.shown for doubt in doubts}
    return [replace(view, role=shown[view.name]) if view.name in shown else view for view in views]


def say_doubts(doubts: Sequence[RoleDoubt]) -> list[str]:
    """What a user is told of roles that do not hold; two that were named the one for the other in one sentence."""
    said, lines = set[str](), []
    for doubt in doubts:
        if doubt.point in said:
            continue
        other = next((d for d in doubts if d.named == turned(doubt.named) != doubt.named and d.point not in said), None)
        pair = [doubt, other] if other is not None else [doubt]
        said |= {one.point for one in pair}
        words = "; ".join(f"{one.point}: {one.because}" for one in pair)
        goes_by = "; ".join(_goes_by(one) for one in pair)
        if other is not None:
            lines.append(f"the roles {doubt.named} and {other.named} look swapped: {words}; {goes_by}")
        else:
            lines.append(f"the role {doubt.named} looks wrong: {words}; {goes_by}")
    return lines


def _goes_by(doubt: RoleDoubt) -> str:
    if doubt.shown is None:
        return f"{doubt.point} is taken for a point whose place is not known"
    return f"{doubt.point} is taken for {ROLES[doubt.shown]}"


# the stream


def _on_stream(sighting: Sighting, move: Move) -> RoleDoubt | None:
    """
    Does this point, named a host's NIC, stand elsewhere on the stream's way?

    Where it stands is told as for points that nobody named. A host may be slow to answer and may start with an odd
    TTL: what was named is contradicted only where its host is far besides, or where another point, named the other
    host's, stands nearer to it.
    """
    role = sighting.view.role
    if role not in HOSTS:
        return None
    shown, because = place_on_stream(sighting, move)
    if shown is None or shown == role:
        return None
    own, other = (half_of(sighting, near_source=near) for near in (role == "source", role != "source"))
    is_far = own is not None and own > NEAR_NS and (other is None or own * CLEARLY >= other)
    if not is_far and not _stands_behind(sighting, move, role):
        return None
    return RoleDoubt(sighting.view.name, role, shown, because)


def _stands_behind(sighting: Sighting, move: Move, role: str) -> bool:
    """Does a point that was named the other host's stand nearer to this one's host?"""
    there = [s for s in move.sightings if s.view.role == turned(role)]
    nearer = -1 if role == "source" else 1
    return any(order_on_stream(sighting, other) == nearer for other in there)


# the guest's domain


def _of_guest(move: Move, guest: Moved, views: Sequence[PointView]) -> Iterator[RoleDoubt]:
    """
    Which points of the guest's two domains show it at the wrong time?

    A guest that talked here before its move and never after, while it talked elsewhere, did not come here. One that was
    seen here only after its move, while it talked elsewhere before, did not leave from here: the point may have slept
    until then, but is no witness of the old place. Where a guest that came nowhere talks with nobody after its move,
    its old place named the new one is told only together with the new one named the old; no packet passes both then,
    and the clocks are taken as given.
    """
    if not {view.role for view in views} & {*DOMAINS, "gateway"}:
        return
    on_stream = {s.view.name for s in move.sightings}
    moment = find_moment(move, guest)
    places = [p for view in views if (p := place_of(view, guest, moment)).is_on_link or view.name not in on_stream]
    yield from _behind_routers(places)
    late = [p for p in places if p.view.role == "domain:source" and _is_only_after(p, places)]
    for place in late:
        because = "shows the guest after its move only, though it talked elsewhere before: it did not leave from here"
        yield RoleDoubt(place.view.name, "domain:source", None, because)
    for place in places:
        if place.view.role == "domain:destination" and _is_only_before(place, places, moment, bool(late)):
            because = "shows the guest's talk before its move and nothing of it after, though it sent elsewhere then"
            yield RoleDoubt(place.view.name, "domain:destination", None, because)


def _behind_routers(places: Sequence[Place]) -> Iterator[RoleDoubt]:
    """
    Which points named a gateway's port show the guest over routers alone, while one named a client's shows its link?

    The gateway of another site shows a guest over routers as well, as long as it is not there: so both must have seen
    the same packets, and the client's point nearer to the guest.
    """
    near = [p for p in places if p.view.role == "client" and len(p.own) and p.on_link.talks(*EVER)]
    for place in places:
        routed, direct = place.sent_hops
        if place.view.role != "gateway" or len(place.own) or place.tunnelled or direct or routed < FEWEST:
            continue
        nearer = next((other for other in near if is_nearer(other, place) > 0), None)
        if nearer is not None:
            because = (
                f"shows the guest over a router only ({routed} packets with a lowered TTL, no frame and no ARP of its"
                f" MAC), and {nearer.view.name} shows the same packets on the guest's own link"
            )
            yield RoleDoubt(place.view.name, "gateway", None, because)


def _is_only_after(place: Place, places: Sequence[Place]) -> bool:
    """Did the guest talk elsewhere before its move (at any time, where no clock tells), and here only after?"""
    link = place.on_link
    if place.moment is None or link.speaks(*BEFORE) or _frames(link, AFTER) < FEWEST:
        return False
    others = [other for other in places if other is not place]
    return any(other.on_link.talks(*(BEFORE if other.moment is not None else EVER)) for other in others)


def _is_only_before(place: Place, places: Sequence[Place], moment: int, is_pair: bool) -> bool:
    if place.moment is None and not is_pair:
        return False
    link = place.on_link if place.moment is not None else _since(place.on_link, on_point(place.view, moment))
    if not link.talks(*BEFORE) or link.speaks(*AFTER):
        return False
    others = [other.on_link for other in places if other is not place and other.moment is not None]
    if is_pair:
        return any(_frames(other, AFTER) >= FEWEST for other in others)
    return any(other.talks(*AFTER) for other in others)


def _since(link: Times, start: int) -> Times:
    return Times(link.sent - start, link.asked - start)


def _frames(link: Times, span: tuple[int, int]) -> int:
    """How many frames did the guest send in this time?"""
    return int(np.count_nonzero((link.sent >= span[0]) & (link.sent <= span[1])))
