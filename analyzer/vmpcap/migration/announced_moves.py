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
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.results import KnownBy, Mechanism
from vmpcap.migration.sightings import frames_of
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
PLACES: Final = ("domain:source", "domain:destination")
# Those from here on are choices, none a standard's; each says what it keeps apart.
LEAST_LIFE: Final = 3
"""So many packets of its own show that a guest lived at its old place."""
LIVE_NS: Final = 2 * NS_PER_S
"""A machine that went on was silent for no longer, before its host announced it, than a live move lasts."""
STARTING_NS: Final = 30 * NS_PER_S
"""Signs of a start so long after the announcement make it one, as long as the guest said nothing before them."""
LEAST_START_NS: Final = NS_PER_S
"""No machine starts in less: one that was silent for so short a time went on, whatever its connections show."""
RECENT_NS: Final = 30 * NS_PER_S
"""Connections of so long before are looked for after the announcement: what is idle for longer may never come back."""
USUAL_NS: Final = 5 * NS_PER_S
"""How it talks in the time before tells what is a pause: what talks once a second does so some times in this."""
LONGER: Final = 1.5
"""... and what is none: one that is hardly longer than others."""
AFTER_NS: Final = 500 * NS_PER_MS
"""What it sent from its old place may still pass there so long after: longer than a queue holds a frame."""


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
    Each such change is told, there and back; in sentences those that more than one machine, or Fault Tolerance,
    explains better.

    Parameters
    ----------
    left_aside : MACs of machines that are told of already
    """
    announced = announced_guests(views) if _has_both(views) else []
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
        old = [view for view in one.views if view.role == "domain:source"]
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


def _has_both(views: Sequence[PointView]) -> bool:
    roles = {view.role for view in views if view.journal_complete}
    return {"domain:source", "domain:destination"} <= roles


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
    old, new = ([v for v in views if v.role == role and v.journal_complete] for role in PLACES)
    there = [(view, series) for view, series in guest.heard if view.role == "domain:destination"]
    if not (there and old and new):
        return None
    view, series = min(there, key=lambda pair: on_reference(pair[0], pair[1].first_ts))
    moment = on_reference(view, series.first_ts)
    here, beyond = (
        _between(np.sort(np.concatenate([sent[v.name] for v in side])), since, later) for side in (old, new)
    )
    lived = here[(here <= moment + AFTER_NS) & (here < (beyond[0] if len(beyond) else moment + AFTER_NS))]
    if (here < moment).sum() < LEAST_LIFE or (beyond < moment - RUNS_UNSEEN_NS).any():
        return None
    left = [v for v in old if len(sent[v.name])]
    if not _were_watched(guest, view, left, views, lived, moment):
        return None
    if not len(beyond) and since is not None:
        return None
    stayed, went_on = here[here > moment + AFTER_NS], beyond[beyond > moment + AFTER_NS]
    if len(stayed) > len(went_on) or (len(stayed) and stayed[0] < beyond[0] - RUNS_UNSEEN_NS):
        return None
    by_host = is_by_host(guest)
    own = set(guest.ips) if by_host else {halves for _, one in guest.heard for halves in one.ips}
    across = [one for one in connections_across(guest, views, moment) if one.own in own]  # a router forwards others'
    goes_on = any(not one.is_reset for one in across)
    if (across or not by_host) and not goes_on:
        return None
    if not across and moment - int(lived[-1]) > LIVE_NS:
        return None
    silent = (int(beyond[0]) if len(beyond) else moment) - int(lived[-1])
    if not across and silent > LEAST_START_NS and spoke_tcp(guest, views, moment - RECENT_NS, moment):
        return None  # none of its connections goes on
    until = min([moment + STARTING_NS, *beyond[:1].tolist()])  # who talks first and asks later began nothing
    if signs_of_start(guest.mac, views, int(lived[-1]) + 1, until) is not None:
        return None
    places = ", ".join(sorted({v.name for v in left}))
    sends = "sends there since" if len(beyond) else "sends nothing at either place since"
    is_known = all(is_compared(view, one) for one in left)
    known_apart = _apart(moment - int(lived[-1])) if is_known else "by clocks that nothing compares around"
    been = "where it had not been" if since is None else "where it had not been since it left"
    who = "a host announced the guest" if by_host else BY_ITSELF
    because = (
        f"{NO_STREAM}; but {who} at {view.name}, {been}, {known_apart} "
        f"its last frame from its old place at {places}, and it {sends}"
    )
    known = "; a host whose uplink failed over from one place to the other looks the same"
    transfer = Transfer(NOT_IN_VIEW, None, (), because, moved_at=series.first_ts)
    guest = replace(guest, because=f"{because}{known}")
    move = Move((Sighting(view, transfer),))
    trip = Trip(moment, moment, places, view.name, frozenset({guest.mac}))
    return AnnouncedMove(move, guest, because, tuple(series.frames[:1]), views, moment, int(lived[-1]), trip)


def _between(times: I64, since: int | None, later: int | None) -> I64:
    """Those after the one, and before the other by as much as a guest may say something sooner than its host."""
    times = times[times > since] if since is not None else times
    return times[times < later - RUNS_UNSEEN_NS] if later is not None else times


def _were_watched(
    guest: Moved, view: PointView, left: Sequence[PointView], views: Sequence[PointView], lived: I64, moment: int
) -> bool:
    """
    Did its new place show frames while it still lived at the old one, and one of the old when it had come?

    A domain may be quiet but for the guest: another point that shows frames on both sides of the moment tells that
    these captures ran together. Not so where one ends before the other begins, as one does that was moved from place to
    place: then that point must show that the guest was away meanwhile.
    """
    if len(lived) < LEAST_LIFE:
        return False
    before, after = int(lived[-LEAST_LIFE]), moment + AFTER_NS
    begins, ends = on_reference(view, view.first_ts), [on_reference(v, v.last_ts) for v in left]
    if begins <= before and any(end > after for end in ends):
        return True
    both = [v for v in views if on_reference(v, v.first_ts) <= before and on_reference(v, v.last_ts) > after]
    beside = [v for v in both if v not in left and v.role != view.role]
    if begins > max(ends):
        return any(_was_away(guest, v, int(lived[-1]), begins) for v in beside)
    return bool(beside)


def _was_away(guest: Moved, view: PointView, left: int, begins: int) -> bool:
    """
    Did the guest pause here around these times on the reference clock, as it had not in the seconds before?

    The first is when its old place showed it last, the other when the capture of its new place begins.
    """
    ts = np.sort(view.journal.ts_ns[frames_of(view, guest).sent_ip])
    left, begins = on_point(view, left), on_point(view, begins)
    before = ts[(ts > left - USUAL_NS) & (ts <= left)]
    around = ts[(ts >= (before[-1] if len(before) else left)) & (ts <= begins + NS_PER_S)]
    if len(before) < LEAST_LIFE or len(around) < 2:
        return False
    return bool(np.diff(around).max() > LONGER * np.diff(before).max())


def _apart(ns: int) -> str:
    """How long after that was it, in words?"""
    return f"{abs(ns) / NS_PER_MS:.0f} ms {'after' if ns >= 0 else 'before'}"


def _own(mac: int, view: PointView) -> I64:
    """When did it send unicast IP here, on the reference clock? int64[k]"""
    j = view.journal
    mine = (j.eth_src == np.uint64(mac)) & (j.ip_version != 0) & ((j.eth_dst & GROUP_BIT) == 0)
    return view.line.all_on_reference(j.ts_ns[mine])
