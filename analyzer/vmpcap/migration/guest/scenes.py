"""What each move may look at: roles turned to its direction, views ended where the guest moves on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from vmpcap.measures.whose import addresses_of
from vmpcap.migration.clocks import clock_doubt
from vmpcap.migration.guest.guests import MOST_ADDRESSES
from vmpcap.migration.moved import Moved, on_point, on_reference
from vmpcap.migration.stream.moves import Move, Sighting, goes_back, sort_sightings
from vmpcap.migration.stream.stream_places import place_on_stream
from vmpcap.migration.stream.transfers import Transfer
from vmpcap.migration.views import PointView
from vmpcap.points.roles import turned
from vmpcap.terms.addresses import NO_MAC

DOMAINS: Final = ("domain:source", "domain:destination")


@dataclass(frozen=True, slots=True)
class Scene:
    """One move with its guests and its own look at every point."""

    move: Move
    guests: tuple[Moved, ...]
    views: tuple[PointView, ...]


def set_scenes(moves: Sequence[Move], guests: Sequence[tuple[Moved, ...]], views: Sequence[PointView]) -> list[Scene]:
    """
    How does each move see the points?

    Roles are those of the first migration between two hosts: on the way back the source's points are the destination's.
    A NIC stays with its host, whoever moves: it is an end of those migrations only that its host takes part in. A guest
    that moves again is followed up to the start of that move; what comes later belongs to it.

    Parameters
    ----------
    moves : in the order of their start
    guests : of each move
    """
    scenes = []
    homes = _homes(moves)
    for number, (move, passengers) in enumerate(zip(moves, guests, strict=True)):
        is_back = goes_back(move, moves[:number])
        again = _moved_again(passengers, moves[number + 1 :], guests[number + 1 :])
        seen = {
            view.name: as_seen(
                view, _role_in(move, view, homes.get(view.name), is_back), _end_of(view, again, passengers)
            )
            for view in views
        }
        there = Move(sort_sightings([Sighting(seen[s.view.name], s.transfer) for s in move.sightings]))
        scenes.append(
            Scene(
                move=_at_its_ends(there),
                guests=tuple(
                    replace(g, heard=tuple((seen[view.name], series) for view, series in g.heard)) for g in passengers
                ),
                views=tuple(seen.values()),
            )
        )
    return scenes


def _at_its_ends(move: Move) -> Move:
    """
    The same move, its stream seen from where its packets show that each point of the guest's domain stands.

    A host's uplink may carry both: named for the guest's domain it is an end of the stream all the same, or unknown.
    """
    placed = [
        Sighting(replace(s.view, role=place_on_stream(s, move)[0]), s.transfer) if s.view.role in DOMAINS else s
        for s in move.sightings
    ]
    return Move(sort_sightings(placed))


def set_apart(
    guest: Moved, passengers: Sequence[Moved], views: Sequence[PointView]
) -> tuple[Moved, tuple[PointView, ...]]:
    """
    The guest and what it may look at, where the same move carried another machine with its MAC in another domain.

    Where that one was heard, what is in its domain is not this guest's: neither frames nor addresses. Domains in which
    nobody announced himself stay in view, since a guest may be seen in several forms.
    """
    twins = [other for other in passengers if other is not guest and other.mac == guest.mac != NO_MAC]
    own = {series.segment_key for _, series in guest.heard}
    theirs = {(view.name, series.segment_key) for twin in twins for view, series in twin.heard} - {
        (view.name, key) for view in views for key in own
    }
    if not theirs:
        return guest, tuple(views)
    seen = {view.name: _without(view, [key for name, key in theirs if name == view.name]) for view in views}
    addresses = {halves for _, series in guest.heard for halves in series.ips}
    for view in seen.values():
        addresses |= addresses_of(view.journal, [guest.mac])
    heard = tuple((seen[view.name], series) for view, series in guest.heard)
    return replace(guest, heard=heard, ips=tuple(sorted(addresses))[:MOST_ADDRESSES]), tuple(seen.values())


def _without(view: PointView, domains: Sequence[int]) -> PointView:
    """The same view without these domains."""
    if not domains:
        return view
    keys = np.array(domains, np.uint64)
    return replace(
        view,
        journal=view.journal.take(~np.isin(view.journal.segment_key, keys)),
        arps=view.arps.take(~np.isin(view.arps.segment_key, keys)),
        series=tuple(series for series in view.series if series.segment_key not in domains),
    )


def _homes(moves: Sequence[Move]) -> dict[str, set[str]]:
    """Whose NIC is each of the hosts' points? By the first migration that it saw: it was named for that."""
    homes: dict[str, set[str]] = {}
    for move in moves:
        for sighting in move.sightings:
            ends = _ends(sighting.transfer)
            if sighting.view.role in ends:
                homes.setdefault(sighting.view.name, ends[sighting.view.role])
    return homes


def _ends(transfer: Transfer) -> dict[str | None, set[str]]:
    """The addresses of both hosts, by the role of the point at their NICs."""
    return {
        "source": {link.source for link in transfer.links},
        "destination": {link.destination for link in transfer.links},
    }


def _role_in(move: Move, view: PointView, home: set[str] | None, is_back: bool) -> str | None:
    """What is this point to this move?"""
    if home is None:
        return turned(view.role) if is_back else view.role
    ends = [_ends(sighting.transfer) for sighting in move.sightings]
    return next((role for role in ("source", "destination") if any(home & hosts[role] for hosts in ends)), None)


def _moved_again(
    own: Sequence[Moved], moves: Sequence[Move], guests: Sequence[tuple[Moved, ...]]
) -> list[tuple[Move, list[Moved]]]:
    """Which of these moves did these guests make, and as whom?"""
    macs = {g.mac for g in own}
    found = ((move, [g for g in passengers if g.mac in macs]) for move, passengers in zip(moves, guests, strict=True))
    return [(move, again) for move, again in found if again]


def _end_of(view: PointView, again: Sequence[tuple[Move, list[Moved]]], before: Sequence[Moved]) -> int | None:
    """When does one of these guests move again, on the reference clock as this point is held against it?"""
    return min((_start_of(move, guests, before, view) for move, guests in again), default=None)


def _start_of(move: Move, guests: Sequence[Moved], before: Sequence[Moved], seen_by: PointView) -> int:
    """
    When did this move of these guests begin?

    Where nothing compares the clock of its stream with that point's, by those that heard the guests: as long before the
    announcement as the stream was before its last data, and not before their announcement of the move before.
    """
    best, start = move.best.view, move.start_ts
    heard = [one for guest in guests for one in guest.heard]
    if not heard or clock_doubt(best, start, seen_by) is not None:
        return on_reference(best, start)
    last = move.best.transfer.last_data_ts
    near = [(view, series) for view, series in heard if clock_doubt(view, series.first_ts, seen_by) is not None]
    announced = min(on_reference(view, series.first_ts) for view, series in near or heard)
    known = [on_reference(view, series.last_ts) for guest in before for view, series in guest.heard]
    return max([announced - max((last or start) - start, 0), *(ts for ts in known if ts < announced)])


def until_next(
    guest: Moved, views: Sequence[PointView], moves: Sequence[Move], guests: Sequence[Sequence[Moved]]
) -> list[PointView]:
    """
    The same points up to this guest's next move.

    Parameters
    ----------
    moves : those that began later
    guests : of each of these
    """
    again = _moved_again([guest], moves, [tuple(one) for one in guests])
    return [as_seen(view, view.role, _end_of(view, again, [guest])) for view in views]


def as_seen(view: PointView, role: str | None, end: int | None) -> PointView:
    """The same point with this role, up to that time on the reference clock."""
    view = replace(view, role=role)
    if end is None or view.last_ts <= on_point(view, end):
        return view
    last = on_point(view, end)
    return replace(
        view,
        journal=view.journal.take(view.journal.ts_ns <= last),
        arps=view.arps.take(view.arps.ts_ns <= last),
        carriers=view.carriers.until(last),
        last_ts=max(view.first_ts, last),
        truncated=False,
        goes_on=True,
    )
