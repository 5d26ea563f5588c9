"""How far into the guest's new host its requests came: to the port of a switch, or to the guest's own."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vmpcap.migration.causes.asked import Asked, Scene, back_of
from vmpcap.migration.clocks import on_clock_of
from vmpcap.migration.packet_keys import packet_keys
from vmpcap.migration.packets.requests import Sighting, answers_to
from vmpcap.points.holes import hole_in

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

NEW_PLACE = "domain:destination"


class Inside(NamedTuple):
    """Of the points at the guest's new place that carry a stream, the one nearest to the guest, and the others."""

    nearest: int
    """Its place in `Asked.seen`."""
    outer: tuple[int, ...]


def inside_of(asked: Asked, scene: Scene) -> Inside | None:
    """
    Which of two points or more at the new place stands behind the others, towards the guest?

    None where fewer carry the stream beside its outage, or the nearest might have missed what passed it: then how far
    requests came is not known.

    Notes
    -----
    A request meets the nearer point later, an answer earlier: the difference of both is twice the way between the two,
    however their clocks stand.
    """
    back = back_of(asked, scene)
    numbers = [n for n, seen in enumerate(asked.seen) if back is not None and _carries(seen, asked, back)]
    for nearest in numbers:
        others = tuple(n for n in numbers if n != nearest)
        if others and all(_is_behind(asked, scene, nearest, n) for n in others):
            return Inside(nearest, others) if _is_whole(asked, nearest) else None
    return None


def _carries(seen: Sighting, asked: Asked, back: int) -> bool:
    """Did packets of the stream for the guest pass this point at its new place, before its outage or after?"""
    until = asked.answered_ts
    beside = (seen.ts >= back) & (seen.ts < asked.edges[0])
    beside |= seen.ts >= (until if until is not None else asked.edges[-1])
    return seen.view.role == NEW_PLACE and bool(beside.any())


def _is_whole(asked: Asked, number: int) -> bool:
    view = asked.seen[number].view
    if not view.journal_complete or view.left_out or view.drops or view.missing or view.truncated:
        return False
    begin, end = (on_clock_of(view, asked.view, int(asked.edges[n])) for n in (0, -1))
    return view.first_ts <= begin and end <= view.last_ts and hole_in(view.holes, begin, end) is None


def _is_behind(asked: Asked, scene: Scene, inner: int, outer: int) -> bool:
    """Do requests come to the one after the other, and answers before?"""
    a, b = asked.seen[inner], asked.seen[outer]
    request = _apart(*((s.key, s.view.journal.ts_ns[s.rows]) for s in (b, a)))
    rows = [(s.view.journal, answers_to(s.view, scene.guest_at(s.view), asked.stream)) for s in (b, a)]
    answer = _apart(*((packet_keys(j, own), j.ts_ns[own]) for j, own in rows))
    return request is not None and answer is not None and request > answer


def _apart(first: tuple[U64, I64], second: tuple[U64, I64]) -> float | None:
    """How much later, by their own clocks, does the second point show the same packets, as a rule?"""
    _, one, other = np.intersect1d(first[0], second[0], return_indices=True)
    return float(np.median(second[1][other] - first[1][one])) if len(one) else None


def names_of(asked: Asked, numbers: Sequence[int]) -> str:
    """The names of these points."""
    return " and ".join(asked.seen[n].view.name for n in numbers)
