"""What each move may look at: roles turned to its direction, views ended where the guest moves on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vmpcap.migration.guests import Moved, on_point, on_reference
from vmpcap.migration.moves import Move, Sighting, sort_sightings
from vmpcap.migration.transfers import Transfer
from vmpcap.migration.views import PointView
from vmpcap.points.roles import turned


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
        is_back = _goes_back(move, moves[:number])
        end = _next_start({g.mac for g in passengers}, moves[number + 1 :], guests[number + 1 :])
        seen = {view.name: _as_seen(view, _role_in(move, view, homes.get(view.name), is_back), end) for view in views}
        sightings = [Sighting(seen[s.view.name], s.transfer) for s in move.sightings]
        scenes.append(
            Scene(
                move=Move(sort_sightings(sightings)),
                guests=tuple(
                    replace(g, heard=tuple((seen[view.name], series) for view, series in g.heard)) for g in passengers
                ),
                views=tuple(seen.values()),
            )
        )
    return scenes


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
    return next((role for role, hosts in _ends(move.best.transfer).items() if home & hosts), None)


def _goes_back(move: Move, earlier: Sequence[Move]) -> bool:
    """Does this move go from the second host to the first of the first move between the two?"""
    here = (move.best.transfer.source, move.best.transfer.destination)
    for other in earlier:
        there = (other.best.transfer.source, other.best.transfer.destination)
        if here in (there, there[::-1]):
            return here != there
    return False


def _next_start(macs: set[int], moves: Sequence[Move], guests: Sequence[tuple[Moved, ...]]) -> int | None:
    """When does one of these guests move again, on the reference clock?"""
    starts = [
        on_reference(move.best.view, move.start_ts)
        for move, passengers in zip(moves, guests, strict=True)
        if macs & {g.mac for g in passengers}
    ]
    return min(starts, default=None)


def _as_seen(view: PointView, role: str | None, end: int | None) -> PointView:
    view = replace(view, role=role)
    if end is None or view.last_ts <= on_point(view, end):
        return view
    last = on_point(view, end)
    return replace(
        view,
        journal=view.journal.take(view.journal.ts_ns <= last),
        arps=view.arps.take(view.arps.ts_ns <= last),
        last_ts=max(view.first_ts, last),
        truncated=False,
    )
