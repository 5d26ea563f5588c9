"""What each move may look at: roles turned to its direction, views ended where the guest moves on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vmpcap.migration.guests import Moved, on_point, on_reference
from vmpcap.migration.moves import Move, Sighting, sort_sightings
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
    A guest that moves again is followed up to the start of that move; what comes later belongs to it.

    Parameters
    ----------
    moves : in the order of their start
    guests : of each move
    """
    scenes = []
    for number, (move, passengers) in enumerate(zip(moves, guests, strict=True)):
        is_back = _goes_back(move, moves[:number])
        end = _next_start({g.mac for g in passengers}, moves[number + 1 :], guests[number + 1 :])
        seen = {view.name: _as_seen(view, is_back, end) for view in views}
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


def _as_seen(view: PointView, is_back: bool, end: int | None) -> PointView:
    if is_back:
        view = replace(view, role=turned(view.role))
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
