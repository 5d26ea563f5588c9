"""Which roles capture points have that nobody named: by what each shows of the stream and of the guest."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vmpcap.migration.domains.guest_places import FEWEST, MARGIN_NS, Place, is_nearer, nearly_all, place_of
from vmpcap.migration.guest.guests import find_guests
from vmpcap.migration.guest.scenes import set_scenes
from vmpcap.migration.guest.switchover import find_moment
from vmpcap.migration.moved import Moved
from vmpcap.migration.stream.moves import Move, goes_back, hosts_of, match_transfers
from vmpcap.migration.stream.other_names import name_streams
from vmpcap.migration.stream.stream_places import Proposal, place_on_stream
from vmpcap.migration.stream.transfers import find_transfers
from vmpcap.migration.views import PointView
from vmpcap.points.roles import OPPOSITE

LONG_NS: Final = 1 << 62

NO_GUEST: Final = "it shows nothing of the stream, and no guest is known to have moved"
NOTHING: Final = "it shows nothing of the stream and too little of the guest"
BOTH_KINDS: Final = (
    "it shows the stream and the guest's own link: it is an end of the stream as well as a part of the guest's domain"
)
SEVERAL: Final = "it carries the guest as well; with migrations between more than two hosts it stays its host's"
DOMAIN_AT: Final = {"source": "domain:source", "destination": "domain:destination"}
"""What an end of the stream is to a guest whose own link it shows: a host's uplink that carries both."""

CUT_OFF: Final = (
    "the guest talked here before its move and never after, and talked with nobody at its new place: a gateway's port"
    " that it no longer reaches would show the same"
)

BOTH_SIDES: Final = "the guest's talk passed here before its move as well as after, on its own link"


BEFORE: Final = (-LONG_NS, -MARGIN_NS)
AFTER: Final = (MARGIN_NS, LONG_NS)


def _is_new(place: Place) -> bool:
    """Did the guest send here after its move, and was nothing of it seen here before, not even a broadcast?"""
    return place.on_link.speaks(*AFTER) and place.appears(*AFTER) >= FEWEST and not place.appears(*BEFORE)


@dataclass(frozen=True, slots=True)
class _Sights:
    """All points' sights of one guest."""

    places: tuple[Place, ...]

    def others(self, place: Place) -> list[Place]:
        return [other for other in self.places if other is not place]

    def talked_elsewhere(self, place: Place, since: int, until: int) -> bool:
        """Did the guest talk with somebody in this time, on its own link, at another point?"""
        return any(other.moment is not None and other.on_link.talks(since, until) for other in self.others(place))

    def appeared_elsewhere(self, place: Place) -> bool:
        """Did the guest send at another point after its move, where it had not been seen before, and nothing here?"""
        if place.appears(*AFTER) or not place.is_asked(*AFTER):
            return False
        return any(o.moment is not None and _is_new(o) for o in self.others(place))

    def phase(self, place: Place) -> str:
        """
        When was the guest's talk on its own link seen here: `before`, `after`, `both`, or is it not to be told: ``?

        What a point does not show it may have slept through: that the guest talked elsewhere then is asked for besides.
        """
        if place.moment is None:
            return ""
        link = place.on_link
        if link.talks(*BEFORE) and link.talks(*AFTER):
            return "both"
        if link.talks(*BEFORE) and not link.speaks(*AFTER):
            return "before" if self.talked_elsewhere(place, *AFTER) or self.appeared_elsewhere(place) else ""
        if (link.talks(*AFTER) and not link.speaks(*BEFORE)) or _is_new(place):
            return "after" if self.talked_elsewhere(place, *BEFORE) else ""
        return ""

    def phases(self) -> dict[str, str]:
        return {place.view.name: self.phase(place) for place in self.places}


def propose_roles(
    views: Sequence[PointView], extra_ports: Sequence[int] = (), guests: Sequence[str] = ()
) -> dict[str, Proposal]:
    """
    Which role has each point, and why? None where what it shows would suit several.

    By the first migration that tells anything of a point; one that goes back turns nothing, since roles are those of
    the first. A name that a user gave a point is not asked for here. Empty where no migration's stream is in view.
    """
    streams = name_streams([(view, find_transfers(view.streams, extra_ports)[0]) for view in views])
    moves = match_transfers(streams.found)
    moved, _ = find_guests(moves, views, guests)
    scenes = set_scenes(moves, moved, views)
    found: dict[str, Proposal] = {}
    ends: dict[str, Proposal] = {}
    for number, scene in enumerate(scenes):
        if goes_back(scene.move, moves[:number]):
            continue
        for sighting in scene.move.sightings:
            ends.setdefault(sighting.view.name, place_on_stream(sighting, scene.move))
        for name, (role, because) in _by_one(scene.move, scene.guests, scene.views).items():
            if found.get(name, (None, ""))[0] is None:
                found[name] = role, because
    if len({frozenset(hosts_of(move)) for move in moves}) > 1:  # one's old place may be another's new one
        uplinks = [name for name, (role, _) in found.items() if role in DOMAIN_AT.values() and name in ends]
        found |= {name: (ends[name][0], f"{ends[name][1]}; {SEVERAL}") for name in uplinks}
    return found


def _by_one(move: Move, guests: Sequence[Moved], views: Sequence[PointView]) -> dict[str, Proposal]:
    """The roles by one migration: the stream tells first, where a point shows it."""
    on_stream = {s.view.name: s for s in move.sightings}
    sure = [guest for guest in guests if guest.heard or guest.confidence == "high"]
    ends = {s.view.name: place_on_stream(s, move)[0] for s in move.sightings}
    by_guest = [roles_by_guest(find_moment(move, guest), ends, guest, views) for guest in sure]
    found: dict[str, Proposal] = {}
    for view in views:
        told = [proposals[view.name] for proposals in by_guest]
        mine = next((p for p in told if p[0] is not None), told[0] if told else (None, NO_GUEST))
        if view.name in on_stream:
            at_end = place_on_stream(on_stream[view.name], move)
            shows_guest = any(place_of(view, guest, None).is_on_link for guest in sure)
            found[view.name] = _of_both_kinds(view.name, at_end, told) if shows_guest else at_end
        else:
            found[view.name] = mine
    return found


def _of_both_kinds(name: str, at_end: Proposal, told: Sequence[Proposal]) -> Proposal:
    """
    Which role has a point that shows the stream and the guest's own link, as the uplink of a host does?

    The guest's domain, by which more is decided; what it is to the stream is known by its packets whatever it is named.
    None where the guests say several things, or the stream another than they.
    """
    shown = {role for role, _ in told if role is not None}
    role = shown.pop() if len(shown) == 1 else None
    end = next((end for end, domain in DOMAIN_AT.items() if domain == role), None)
    if end is None or at_end[0] == OPPOSITE[end]:
        doubts = [because for _, because in told if because][:1]
        return None, "; ".join((BOTH_KINDS, *doubts))
    because = next(because for one, because in told if one == role)
    place = f"it is the stream's {end} as well" if at_end[0] == end else "it shows the stream as well"
    return role, f"{because}; {place}: --role {name}={end} names that instead"


def roles_by_guest(
    moment: int, ends: Mapping[str, str | None], guest: Moved, views: Sequence[PointView]
) -> dict[str, Proposal]:
    """
    Which roles have these points by what each shows of one guest?

    Parameters
    ----------
    moment : when it changed places, on the reference clock
    ends : the points that show its migration's stream, and which end of it each is
    """
    places = [place for view in views if (place := place_of(view, guest, moment)).is_on_link or view.name not in ends]
    sights = _Sights(tuple(places))
    phases = sights.phases()
    found: dict[str, Proposal] = {view.name: (None, NOTHING) for view in views}
    found |= {place.view.name: _by_way(place, phases[place.view.name]) for place in places}
    hubs = [p for p in places if phases[p.view.name] == "both"]
    for phase, role in (("before", "domain:source"), ("after", "domain:destination")):
        own = [p for p in places if phases[p.view.name] == phase]
        others = [p for p in places if phases[p.view.name] in WHEN and p not in own]
        cut_off = len(own) == 1 and phase == "before" and not sights.talked_elsewhere(own[0], *AFTER)
        found |= {own[0].view.name: (None, CUT_OFF)} if cut_off else _by_phase(own, phase, role, () if others else hubs)
    found |= {p.view.name: told for p in places if (told := _by_uplink(p, ends.get(p.view.name))) is not None}
    beside = [p for p in places if found[p.view.name][0] in DOMAIN_AT.values()]
    found |= _between(hubs, beside, {role for role, _ in found.values()})
    return found


def _by_uplink(place: Place, end: str | None) -> Proposal | None:
    """
    What is an end of the stream that saw the guest on just the side of its move on which that host ran it?

    That it moved between the ends is known by the stream: it need not have been seen elsewhere meanwhile.
    """
    link = place.on_link
    if place.moment is None:
        return None
    if end == "source" and link.talks(*BEFORE) and not link.speaks(*AFTER):
        return DOMAIN_AT[end], "the guest talked here before its move and never after"
    if end == "destination" and not link.speaks(*BEFORE) and (link.talks(*AFTER) or _is_new(place)):
        return DOMAIN_AT[end], "the guest was seen here after its move and never before"
    return None


def _by_way(place: Place, phase: str) -> Proposal:
    """What do hops, tunnels and times of the guest's packets tell, without a look at other points?"""
    link = place.on_link
    for row_says, role, because in WAYS:
        if row_says(place) and not place.is_on_link:
            return role, because
    if not place.is_on_link and place.guest.series_at(place.view) is None:
        return None, NOTHING
    if place.moment is None:
        return None, "it shows the guest's own link, and when the guest moved by its clock is not known"
    if phase == "both":
        return None, f"{BOTH_SIDES}: at its gateway, or in a domain of the source that its packets still pass"
    if phase:
        return None, ""  # settled by comparison with others of the same phase
    if not link.talks(-LONG_NS, LONG_NS):
        return None, "it shows the guest's own link, but no talk with somebody both ways: too little to tell where"
    return None, (
        "it shows the guest's talk on one side of its move only, and nothing shows that the guest talked elsewhere on"
        " the other: a gateway's port would show the same"
    )


WAYS: Final[tuple[tuple[Callable[[Place], bool], str, str], ...]] = (
    (
        lambda p: nearly_all(p.sent_hops) == 0 and nearly_all(p.asked_hops) == 1 and not p.tunnelled,
        "client",
        "those who ask the guest stand here without a router between, the guest's answers came over one",
    ),
    (
        lambda p: nearly_all(p.sent_hops) == 0 and nearly_all(p.asked_hops) == 0,
        "wan",
        "packets from the guest and to it had both passed routers before they came here",
    ),
    (lambda p: p.tunnelled > 0, "wan", "the guest's frames are seen in a tunnel only: it stands between the sites"),
)
"""What the way of the guest's packets tells of a point that is not on its link: (does it, role, why)."""


WHEN: Final = {
    "before": "the guest talked here before its move, never after, though it was seen elsewhere then",
    "after": "the guest was seen here after its move, never before, though it talked elsewhere then",
}
THERE: Final = "a gateway's port there or a link between the sites"
ALONE: Final = f"{THERE} would show the same"


def _by_phase(places: Sequence[Place], phase: str, role: str, hubs: Sequence[Place]) -> dict[str, Proposal]:
    """
    Of points that saw the guest at one side of its move only: the one nearest to it is in its domain there.

    Parameters
    ----------
    hubs : points that saw it on both sides, where none saw it on the other side only: a lone point may then as well
        be the link over which its packets come to them
    """
    found: dict[str, Proposal] = {}
    for place in places:
        order = {other.view.name: is_nearer(place, other) for other in places if other is not place}
        nearer = [name for name, o in order.items() if o < 0]
        alike = [name for name, o in order.items() if o == 0]
        if nearer:
            because = f"{WHEN[phase]}, but {', '.join(nearer)} stands nearer to it: this is {role}, {THERE}"
            found[place.view.name] = None, because
        elif alike:
            because = f"{WHEN[phase]}; whether this or {', '.join(alike)} is nearer to it is not to be told"
            found[place.view.name] = None, because
        elif order:
            found[place.view.name] = role, f"{WHEN[phase]}; it stands nearer to the guest than {', '.join(order)}"
        elif hubs:
            names = ", ".join(hub.view.name for hub in hubs)
            because = f"{WHEN[phase]}, but {names} saw it on both sides: {role}, or the link by which it comes there"
            found[place.view.name] = None, because
        else:
            found[place.view.name] = role, f"{WHEN[phase]} ({ALONE})"
    return found


def _between(hubs: Sequence[Place], ends: Sequence[Place], roles: set[str | None]) -> dict[str, Proposal]:
    """
    Of points that saw the guest's talk from both its places: which of them is where its gateway or peers are?

    The one furthest from the guest, where something in view is nearer to it before its move and after. Of several such
    points, the nearest is in the source's domain, which the guest's packets still pass.
    """
    has_source = "domain:source" in roles
    found: dict[str, Proposal] = {}
    for hub in hubs:
        others = [other for other in hubs if other is not hub]
        is_far = all(is_nearer(place, hub) > 0 for place in (*others, *ends))
        is_near = bool(others) and all(is_nearer(hub, other) > 0 for other in others)
        if is_far and (others or {"domain:source", "domain:destination"} <= roles):
            names = ", ".join(p.view.name for p in (*others, *ends))
            found[hub.view.name] = "gateway", f"{BOTH_SIDES}, and nearer to it stand {names}"
        elif is_near and not has_source:
            names = ", ".join(p.view.name for p in others)
            found[hub.view.name] = "domain:source", f"{BOTH_SIDES}, but nearer to the guest than {names}"
    return found
