"""Guests that changed places in view, though nobody captured the stream that carried them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.flows.streams import NOT_IN_VIEW
from vmpcap.migration.guest.guests import announced_guests, is_by_host
from vmpcap.migration.guest.lives import connections_across, signs_of_start, spoke_tcp
from vmpcap.migration.guest.scenes import as_seen
from vmpcap.migration.look_alikes import came_together, tolerance_ended
from vmpcap.migration.marks import RUNS_UNSEEN_NS
from vmpcap.migration.mechanisms.case import Trip
from vmpcap.migration.moved import Moved, on_reference
from vmpcap.migration.results import KnownBy, Mechanism
from vmpcap.migration.sides import (
    AFTER_NS,
    LEAST_LIFE,
    NEARLY_ALL,
    PLACES,
    Sides,
    find_sides,
    is_heard_of,
    were_watched,
)
from vmpcap.migration.stream.moves import Move, Sighting
from vmpcap.migration.stream.transfers import Transfer
from vmpcap.migration.views import PointView, is_compared
from vmpcap.points.roles import turned
from vmpcap.terms.addresses import GROUP_BIT
from vmpcap.terms.distinct import distinct
from vmpcap.terms.units import NS_PER_MS, NS_PER_S

I64 = npt.NDArray[np.int64]

BY_ITSELF: Final = "a gratuitous ARP announced the guest"
NO_STREAM: Final = "no migration stream is in view"
ELSEWHERE: Final = "a place that is not in view"
# Those from here on are choices, none a standard's; each says what it keeps apart.
LIVE_NS: Final = 2 * NS_PER_S
"""A machine that went on was silent for no longer, before its host announced it, than a live move lasts."""
STARTING_NS: Final = 30 * NS_PER_S
"""Signs of a start so long after the announcement make it one, as long as the guest said nothing before them."""
LEAST_START_NS: Final = NS_PER_S
"""No machine starts in less: one that was silent for so short a time went on, whatever its connections show."""
RECENT_NS: Final = 30 * NS_PER_S
"""Connections of so long before are looked for after the announcement: what is idle for longer may never come back."""


@dataclass(frozen=True, slots=True)
class AnnouncedMove:
    """A guest's change of place, by what the guest and its hosts did."""

    move: Move
    guest: Moved
    because: str
    """What shows it."""
    frames: tuple[int, ...]
    """The announcement where it was heard first at the new place."""
    views: tuple[PointView, ...]
    """What it looks at, with the roles that the points have to it."""
    moment: int
    """When it was announced, on the reference clock."""
    left: int
    """When its last frame from its old place was seen."""
    trip: Trip
    """The same for those that ask about others: its places stand for hosts."""
    known_by: KnownBy = "places"


class Unseen(NamedTuple):
    """Changes of place without a stream: moves, and what only resembles them, in sentences and in rows."""

    moves: list[AnnouncedMove]
    notes: list[str]
    rows: list[Mechanism]


def find_announced_moves(views: Sequence[PointView], left_aside: Collection[int] = ()) -> Unseen:
    """
    Which guests went from one site's domain to the other's, by their own traffic and a host's announcement?

    A host's RARP alone is power-on, or a link that came up; a gratuitous ARP is any start's, too, and needs a
    connection of the announced address that goes on from there, as after a move by Hyper-V. It takes the guest's own
    unicast: at the old place until then and no more, at the new one not before, while both were watched; and no start.
    Where only one of the places is in view, a point elsewhere that shows the guest on both sides stands for the other.
    Each such change is told, there and back; in sentences those that more than one machine, or Fault Tolerance,
    explains better.

    Parameters
    ----------
    left_aside : MACs of machines that are told of already
    """
    announced = announced_guests(views) if _has_a_place(views) else []
    at_both = set.intersection(*(_speakers(views, role) for role in PLACES))
    events: dict[int, list[Moved]] = {}
    for guest in announced:
        if guest.mac not in left_aside and (guest.mac in at_both or is_by_host(guest)):
            events.setdefault(guest.mac, []).append(guest)
    found = [one for mine in events.values() for one in _ways(mine, views)]
    notes: dict[str, None] = {}
    came = {one.guest.mac for one in found}
    announced = [guest for guest in announced if is_by_host(guest) or guest.mac in came]
    told = Unseen([], [], [])
    for one in sorted(found, key=lambda one: one.moment):
        at, first_ts = one.move.best.view, one.move.best.transfer.start_ts
        old = [v for v in one.views if v.role == "domain:source"] or [v for v in one.views if v.role not in PLACES]
        together = came_together(at, first_ts, announced, old)
        taken = None if together else tolerance_ended(one.guest, at, first_ts, views)
        if together:
            notes.setdefault(together)
        elif taken is not None:
            notes.setdefault(taken.note)
            told.rows.append(taken.row)
        else:
            told.moves.append(one)
    told.notes.extend(notes)
    return told


def _has_a_place(views: Sequence[PointView]) -> bool:
    return len(views) > 1 and any(view.role in PLACES and view.journal_complete for view in views)


def _speakers(views: Sequence[PointView], role: str) -> set[int]:
    """Which MACs sent unicast IP in this place? Those that only announce themselves are many, and no more is asked."""
    found: set[int] = set()
    for view in views:
        if view.role == role:
            j = view.journal
            found.update(distinct(j.eth_src[(j.ip_version != 0) & ((j.eth_dst & GROUP_BIT) == 0)]).tolist())
    return found


def _ways(events: Sequence[Moved], views: Sequence[PointView]) -> list[AnnouncedMove]:
    """
    Each change of place of one machine, by its announcements in the order of time.

    What a change looks at ends where the next one begins; of its places only what was seen since the one before counts.
    """
    found: list[AnnouncedMove] = []
    own = {view.name: _own(events[0].mac, view) for view in views if view.role in PLACES}
    for number, guest in enumerate(events):
        later = next((_moment(one) for one in events[number + 1 : number + 2]), None)
        for is_back in (False, True):
            told = _moved(_turned(guest, views, is_back), own, found[-1].moment if found else None, later)
            if told is not None:
                found.append(told)
                break
    return [
        _ended(one, after.left if after is not None else None)
        for one, after in zip(found, [*found[1:], None], strict=False)
    ]


def _moment(guest: Moved) -> int:
    return min(on_reference(view, series.first_ts) for view, series in guest.heard)


def _turned(guest: Moved, views: Sequence[PointView], is_back: bool) -> tuple[Moved, tuple[PointView, ...]]:
    """The same with the roles of a way there, or back."""
    if not is_back:
        return guest, tuple(views)
    seen = {view.name: replace(view, role=turned(view.role)) for view in views}
    heard = tuple((seen[view.name], series) for view, series in guest.heard)
    return replace(guest, heard=heard), tuple(seen.values())


def _ended(one: AnnouncedMove, end: int | None) -> AnnouncedMove:
    """The same, with a look that ends where the guest leaves again."""
    if end is None:
        return one
    seen = {view.name: as_seen(view, view.role, end) for view in one.views}
    best = one.move.best
    heard = tuple((seen[view.name], series) for view, series in one.guest.heard)
    move = Move((Sighting(seen[best.view.name], best.transfer),))
    return replace(one, move=move, guest=replace(one.guest, heard=heard), views=tuple(seen.values()))


def _moved(
    looked: tuple[Moved, tuple[PointView, ...]], sent: Mapping[str, I64], since: int | None, later: int | None
) -> AnnouncedMove | None:
    """
    Did this machine come from the source's domain to the destination's when it was announced?

    Parameters
    ----------
    sent : when it sent unicast IP at each point of the places
    since : when it changed places before, on the reference clock
    later : when it was announced next
    """
    guest, views = looked
    moment = _moment(guest)
    sides = find_sides(guest, views, sent, since, moment)
    if sides is None:
        return None
    view, series = sides.at, sides.series
    moment = on_reference(view, series.first_ts)
    here, beyond = (_between(times, since, later) for times in (sides.here, sides.beyond))
    lived = here[(here <= moment + AFTER_NS) & (here < (beyond[0] if len(beyond) else moment + AFTER_NS))]
    if (here < moment).sum() < LEAST_LIFE or (beyond < moment - RUNS_UNSEEN_NS).any():
        return None
    if not were_watched(guest, sides, views, lived, moment):
        return None
    if not len(beyond) and sides.in_view == "new" and not is_heard_of(guest, view):
        return None
    if not len(beyond) and since is not None:
        return None
    stayed, went_on = here[here > moment + AFTER_NS], beyond[beyond > moment + AFTER_NS]
    most = len(went_on) if sides.in_view == "both" else (1 - NEARLY_ALL) * len(went_on)
    if len(stayed) > most or (len(stayed) and stayed[0] < beyond[0] - RUNS_UNSEEN_NS):
        return None
    by_host = is_by_host(guest)
    own = set(guest.ips) if by_host else {halves for _, one in guest.heard for halves in one.ips}
    across = [one for one in connections_across(guest, views, moment) if one.own in own]  # a router forwards others'
    goes_on = any(not one.is_reset for one in across)
    if (across or not by_host) and not goes_on:
        return None
    longest = LIVE_NS if sides.in_view == "both" else LEAST_START_NS  # what it had open there may not be in view
    if not across and moment - int(lived[-1]) > longest:
        return None
    silent = (int(beyond[0]) if len(beyond) else moment) - int(lived[-1])
    if not across and silent > LEAST_START_NS and spoke_tcp(guest, views, moment - RECENT_NS, moment):
        return None  # none of its connections goes on
    until = min([moment + STARTING_NS, *beyond[:1].tolist()])  # who talks first and asks later began nothing
    if signs_of_start(guest.mac, views, int(lived[-1]) + 1, until) is not None:
        return None
    because, known = _told(sides, moment - int(lived[-1]), bool(len(beyond)), since is not None, by_host)
    transfer = Transfer(NOT_IN_VIEW, None, (), because, moved_at=series.first_ts)
    guest = replace(guest, because=f"{because}{known}")
    move = Move((Sighting(view, transfer),))
    trip = Trip(moment, moment, *_places(sides), frozenset({guest.mac}))
    return AnnouncedMove(move, guest, because, tuple(series.frames[:1]), views, moment, int(lived[-1]), trip)


def _names(views: Sequence[PointView]) -> str:
    return ", ".join(sorted({view.name for view in views}))


def _places(sides: Sides) -> tuple[str, str]:
    """What are its old place and its new one called? By their points."""
    return (
        _names(sides.left) if sides.in_view != "new" else ELSEWHERE,
        sides.at.name if sides.in_view != "old" else ELSEWHERE,
    )


def _told(sides: Sides, apart_ns: int, sends: bool, was_back: bool, by_host: bool) -> tuple[str, str]:
    """
    What shows that it changed places, and what would look the same?

    Parameters
    ----------
    apart_ns : from its last frame at its old place to its announcement
    sends : whether it sends anything at its new place
    was_back : whether it was in view at the place before
    """
    view, left = sides.at, _names(sides.left)
    is_known = all(is_compared(view, one) for one in sides.left)
    apart = _apart(apart_ns) if is_known else "by clocks that nothing compares around"
    who = "a host announced the guest" if by_host else BY_ITSELF
    if sides.in_view == "old":
        return (
            f"{NO_STREAM}; but {who}, heard at {view.name}, {apart} its last frame at {left}, its old place, and "
            "its packets pass elsewhere since: its new place is not in view",
            "; a host whose uplink failed over from one port to another looks the same",
        )
    been = "where it had not been since it left" if was_back else "where it had not been"
    if sides.in_view == "new":
        begins, last = on_reference(view, view.first_ts), int(sides.here[sides.here < sides.at_ns][-LEAST_LIFE])
        been = been if begins <= last else "whose capture begins while it was silent"
        does = "it sends there since" if sends else f"it is silent at {left} since"
        return (
            f"{NO_STREAM}; but {who} at {view.name}, {been}, {apart} its last frame that {left} saw come from "
            f"elsewhere, and {does}: its old place is not in view",
            "; a host whose uplink failed over, or whose port was plugged or put elsewhere, looks the same",
        )
    does = "it sends there since" if sends else "it sends nothing at either place since"
    return (
        f"{NO_STREAM}; but {who} at {view.name}, {been}, {apart} "
        f"its last frame from its old place at {left}, and {does}",
        "; a host whose uplink failed over from one place to the other looks the same",
    )


def _between(times: I64, since: int | None, later: int | None) -> I64:
    """Those after the one, and before the other by as much as a guest may say something sooner than its host."""
    times = times[times > since] if since is not None else times
    return times[times < later - RUNS_UNSEEN_NS] if later is not None else times


def _apart(ns: int) -> str:
    """How long after that was it, in words?"""
    return f"{abs(ns) / NS_PER_MS:.0f} ms {'after' if ns >= 0 else 'before'}"


def _own(mac: int, view: PointView) -> I64:
    """When did it send unicast IP here, on the reference clock? int64[k]"""
    j = view.journal
    mine = (j.eth_src == np.uint64(mac)) & (j.ip_version != 0) & ((j.eth_dst & GROUP_BIT) == 0)
    return view.line.all_on_reference(j.ts_ns[mine])
