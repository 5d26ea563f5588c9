"""A scheduler at work: bursts of migrations, guests that are moved to and fro (domain notes 4.16)."""

from collections.abc import Sequence
from typing import Final

from vmpcap.migration.mechanisms.case import Case, Trip, result, sighted, span
from vmpcap.migration.results import Mechanism
from vmpcap.terms.addresses import NO_MAC
from vmpcap.terms.units import NS_PER_S, count_of

NEAR_NS: Final = 600 * NS_PER_S
"""Migrations that begin within this may be one decision: DRS looks every minute, before 7.0 every five."""

LEAST_BURST: Final = 3
"""Two migrations may be a person's; a burst has more."""


def judge_drs(case: Case, name: str) -> Mechanism | None:
    """
    Was this move one of a burst, or was the guest moved back soon?

    Nothing in the packets names a scheduler. One guest that goes and comes back, and nothing else, may as well be what
    a person wanted: that is told, but called no failure.
    """
    trip = case.trip
    if trip is None:
        return None
    near = [other for other in case.others if abs(other.start - trip.start) <= NEAR_NS]
    mine = [other for other in near if case.guest.mac in other.macs and case.guest.mac != NO_MAC]
    back = next((other for other in mine if other.start >= trip.start and _is_back(trip, other)), None)
    fro = next((other for other in mine if other.start <= trip.start and _is_back(other, trip)), None)
    is_burst = len(near) + 1 >= LEAST_BURST
    if not is_burst and back is None and fro is None:
        return None
    burst = _burst(trip, near)
    seen = sighted((view, series.frames[0]) for view, series in case.guest.heard)
    if back is None and fro is None:
        if case.completed is not True:
            return result(name, "undecided", f"{burst}; that this one came to its end is not known", seen)
        return result(name, "yes", f"{burst}; this guest was not moved back to the end of the view", seen)
    returned = _returned(trip, back, fro)
    again = len(mine) + 1 >= LEAST_BURST
    if is_burst and (again or len(_guests([trip, *near])) > 1):
        often = f", {len(mine) + 1} moves of it" if again else ""
        return result(name, "no", f"{returned}{often}: to and fro; {burst}", seen)
    return result(
        name, "undecided", f"{returned}; alone, this may be what a person wanted as well as a scheduler's doing", seen
    )


def _is_back(there: Trip, later: Trip) -> bool:
    """Does the later trip end where the other began?"""
    return (there.source, there.destination) == (later.destination, later.source)


def _returned(trip: Trip, back: Trip | None, fro: Trip | None) -> str:
    if back is not None:
        return (
            f"the guest was moved back from {trip.destination} to {trip.source}, beginning "
            f"{span(back.start - trip.end)} after it had come"
        )
    assert fro is not None
    return (
        f"this brings the guest back to {trip.destination}, which it had left for {trip.source} "
        f"{span(trip.start - fro.end)} before"
    )


def _burst(trip: Trip, near: Sequence[Trip]) -> str:
    """How many in which time, and how many at once?"""
    trips = [trip, *near]
    begin, end = min(one.start for one in trips), max(one.start for one in trips)
    at_once = max(sum(one.start <= other.start < one.end for one in trips) for other in trips)
    words = f"{count_of(len(trips), 'migration')} began within {span(end - begin)}"
    return f"{words}, up to {at_once} at once" if at_once > 1 else words


def _guests(trips: Sequence[Trip]) -> set[int]:
    return {mac for one in trips for mac in one.macs}
